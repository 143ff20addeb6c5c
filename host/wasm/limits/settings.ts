import { parseMsec, parseNumber, parseOffset } from '../../core/units.ts'

/**
 * What `plugin_on_error` says of a request whose plugin failed: answer 500 (or this status), or go on without the
 * plugin.
 */
export type OnError = 'error' | 'pass' | number

/** What a plugin is held to. */
export interface PluginSettings {
  /** Bytes of its memory. */
  readonly memory: number
  /** Milliseconds of running time of one call. */
  readonly time: number
  /** Entries of each of its tables. */
  readonly table: number
  readonly onError: OnError
  /** Instances, besides the first, for calls that may wait; calls that queue for one. */
  readonly instances: number
  readonly queue: number
  /** What a request finds in the plugin's memory: what others left in it, or the snapshot. */
  readonly isolation: 'worker' | 'request'
  /** Its promises to do the same again are taken: it is not called where it has made one (`repeat`, docs/abi.md). */
  readonly repeat: boolean
  /** More than `count` faults within `period` milliseconds: quarantine. `count` −1: never. */
  readonly faults: { readonly count: number, readonly period: number }
}

/** The settings where the configuration says nothing. */
export const defaultSettings: PluginSettings = {
  memory: 16 << 20, time: 50, table: 10_000, onError: 'error', instances: 64, queue: 1024, isolation: 'worker', repeat: true, faults: { count: 100, period: 60_000 },
}

/** Milliseconds that a callback may run while the configuration is read, at least. */
export const configurationTime = 1000

type Changes = { -readonly [K in keyof PluginSettings]?: PluginSettings[K] }

/** The settings' names inside `plugin NAME { }`; outside they begin with `plugin_`. */
export const settingNames = ['memory_limit', 'time_limit', 'table_limit', 'on_error', 'fault_limit', 'instances', 'queue', 'isolation', 'repeat'] as const
export type SettingName = typeof settingNames[number]

/** Reads one setting's arguments: what it changes, or null when they are no value for it. */
export function readSetting(name: SettingName, words: readonly string[]): Changes | null {
  const [word, ...rest] = words as [string, ...string[]]
  if (name === 'fault_limit') return faultLimit(word, rest)
  if (rest.length > 0) return null
  switch (name) {
    case 'memory_limit': return within('memory', parseOffset(word), 65536, 4 * 1024 ** 3)
    case 'time_limit': return within('time', parseMsec(word), 1, 600_000)
    case 'table_limit': return within('table', parseNumber(word), 1, 1_000_000)
    case 'instances': return within('instances', parseNumber(word), 1, 4096)
    case 'queue': return within('queue', parseNumber(word), 0, 1_000_000)
    case 'isolation': return word === 'worker' || word === 'request' ? { isolation: word } : null
    case 'repeat': return word === 'on' || word === 'off' ? { repeat: word === 'on' } : null
    default: return onError(word)
  }
}

/** What may stand there, for a note. */
export function settingHelp(name: SettingName): string {
  switch (name) {
    case 'memory_limit': return 'it takes a size from 64k to 4g'
    case 'time_limit': return 'it takes a time from 1ms to 10m'
    case 'table_limit': return 'it takes a number from 1 to 1000000'
    case 'instances': return 'it takes a number from 1 to 4096'
    case 'queue': return 'it takes a number from 0 to 1000000'
    case 'isolation': return 'it takes "worker" or "request"'
    case 'repeat': return 'it takes "on" or "off"'
    case 'on_error': return 'it takes "error", "pass" or a status from 400 to 599'
    default: return 'it takes "N per TIME" (20 per 1m), or "off"'
  }
}

function within(key: 'memory' | 'time' | 'table' | 'instances' | 'queue', value: number | null, least: number, most: number): Changes | null {
  return value === null || value < least || value > most ? null : { [key]: value }
}

function onError(word: string): Changes | null {
  if (word === 'error' || word === 'pass') return { onError: word }
  const status = parseNumber(word)
  return status === null || status < 400 || status > 599 ? null : { onError: status }
}

function faultLimit(word: string, rest: readonly string[]): Changes | null {
  if (word === 'off' && rest.length === 0) return { faults: { count: -1, period: 0 } }
  const count = parseNumber(word)
  if (count === null || count > 100_000 || rest.length !== 2 || rest[0] !== 'per') return null
  const period = parseMsec(rest[1]!)
  return period === null || period < 1 || period > 86_400_000 ? null : { faults: { count, period } }
}

/** Whether a directive of the main context says what plugins are held to. */
export function isSetting(name: string): boolean {
  return name === 'plugin' || settingNames.some((setting) => name === `plugin_${setting}`)
}

/** A statement of the main context, with those of its block: words only. */
export interface PluginStatement {
  readonly words: readonly string[]
  readonly block: readonly (readonly string[])[]
}

/**
 * The settings of every plugin, from the statements of a configuration. What is wrong in them is left out here: whoever
 * reads the configuration reports it.
 */
export class SettingsTable {
  private readonly global: Changes = {}
  private readonly named = new Map<string, Changes>()

  constructor(statements: readonly PluginStatement[]) {
    for (const { words, block } of statements) {
      if (words[0] === 'plugin') {
        const changes = this.named.get(words[1] ?? '') ?? {}
        for (const [name, ...values] of block) Object.assign(changes, this.read(name!, values))
        this.named.set(words[1] ?? '', changes)
      } else Object.assign(this.global, this.read(words[0]!.replace(/^plugin_/, ''), words.slice(1)))
    }
  }

  private read(name: string, values: readonly string[]): Changes | null {
    const known = settingNames.find((n) => n === name)
    return known === undefined || values.length === 0 ? null : readSetting(known, values)
  }

  /**
   * The settings of the plugin of a name. `defaults`: other ones in the place of the defaults, for a plugin that may have what it asks for unless
   * the configuration says otherwise.
   */
  of(plugin: string, defaults: Partial<PluginSettings> = {}): PluginSettings {
    return { ...defaultSettings, ...defaults, ...this.global, ...this.named.get(plugin) }
  }
}

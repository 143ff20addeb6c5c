/** What does not depend on the message: `@sys…`, `@cfg_get…`, `@timer…`. */
import { randomUUID } from 'node:crypto'
import type { SelectRow } from '../../expr/select/table.ts'
import { formatTime } from './strftime.ts'

/** What the server tells selects about itself. A lookup that returns null at start-up fails the start: there is no such thing. */
export interface SelectServices {
  readonly serverId: number
  /** A run-time setting by group and name: a function that reads it at each use, or null. */
  setting(group: string, name: string): (() => string) | null
  /** Id of the selected instance of a group of settings, '' for none; null when there is no such group. */
  selected(group: string): (() => string) | null
  /** Whether a timer of that name runs. */
  timer(name: string): (() => boolean) | null
}

/** A server without settings and timers. */
export const noServices: SelectServices = { serverId: 0, setting: () => null, selected: () => null, timer: () => null }

const started = Math.floor(Date.now() / 1000)
let counter = Math.floor(Math.random() * 0x7fffffff)
const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0')

/** Process id, start time and a counter in hex, as Kamailio makes it: unique per call. */
function unique(): string {
  counter = (counter + 1) >>> 0
  return `${hex(process.pid, 4)}-${hex(started, 8)}-${hex(counter, 8)}`
}

const seconds = (): string => String(Math.floor(Date.now() / 1000))
const asctime = '%a %b %e %H:%M:%S %Y'

function timeRow(names: string, utc: boolean): SelectRow {
  return {
    pattern: `sys.now.${names}.*?`,
    bind: ([format]) => {
      const pattern = typeof format === 'string' ? format : asctime
      return () => formatTime(pattern, new Date(), utc)
    },
  }
}

/** `@sys…`. `@sys.utc` and `@sys.uuid` are not Kamailio's: the article that this follows names the first and describes the second. */
export function systemRows(services: SelectServices): readonly SelectRow[] {
  return [
    { pattern: 'sys.pid', bind: () => () => String(process.pid) },
    { pattern: 'sys.unique', bind: () => unique },
    { pattern: 'sys.uuid', bind: () => () => randomUUID() },
    { pattern: 'sys.now', bind: () => seconds },
    { pattern: 'sys.utc', bind: () => seconds },
    timeRow('local', false),
    timeRow('gmt|utc', true),
    { pattern: 'sys.server_id', bind: () => () => String(services.serverId) },
  ]
}

/** `@cfg_get["group"].name` and `@cfg_selected["group"]`. */
export function settingRows(services: SelectServices): readonly SelectRow[] {
  return [
    {
      pattern: 'cfg_get.*.*', nests: ['header', 'value'],
      bind: ([group, name]) => services.setting(group as string, name as string) ?? `there is no setting "${group!}.${name!}"`,
    },
    { pattern: 'cfg_selected.*', bind: ([group]) => services.selected(group as string) ?? `there is no group of settings "${group!}"` },
  ]
}

/** Kamailio's module timer. */
export function timerRows(services: SelectServices): readonly SelectRow[] {
  return [
    {
      pattern: 'timer.timer.*.enabled',
      bind: ([name]) => {
        const runs = services.timer(name as string)
        return runs === null ? `there is no timer "${name!}"` : () => runs() ? '1' : '0'
      },
    },
    { pattern: 'timer.executed', bind: () => (m) => m.state?.timer ?? null },
  ]
}

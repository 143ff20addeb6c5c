/** What a plugin's file says that it needs of what plugins are held to (docs/abi.md): a custom section, in the words of `plugin NAME { }`. */
import { formatMsec, formatSize } from '../../core/units.ts'
import type { PluginSettings, SettingName } from './settings.ts'
import { readSetting } from './settings.ts'

/** The name of the section. */
export const limitsSection = 'vespid.limits'
/** Its longest text, in bytes. */
export const longestLimits = 256

const amounts = { memory: 'memory_limit', time: 'time_limit', table: 'table_limit' } as const satisfies Record<string, SettingName>
type Amount = keyof typeof amounts
const keys = Object.keys(amounts) as Amount[]

/** The amounts that a plugin asks for; of what is not there the default will do. */
export type Asked = { readonly [K in Amount]?: number }

/** Reads `memory_limit 64m; time_limit 1s`; null when it says anything else. */
export function readAsked(text: string): Asked | null {
  const asked: { [K in Amount]?: number } = {}
  for (const statement of text.split(';')) {
    const [name, ...values] = statement.trim().split(/\s+/) as [string, ...string[]]
    if (name === '' && values.length === 0) continue
    const key = keys.find((k) => amounts[k] === name)
    const read = key === undefined || values.length !== 1 || asked[key] !== undefined ? null : readSetting(amounts[key], values)
    if (read === null) return null
    Object.assign(asked, read)
  }
  return asked
}

/** One amount as the configuration says it. */
export interface Amounts {
  readonly name: SettingName
  readonly asked: string
  /** What the plugin is held to. */
  readonly held: string
}

/** What of the amounts that a plugin asks for is more than it is held to. */
export function unmet(asked: Asked, held: PluginSettings): Amounts[] {
  return keys.filter((key) => (asked[key] ?? 0) > held[key]).map((key) => ({ name: amounts[key], asked: written(key, asked[key]!), held: written(key, held[key]) }))
}

/** The amounts as directives without semicolons. */
export function askedWords(asked: Asked): string[] {
  return keys.filter((key) => asked[key] !== undefined).map((key) => `${amounts[key]} ${written(key, asked[key]!)}`)
}

function written(key: Amount, amount: number): string {
  return key === 'memory' ? formatSize(amount) : key === 'time' ? formatMsec(amount) : String(amount)
}

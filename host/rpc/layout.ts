/** Writes JSON in Kamailio's layout (kamailio.md §2.7), which kamctl reads line by line. */
import { Members } from './command.ts'

/** A number as Kamailio prints it: whole ones without a point, others with six decimals or in scientific form. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e60 ? BigInt(value).toString() : scientific(value)
  if (!Number.isFinite(value)) return 'null'
  const size = Math.abs(value)
  return size < 1e-6 || size > 1e9 ? scientific(value) : value.toFixed(6)
}

/** C's `%e`: six decimals, at least two digits of exponent. */
function scientific(value: number): string {
  return value.toExponential(6).replace(/e([+-])(\d)$/, 'e$10$2')
}

// eslint-disable-next-line no-control-regex
const special = /["\\\x00-\x1f]/g
const short: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const longestKept = 128

/** The last short text, and with its quotes: answers repeat. */
let lastText = ''
let lastQuoted = '""'

/** A text with its quotes. */
export function quoted(text: string): string {
  if (text === lastText) return lastQuoted
  const made = `"${text.replace(special, (c) => short[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
  if (text.length <= longestKept) {
    lastText = text
    lastQuoted = made
  }
  return made
}

/** The members of an object; of `Members`, where the same name may come twice, its list. */
function membersOf(value: object): Iterable<readonly [string, unknown]> {
  return value instanceof Members ? value.entries : Object.entries(value)
}

/** A value's text; `pretty`: indented by tabs from `depth` on, else without white space. What JSON cannot say is left out of objects, and null elsewhere. */
export function layout(value: unknown, pretty: boolean, depth = 0): string {
  switch (typeof value) {
    case 'string': return quoted(value)
    case 'number': return numberText(value)
    case 'bigint': return value.toString()
    case 'boolean': return value ? 'true' : 'false'
    case 'object': break
    default: return 'null'
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${value.map((item) => layout(item, pretty, depth + 1)).join(pretty ? ', ' : ',')}]`
  let out = ''
  for (const [name, member] of membersOf(value)) {
    if (member === undefined) continue
    out += out === '' ? '' : pretty ? ',\n' : ','
    out += pretty ? `${tabs(depth + 1)}${quoted(name)}:\t${layout(member, true, depth + 1)}` : `${quoted(name)}:${layout(member, false)}`
  }
  return !pretty ? `{${out}}` : `{\n${out}${out === '' ? '' : '\n'}${tabs(depth)}}`
}

/** Results are seldom deep, and a deep one costs its own indentation. */
function tabs(depth: number): string {
  return depth < known.length ? known[depth]! : '\t'.repeat(depth)
}

const known = ['', '\t', '\t\t', '\t\t\t', '\t\t\t\t', '\t\t\t\t\t', '\t\t\t\t\t\t']

/**
 * The standard setters (nginx.md §1.4). Each writes `conf[directive.field]`; a field that was never set is `undefined`.
 * `directive.post` holds the table of names of enums and bitmasks, and for the others a check of the value (`bounds`,
 * `deprecated`).
 */
import type { Directive } from '../module.ts'
import { parseMsec, parseNumber, parseOffset, parseSec, parseSize } from '../core/units.ts'
import type { Cf } from './cf.ts'

/** Looks at a value that a setter has stored; may return a text, warn, or `cf.fail`, as a setter may. */
export type Post = (cf: Cf, directive: Directive, value: any) => string | void

/** A count and a size in bytes, both above 0 (`large_client_header_buffers 4 8k`). */
export interface Bufs {
  readonly count: number
  readonly size: number
}

/** A directory (absolute path, no trailing slash) and the lengths of its up to three levels of subdirectory names. */
export interface PathLevels {
  readonly name: string
  readonly levels: readonly number[]
}

function store(cf: Cf, directive: Directive, conf: any, value: unknown): string | void {
  conf[directive.field!] = value
  if (typeof directive.post === 'function') return (directive.post as Post)(cf, directive, value)
}

function isSet(directive: Directive, conf: any): boolean {
  return conf[directive.field!] !== undefined
}

function bad(cf: Cf, directive: Directive, what: string, argument = 1): never {
  return cf.fail(`"${directive.name}" directive ${what}`, argument)
}

type Setter = Directive['set']

function single(parse: (text: string) => unknown, complaint: string): Setter {
  return (cf, directive, conf) => {
    if (isSet(directive, conf)) return 'is duplicate'
    const value = parse(cf.args[1]!)
    if (value === null) bad(cf, directive, complaint)
    return store(cf, directive, conf, value)
  }
}

/** `on` or `off`, in either case, as a boolean. */
export const setFlag: Setter = (cf, directive, conf) => {
  if (isSet(directive, conf)) return 'is duplicate'
  const text = cf.args[1]!.toLowerCase()
  if (text === 'on' || text === 'off') return store(cf, directive, conf, text === 'on')
  return cf.fail(`invalid value "${cf.args[1]}" in "${directive.name}" directive, it must be "on" or "off"`, 1)
}

/** The argument as it is. */
export const setStr: Setter = single((text) => text, '')

/** Appends the argument to an array. */
export const setStrArray: Setter = (cf, directive, conf) => {
  conf[directive.field!] = [...conf[directive.field!] ?? [], cf.args[1]!]
  if (typeof directive.post === 'function') return (directive.post as Post)(cf, directive, cf.args[1]!)
}

/** A decimal number, 0 or more. */
export const setNum: Setter = single(parseNumber, 'invalid number')

/** A size in bytes, with `k` or `m`. */
export const setSize: Setter = single(parseSize, 'invalid value')

/** An offset in bytes, with `k`, `m` or `g`. */
export const setOff: Setter = single(parseOffset, 'invalid value')

/** A time, stored in milliseconds. */
export const setMsec: Setter = single(parseMsec, 'invalid value')

/** A time, stored in seconds. */
export const setSec: Setter = single(parseSec, 'invalid value')

/** A count and a size, stored as Bufs. */
export const setBufs: Setter = (cf, directive, conf) => {
  if (isSet(directive, conf)) return 'is duplicate'
  const count = parseNumber(cf.args[1]!)
  if (count === null || count === 0) return bad(cf, directive, 'invalid value', 1)
  const size = parseSize(cf.args[2]!)
  if (size === null || size === 0) return bad(cf, directive, 'invalid value', 2)
  const bufs: Bufs = { count, size }
  return store(cf, directive, conf, bufs)
}

/** One of the names in `post` (`{ name: value }`, in either case), stored as its value. */
export const setEnum: Setter = (cf, directive, conf) => {
  if (isSet(directive, conf)) return 'is duplicate'
  const names = directive.post as Record<string, unknown>
  const name = nameIn(names, cf.args[1]!)
  if (name === null) return cf.fail(`invalid value "${cf.args[1]}"`, 1, `it may be ${Object.keys(names).join(', ')}`)
  conf[directive.field!] = names[name]
}

/** Several of the names in `post` (`{ name: bits }`), or-ed together. Naming one twice is a warning. */
export const setBitmask: Setter = (cf, directive, conf) => {
  const names = directive.post as Record<string, number>
  for (let i = 1; i < cf.args.length; i++) {
    const name = nameIn(names, cf.args[i]!)
    if (name === null) return cf.fail(`invalid value "${cf.args[i]}"`, i, `it may be ${Object.keys(names).join(', ')}`)
    const mask: number = conf[directive.field!] ?? 0
    const bits = names[name]!
    if ((mask & bits) !== 0) cf.warn(`duplicate value "${cf.args[i]}"`, i)
    else conf[directive.field!] = mask | bits
  }
}

function nameIn(names: Record<string, unknown>, word: string): string | null {
  const lower = word.toLowerCase()
  return Object.keys(names).find((name) => name.toLowerCase() === lower) ?? null
}

/** A directory relative to the prefix and up to three level lengths, stored as PathLevels. */
export const setPath: Setter = (cf, directive, conf) => {
  if (isSet(directive, conf)) return 'is duplicate'
  const name = cf.fullName(cf.args[1]!.replace(/\/$/, ''))
  const levels = cf.args.slice(2).map((word, i) => {
    const level = parseNumber(word)
    return level === null || level === 0 ? bad(cf, directive, 'invalid value', i + 2) : level
  })
  // nginx builds the levels from the 32 characters of an MD5 sum, but allows no more than 10 of them.
  if (levels.reduce((sum, level) => sum + level, 0) > 10) bad(cf, directive, 'invalid value', 2)
  const path: PathLevels = { name, levels }
  return store(cf, directive, conf, path)
}

/** A check that a number lies between `low` and `high`, both included; without `high` there is no upper bound. */
export function bounds(low: number, high?: number): Post {
  return (cf, _directive, value: number) => {
    if (value >= low && (high === undefined || value <= high)) return
    cf.fail(`value must be ${high === undefined ? `equal to or greater than ${low}` : `between ${low} and ${high}`}`, 1)
  }
}

/** A warning that a directive is old, with the name of the one that took its place. */
export function deprecated(successor: string): Post {
  return (cf, directive) =>
    cf.warn(`the "${directive.name}" directive is deprecated, use the "${successor}" directive instead`)
}

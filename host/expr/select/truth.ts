/**
 * What conditions make of a select (select.md §4). A select has failed when it says null or undefined. Two sets of rules, chosen by a setting:
 *   seed      a comparison with a failed select is false, `!=` and `=~` too; a bare select is true when it is a non-zero number
 *   kamailio  a failed select counts as an empty text; a bare select is true when it is an integer above 0
 * `!`, `&&` and `||` work on the resulting booleans in both: `!(@s == "x")` is true when @s failed.
 */
import type { Selected } from './table.ts'
import type { Regex } from '../regex.ts'
import { ConfigError } from '../../core/errors.ts'
import { compileRegex } from '../regex.ts'

export type TruthMode = 'seed' | 'kamailio'
export type CompareOperator = '==' | '!=' | '=~' | '!~'

/** Compares two operands, of which at least one is a select; literals are given as texts. `=~`: `right` is the pattern. */
export function compareSelect(operator: CompareOperator, left: Selected, right: Selected, mode: TruthMode): boolean {
  if (mode === 'seed' && (typeof left !== 'string' || typeof right !== 'string')) return false
  const a = left ?? ''
  const b = right ?? ''
  switch (operator) {
    case '==': return a === b
    case '!=': return a !== b
    case '=~': return matches(a, b)
    case '!~': return !matches(a, b)
  }
}

/** Matches a select against a pattern that was compiled at start-up. */
export function matchSelect(value: Selected, regex: Regex, mode: TruthMode): boolean {
  if (typeof value === 'string') return test(regex, value)
  return mode === 'kamailio' && test(regex, '')
}

/** Truth of a bare select, which is deprecated: `if (@s)`. */
export function selectIsTrue(value: Selected, mode: TruthMode): boolean {
  if (typeof value !== 'string') return false
  const match = /^[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(value)
  if (match === null) return false
  const negative = value.startsWith('-')
  const number = Number(negative || value.startsWith('+') ? value.slice(1) : value)
  if (number > 0xffffffff) return false
  return negative ? mode === 'seed' && number !== 0 : number > 0
}

/** Whether a select has a value, an empty one included: `defined @s`. */
export function selectIsDefined(value: Selected): boolean {
  return typeof value === 'string'
}

/** The text that a select stands for where a text is needed: concatenation, assignment, `strempty`. */
export function selectText(value: Selected): string {
  return value ?? ''
}

const compiled = new Map<string, Regex | null>()
const maximumCompiled = 1000

/** A pattern known only at run time; POSIX patterns are caseless and unanchored. One that is malformed matches nothing. */
function matches(subject: string, pattern: string): boolean {
  let regex = compiled.get(pattern)
  if (regex === undefined) {
    regex = tryCompile(pattern)
    if (compiled.size >= maximumCompiled) compiled.clear()
    compiled.set(pattern, regex)
  }
  return regex !== null && test(regex, subject)
}

function tryCompile(pattern: string): Regex | null {
  try {
    return compileRegex(pattern, true)
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

/** A subject that would take too long does not match. */
function test(regex: Regex, subject: string): boolean {
  try {
    return regex.test(subject)
  } catch {
    return false
  }
}

import type { ScriptValue } from './contract.ts'

/** An operation of an expression failed (division by zero, a text beyond the limit): the statement has no effect and the script goes on. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure'
}

/** Longest text that an expression or a transformation may make, in bytes; beyond Kamailio, so that doubling a text in a loop ends. */
export const longestText = 1 << 20

/**
 * The int that a text is, or null: a decimal with an optional sign, or 0x and hexadecimal digits without one, within 32 bits
 * (measured with Kamailio 5.6.3: `010` is 10, `+5` is 5, `0X1f` is 31; ` 12`, `-0x1F` and 4294967295 are none).
 */
export function parseInteger(text: string): number | null {
  const { length } = text
  const first = text.charCodeAt(0)
  if (first === 48 && length > 2 && (text.charCodeAt(1) | 32) === 120) return parseHex(text)
  let at = first === 45 || first === 43 ? 1 : 0
  if (at >= length) return null
  let value = 0
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
    if (value > 2147483648) return null
  }
  if (first === 45) return -value | 0
  return value > 2147483647 ? null : value
}

function parseHex(text: string): number | null {
  let value = 0
  for (let at = 2; at < text.length; at++) {
    const code = text.charCodeAt(at) | 32
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1
    if (digit < 0) return null
    value = value * 16 + digit
    if (value > 2147483647) return null
  }
  return value
}

/** A value as text: undefined is ''. */
export function toText(value: ScriptValue): string {
  return typeof value === 'string' ? value : value === null ? '' : String(value)
}

/** A value as int, without a warning for text that is none: undefined and such text are 0. */
export function toIntQuietly(value: ScriptValue): number {
  return typeof value === 'number' ? value : value === null ? 0 : parseInteger(value) ?? 0
}

/** `==` by the type of the left operand (kamailio.md §9.5): an int makes the comparison numeric, a text textual, undefined takes the right's type. */
export function looselyEqual(left: ScriptValue, right: ScriptValue, toInt: (value: ScriptValue) => number): boolean {
  if (typeof left === 'number') return left === (typeof right === 'number' ? right : toInt(right))
  if (typeof left === 'string') return left === (typeof right === 'string' ? right : toText(right))
  return right === null || right === 0 || right === ''
}

/** `+` by the type of the left operand; undefined takes the right's type. Throws ScriptFailure when the text becomes too long. */
export function add(left: ScriptValue, right: ScriptValue, toInt: (value: ScriptValue) => number): ScriptValue {
  if (typeof left === 'number') return (left + (typeof right === 'number' ? right : toInt(right))) | 0
  if (left === null) return right === null ? '' : right
  return concatenate(left, toText(right))
}

/** Two texts joined. Throws ScriptFailure when they are longer than an expression's text may be. */
function concatenate(left: string, right: string): string {
  if (left.length + right.length > longestText) throw new ScriptFailure(`text of ${left.length + right.length} bytes is too long`)
  return left + right
}

/** Division that truncates, 32 bits. Throws ScriptFailure for a zero. */
export function divide(left: number, right: number): number {
  if (right === 0) throw new ScriptFailure('division by 0')
  return (left / right) | 0
}

/** Remainder with the sign of the dividend. Throws ScriptFailure for a zero. */
export function modulo(left: number, right: number): number {
  if (right === 0) throw new ScriptFailure('mod by 0')
  return (left % right) | 0
}

/**
 * What conditions make of a select (select.md §4). A select has failed when it says null or undefined. Two sets of rules, chosen by a setting:
 *   seed      a comparison with a failed select is false, `!=` and `=~` too; a bare select is true when it is a non-zero number
 *   kamailio  a failed select counts as an empty text; a bare select is true when it is an integer above 0
 * `!`, `&&` and `||` work on the resulting booleans in both: `!(@s == "x")` is true when @s failed.
 */
import type { Selected } from './table.ts'

export type TruthMode = 'seed' | 'kamailio'

/** Whether a select is equal to a text, or unequal with `!=`. */
export function compareSelect(operator: '==' | '!=', left: Selected, right: string, mode: TruthMode): boolean {
  if (mode === 'seed' && typeof left !== 'string') return false
  return ((left ?? '') === right) === (operator === '==')
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

import { matchesText } from './compile/match.ts'
import { toIntQuietly } from './values.ts'

/** How an entry's name or value is compared: with which operator and what. */
export type EntryTest = (subject: number | string) => boolean

/**
 * What stands behind `=>` in `$shtcn(t=>…)` and `$shtcv(t=>…)`: `~~re`, `==text`, `%~start`, `~%end`, `eqN` and `neN` for numbers, else a regular
 * expression (measured). Numbers fit `eq` and `ne` only.
 */
export function countTest(expression: string): EntryTest {
  const rest = expression.slice(2)
  const onText = (test: (text: string) => boolean): EntryTest => (subject) => typeof subject === 'string' && test(subject)
  switch (expression.slice(0, 2)) {
    case '~~': return onText((text) => matchesText(rest, text))
    case '==': return onText((text) => text === rest)
    case '%~': return onText((text) => text.startsWith(rest))
    case '~%': return onText((text) => text.endsWith(rest))
    case 'eq': return (subject) => typeof subject === 'number' && subject === toIntQuietly(rest)
    case 'ne': return (subject) => typeof subject === 'number' && subject !== toIntQuietly(rest)
    default: return onText((text) => matchesText(expression, text))
  }
}

/** The operators of `sht_rm_name`, `sht_has_name` and the like; null for an unknown one. */
export function namedTest(operator: string, operand: string): EntryTest | null {
  switch (operator) {
    case 'eq': return (subject) => String(subject) === operand
    case 'ne': return (subject) => String(subject) !== operand
    case 're': case 'rw': return (subject) => matchesText(operand, String(subject))
    case 'sw': return (subject) => String(subject).startsWith(operand)
    case 'ew': return (subject) => String(subject).endsWith(operand)
    case 'in': return (subject) => String(subject).includes(operand)
    default: return null
  }
}

/**
 * What is known of types before the start (kamailio.md §9.5): an operator that takes numbers with a text as operand is a mistake of the
 * configuration; with variables it is decided at run time.
 */
import { ConfigError } from '../core/errors.ts'
import type { BinaryOperator, Expression } from './ast.ts'

/** A type that is fixed, or null when it depends on a variable. */
export type StaticType = 'int' | 'str' | null

const intOnly = new Set<BinaryOperator>([
  '-', '*', '/', 'mod', '|', '&', '^', '<<', '>>', '<', '>', '<=', '>=', 'ieq', 'ine', '&&', '||',
])
const leftDecides = new Set<BinaryOperator>(['==', '!=', '+', '=~'])

/** The type that an expression always has. */
function typeOf(expression: Expression): StaticType {
  switch (expression.kind) {
    case 'int': case 'call': case 'assign': case 'test': return 'int'
    case 'string': case 'select': return 'str'
    case 'pv': return null
    case 'unary': return expression.op === 'str' ? 'str' : 'int'
    case 'binary': return expression.op === '+' ? typeOf(expression.left) : 'int'
    case 'selval': {
      const yes = typeOf(expression.yes)
      return yes === typeOf(expression.no) ? yes : null
    }
  }
}

/** The mistake in a binary expression whose operands are right; null when there is none. */
export function checkBinary(op: BinaryOperator, left: Expression, right: Expression): ConfigError | null {
  if (intOnly.has(op)) {
    const logical = op === '&&' || op === '||'
    for (const operand of [left, right]) if (isText(operand, logical)) return mismatch(operand, `"${op}" takes numbers`)
  } else if (leftDecides.has(op) && typeOf(left) === 'int' && typeOf(right) === 'str') {
    return mismatch(right, `the left side of "${op}" is a number`)
  }
  return null
}

/** The mistake in an operand of `!`, `~` or `-`. */
export function checkUnary(op: string, operand: Expression): ConfigError | null {
  return (op === '!' || op === '~' || op === '-') && isText(operand, op === '!') ? mismatch(operand, `"${op}" takes a number`) : null
}

/** A select has a truth of its own (select.md §4): where truth is asked it may stand although it is a text. */
function isText(operand: Expression, logical: boolean): boolean {
  return typeOf(operand) === 'str' && !(logical && operand.kind === 'select')
}

/** The mistake in the value of `return`, `exit` or `drop`, which is a number. */
export function checkResult(word: string, value: Expression): ConfigError | null {
  return typeOf(value) === 'str' ? mismatch(value, `"${word}" takes a number`) : null
}

function mismatch(operand: Expression, why: string): ConfigError {
  const note = operand.kind === 'string' || operand.kind === 'select' ? `${why}; write (int) before the text to convert it` : why
  return new ConfigError('type mismatch: str instead of int', operand.place, note)
}

/** Constants of the routing language: numbers as text, and what an expression of constants amounts to (kamailio.md §9.1, §9.5). */
import type { BinaryOperator, Expression } from './ast.ts'

/** Words that are numbers. */
export const wordValues: ReadonlyMap<string, number> = new Map([
  ['yes', 1], ['true', 1], ['on', 1], ['enable', 1], ['no', 0], ['false', 0], ['off', 0], ['disable', 0],
])

/** The value of a number as written: decimal, `0x1F`, octal `017`, binary `101b`; 32 bits, wrapping. Null when it is none (`08`, `5x`). */
export function numberOf(text: string): number | null {
  const [base, digits] = /^0[xX][0-9a-fA-F]+$/.test(text) ? [16, text.slice(2)] : /^[01]+b$/.test(text) ? [2, text.slice(0, -1)] :
    /^0[0-7]*$/.test(text) ? [8, text] : /^[1-9][0-9]*$/.test(text) ? [10, text] : [0, '']
  if (base === 0) return null
  let value = 0
  for (let i = 0; i < digits.length; i++) value = (Math.imul(value, base) + parseInt(digits[i]!, base)) | 0
  return value
}

/**
 * The value of an expression of constants, as a case and an argument of a function may be; null when it holds a variable or a call, or
 * when it fails (division by zero).
 */
export function constantOf(expression: Expression): number | string | null {
  switch (expression.kind) {
    case 'int': case 'string': return expression.value
    case 'unary': {
      const value = constantOf(expression.operand)
      return value === null ? null : unary(expression.op, value)
    }
    case 'binary': {
      const left = constantOf(expression.left)
      const right = left === null ? null : constantOf(expression.right)
      return right === null ? null : binary(expression.op, left!, right)
    }
    default: return null
  }
}

function unary(op: string, value: number | string): number | string | null {
  switch (op) {
    case '!': return intOf(value) === 0 ? 1 : 0
    case '~': return ~intOf(value)
    case '-': return -intOf(value) | 0
    case 'int': return intOf(value)
    case 'str': return String(value)
    case 'strlen': return String(value).length
    case 'strempty': return String(value) === '' ? 1 : 0
    default: return null
  }
}

function intOf(value: number | string): number {
  if (typeof value === 'number') return value
  const [, sign, digits] = /^([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(value) ?? []
  if (digits === undefined) return 0
  const number = digits.startsWith('0x') || digits.startsWith('0X') ? numberOf(digits)! : numberOf(digits.replace(/^0+(?=.)/, ''))!
  return sign === '-' ? -number | 0 : number
}

function binary(op: BinaryOperator, left: number | string, right: number | string): number | string | null {
  if (op === '+') return typeof left === 'string' ? left + String(right) : (left + intOf(right)) | 0
  if (typeof left === 'string' || typeof right === 'string') return null
  switch (op) {
    case '-': return (left - right) | 0
    case '*': return Math.imul(left, right)
    case '/': return right === 0 ? null : (left / right) | 0
    case 'mod': return right === 0 ? null : (left % right) | 0
    case '|': return left | right
    case '&': return left & right
    case '^': return left ^ right
    case '<<': return left << right
    case '>>': return left >> right
    default: return null
  }
}

import type { BinaryOperator, UnaryOperator } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import { add, divide, looselyEqual, modulo, toText } from '../values.ts'

type Binary = (run: ScriptRun, left: ScriptValue, right: ScriptValue) => ScriptValue
type Unary = (run: ScriptRun, value: ScriptValue) => ScriptValue

function numeric(apply: (left: number, right: number) => number): Binary {
  return (run, left, right) => apply(run.int(left), run.int(right))
}

const binary: Readonly<Record<Exclude<BinaryOperator, '&&' | '||' | '=~'>, Binary>> = {
  '+': (run, left, right) => add(left, right, (value) => run.int(value)),
  '==': (run, left, right) => looselyEqual(left, right, (value) => run.int(value)) ? 1 : 0,
  '!=': (run, left, right) => looselyEqual(left, right, (value) => run.int(value)) ? 0 : 1,
  eq: (_, left, right) => toText(left) === toText(right) ? 1 : 0,
  ne: (_, left, right) => toText(left) === toText(right) ? 0 : 1,
  ieq: numeric((a, b) => a === b ? 1 : 0),
  ine: numeric((a, b) => a === b ? 0 : 1),
  '>': numeric((a, b) => a > b ? 1 : 0),
  '<': numeric((a, b) => a < b ? 1 : 0),
  '>=': numeric((a, b) => a >= b ? 1 : 0),
  '<=': numeric((a, b) => a <= b ? 1 : 0),
  '-': numeric((a, b) => (a - b) | 0),
  '*': numeric((a, b) => Math.imul(a, b)),
  '/': numeric(divide),
  mod: numeric(modulo),
  '|': numeric((a, b) => a | b),
  '&': numeric((a, b) => a & b),
  '^': numeric((a, b) => a ^ b),
  '<<': numeric((a, b) => a << b),
  '>>': numeric((a, b) => a >> b),
}

/** What an operator does with its operands' values (kamailio.md §9.5): 32-bit ints that wrap. */
export function binaryOperation(op: BinaryOperator): Binary {
  return binary[op as keyof typeof binary]
}

const unary: Readonly<Record<UnaryOperator, Unary>> = {
  '!': (run, value) => run.int(value) === 0 ? 1 : 0,
  '~': (run, value) => ~run.int(value),
  '-': (run, value) => -run.int(value) | 0,
  int: (run, value) => run.int(value),
  str: (_, value) => toText(value),
  defined: (_, value) => value === null ? 0 : 1,
  strlen: (_, value) => toText(value).length,
  strempty: (_, value) => toText(value) === '' ? 1 : 0,
}

/** What an operator does with its operand's value. `ofSelect`: a failed select is an empty text, but for `defined`. */
export function unaryOperation(op: UnaryOperator, ofSelect: boolean): Unary {
  const operation = unary[op]
  if (!ofSelect || op === 'defined') return operation
  return (run, value) => operation(run, value ?? '')
}

import type { BinaryOperator, CallNode, Expression, PvNode } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { BoundVariable } from '../library.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import { LogLevel } from '../run.ts'
import { ScriptFailure, toText } from '../values.ts'
import { compileCall } from './call.ts'
import { binaryOperation, unaryOperation } from './operators.ts'
import { compilePv } from './pv.ts'
import { compileMatch, matcher } from './match.ts'
import { mayFail, resolved, selectTruth, selectValue } from './selects.ts'
import { compileTest } from './test.ts'

/** An expression, compiled. Evaluating one throws ScriptFailure when it cannot be; the statement then has no effect. */
export interface Compiled {
  /** Null in an expression that waits. */
  readonly value: (run: ScriptRun) => ScriptValue
  /** Present when something in it waits; then `value` must not be used. */
  readonly wait: ((run: ScriptRun) => Promise<ScriptValue>) | null
  readonly constant?: number | string
}

const nothing: Compiled = { value: () => null, wait: null }

/** Compiles an expression; mistakes are noted in the context. */
export function compileExpression(node: Expression, context: CompileContext): Compiled {
  switch (node.kind) {
    case 'int': case 'string': {
      const { value } = node
      return { value: () => value, wait: null, constant: value }
    }
    case 'pv': return context.attempt(node.place, nothing, () => ({ value: compilePv(node, context).get, wait: null }))
    case 'select': return context.attempt(node.place, nothing, () => ({ value: selectValue(node.source, context), wait: null }))
    case 'unary': return unary(node, context)
    case 'binary': return binary(node, context)
    case 'selval': return selval(node, context)
    case 'call': return callExpression(node, context)
    case 'assign': return assignment(node, context)
    case 'test': return context.attempt(node.place, nothing, () => ({ value: compileTest(node, context), wait: null }))
  }
}

/** Makes an expression of one operand. */
function map(operand: Compiled, apply: (run: ScriptRun, value: ScriptValue) => ScriptValue): Compiled {
  const { value, wait } = operand
  if (wait !== null) return { value: () => null, wait: async (run) => apply(run, await wait(run)) }
  return { value: (run) => apply(run, value(run)), wait: null }
}

/** The value of an expression at once or later. */
export function evaluate(expression: Compiled, run: ScriptRun): ScriptValue | Promise<ScriptValue> {
  return expression.wait === null ? expression.value(run) : expression.wait(run)
}

/** Compiles an expression that is asked for its truth: a select that stands there alone has one of its own (select.md §4). */
export function compileTruth(node: Expression, context: CompileContext): Compiled {
  if (node.kind !== 'select') return compileExpression(node, context)
  return context.attempt(node.place, nothing, () => ({ value: selectTruth(node, context), wait: null }))
}

function unary(node: Expression & { kind: 'unary' }, context: CompileContext): Compiled {
  if (node.op === '!') return map(compileTruth(node.operand, context), unaryOperation('!', false))
  return map(compileExpression(node.operand, context), unaryOperation(node.op, node.operand.kind === 'select'))
}

function isNull(node: Expression): boolean {
  return node.kind === 'pv' && node.name === 'null' && node.transformations.length === 0
}

function binary(node: Expression & { kind: 'binary' }, context: CompileContext): Compiled {
  const { op } = node
  if (op === '&&' || op === '||') return logical(op, compileTruth(node.left, context), compileTruth(node.right, context))
  if (comparing.has(op) && (mayFail(node.left, context) || mayFail(node.right, context))) return selectComparison(node, context)
  const left = textual(node.left, compileExpression(node.left, context), op === '==' || op === '!=' ? node.right : null)
  if ((op === '==' || op === '!=') && isNull(node.right)) {
    const yes = op === '==' ? 1 : 0
    return map(left, (_, value) => value === null ? yes : 1 - yes)
  }
  // Kamailio tests `== ""` as strempty() does, so that 0 is not equal to it (measured); `!= ""` compares as usual.
  if (op === '==' && node.right.kind === 'string' && node.right.value === '') return map(left, (_, value) => toText(value) === '' ? 1 : 0)
  if (op === '=~') return compileMatch(left, node, context)
  return combine(op, left, textual(node.right, compileExpression(node.right, context), null))
}

const comparing: ReadonlySet<BinaryOperator> = new Set(['==', '!=', 'eq', 'ne', '=~'])

/** A comparison with a select that has failed is false, whatever it asks (the article's rules, select.md §4); one with $null asks whether it has. */
function selectComparison(node: Expression & { kind: 'binary' }, context: CompileContext): Compiled {
  const { op, left, right } = node
  if (op !== '=~' && (isNull(left) || isNull(right))) {
    const yes = op === '==' || op === 'eq' ? 1 : 0
    return map(compileExpression(isNull(right) ? left : right, context), (_, value) => value === null ? yes : 1 - yes)
  }
  const a = compileExpression(left, context)
  const b = compileExpression(right, context)
  const operation = op === '=~' ? matcher(right, context) : binaryOperation(op)
  const leftFails = mayFail(left, context)
  const rightFails = mayFail(right, context)
  const apply = (run: ScriptRun, l: ScriptValue, r: ScriptValue): ScriptValue => (l === null && leftFails) || (r === null && rightFails) ? 0 : operation(run, l, r)
  if (a.wait !== null || b.wait !== null) {
    return { value: () => null, wait: async (run) => apply(run, await evaluate(a, run), await evaluate(b, run)) }
  }
  const get = a.value
  const { constant } = b
  if (typeof constant === 'string' && leftFails && (op === '==' || op === '!=')) {
    const same = op === '==' ? 1 : 0
    return { value: (run) => { const v = get(run); return v === null ? 0 : v === constant ? same : 1 - same }, wait: null }
  }
  const other = b.value
  return { value: (run) => apply(run, get(run), other(run)), wait: null }
}

/** A failed select is an empty text, unless it is compared with $null. */
function textual(node: Expression, compiled: Compiled, against: Expression | null): Compiled {
  if (node.kind !== 'select' || (against !== null && isNull(against))) return compiled
  return { ...compiled, value: (run) => compiled.value(run) ?? '' }
}

function combine(op: BinaryOperator, left: Compiled, right: Compiled): Compiled {
  const operation = binaryOperation(op)
  if (left.wait !== null || right.wait !== null) {
    return { value: () => null, wait: async (run) => operation(run, await evaluate(left, run), await evaluate(right, run)) }
  }
  const a = left.value
  const b = right.value
  const { constant } = right
  // What routes do most: compare a variable with a text.
  if (op === '==' && typeof constant === 'string') {
    return { value: (run) => { const v = a(run); return (typeof v === 'string' ? v === constant : operation(run, v, constant) === 1) ? 1 : 0 }, wait: null }
  }
  return { value: (run) => operation(run, a(run), b(run)), wait: null }
}

/** The truth of a condition: its int value is above 0. */
export function isTrue(run: ScriptRun, value: ScriptValue): boolean {
  return (typeof value === 'number' ? value : run.int(value)) > 0
}

/** Truth of an operand of `&&` and `||`: its int value is not 0 (measured; conditions are otherwise). */
function isNotZero(run: ScriptRun, value: ScriptValue): boolean {
  return (typeof value === 'number' ? value : run.int(value)) !== 0
}

/** 1 or 0. With a literal 1 in `&&` and a literal 0 in `||` Kamailio leaves the int value of the other operand, so that `if ($x && 1)` is `if ($x)`. */
function logical(op: '&&' | '||', left: Compiled, right: Compiled): Compiled {
  const decided = op === '||'
  const neutral = decided ? 0 : 1
  if (left.constant === neutral && right.constant === undefined) return map(right, (run, value) => run.int(value))
  if (right.constant === neutral && left.constant === undefined) return map(left, (run, value) => run.int(value))
  if (left.wait !== null || right.wait !== null) {
    return {
      value: () => null,
      wait: async (run) => {
        if (isNotZero(run, await evaluate(left, run)) === decided) return decided ? 1 : 0
        return isNotZero(run, await evaluate(right, run)) ? 1 : 0
      },
    }
  }
  const a = left.value
  const b = right.value
  if (decided) return { value: (run) => isNotZero(run, a(run)) || isNotZero(run, b(run)) ? 1 : 0, wait: null }
  return { value: (run) => isNotZero(run, a(run)) && isNotZero(run, b(run)) ? 1 : 0, wait: null }
}

/** An undefined branch is an empty text (measured). */
function selval(node: Expression & { kind: 'selval' }, context: CompileContext): Compiled {
  const condition = compileTruth(node.condition, context)
  const yes = compileExpression(node.yes, context)
  const no = compileExpression(node.no, context)
  if (condition.wait !== null || yes.wait !== null || no.wait !== null) {
    return { value: () => null, wait: async (run) => await evaluate(isTrue(run, await evaluate(condition, run)) ? yes : no, run) ?? '' }
  }
  return { value: (run) => (isTrue(run, condition.value(run)) ? yes : no).value(run) ?? '', wait: null }
}

/** In an expression a call is true or false; directly assigned it gives its code (`direct`). */
function callExpression(node: CallNode, context: CompileContext, direct = false): Compiled {
  const call = compileCall(node, context)
  const shape = direct ? (code: number): number => code : (code: number): number => code > 0 ? 1 : 0
  const { wait } = call
  if (wait !== null) return { value: () => null, wait: async (run) => shape(await wait(run)) }
  return { value: (run) => shape(call.run(run)), wait: null }
}

/** An assignment is an expression with the value 1; −1 when it assigns a select that cannot be told (measured). */
function assignment(node: Expression & { kind: 'assign' }, context: CompileContext): Compiled {
  const assign = compileAssignment(node.target, node.value, context)
  const { wait } = assign
  if (node.value.kind === 'select') return { value: (run) => assign.run(run), wait: null }
  if (wait !== null) return { value: () => null, wait: async (run) => required(await wait(run)) }
  return { value: (run) => required(assign.run(run)), wait: null }
}

function required(code: number): number {
  if (code < 0) throw new ScriptFailure('the assignment failed')
  return 1
}

/** An action: 1 or its code, below 0 when it failed. */
export interface Action {
  readonly run: (run: ScriptRun) => number
  readonly wait: ((run: ScriptRun) => Promise<number>) | null
}

/** Compiles `target = value`. Logs a failure and answers −1 then. */
export function compileAssignment(target: PvNode, value: Expression, context: CompileContext): Action {
  const set = context.attempt(target.place, null, () => {
    const bound = compilePv(target, context)
    if (bound.set === null) throw new ConfigError(`the variable "${target.source}" is read-only`)
    return bound.set
  })
  if (value.kind === 'select') return selectAssignment(target, set, value, context)
  const compiled = value.kind === 'call' ? callExpression(value, context, true) : textual(value, compileExpression(value, context), null)
  const store = (run: ScriptRun, result: ScriptValue): number => {
    if (run.flow !== 0) return 0
    if (set!(run, result)) return 1
    run.log(LogLevel.Error, `the variable "${target.source}" cannot be set`)
    return -1
  }
  const { wait } = compiled
  if (wait !== null) return { run: () => -1, wait: (run) => wait(run).then((result) => store(run, result)).catch((error: unknown) => failed(run, error)) }
  const { value: get } = compiled
  return {
    run(run) {
      try {
        return store(run, get(run))
      } catch (error) {
        return failed(run, error)
      }
    },
    wait: null,
  }
}

/** `target = @select`: the empty text when it has failed; −1, without a word, when it cannot be told. */
function selectAssignment(target: PvNode, set: BoundVariable['set'], value: Expression & { kind: 'select' }, context: CompileContext): Action {
  const evaluate = context.attempt(value.place, null, () => resolved(value.source, context).evaluate)
  return {
    run(run) {
      if (run.flow !== 0) return 0
      const { message } = run.subject
      const found = message === null ? undefined : evaluate!(message)
      try {
        if (set!(run, found ?? '')) return found === undefined ? -1 : 1
      } catch (error) {
        return failed(run, error)
      }
      run.log(LogLevel.Error, `the variable "${target.source}" cannot be set`)
      return -1
    },
    wait: null,
  }
}

/** Logs that an expression could not be evaluated and returns −1; anything else that was thrown goes on. */
export function failed(run: ScriptRun, error: unknown): number {
  if (!(error instanceof ScriptFailure)) throw error
  run.log(LogLevel.Error, error.message)
  return -1
}


import type { Expression, Statement } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { Action, Compiled } from './expression.ts'
import type { CompileContext } from './context.ts'
import { Flow, LogLevel } from '../run.ts'
import { ScriptFailure } from '../values.ts'
import { compileCall } from './call.ts'
import { compileAssignment, compileExpression, compileTruth, evaluate, failed, isTrue } from './expression.ts'
import { compileSwitch } from './switch.ts'

/** Compiles a statement; its action answers the result that a route ending with it has (kamailio.md §9.6). */
function compileStatement(node: Statement, context: CompileContext): Action {
  switch (node.kind) {
    case 'expression': return expressionStatement(node.value, context)
    case 'if': return ifStatement(node, context)
    case 'while': return whileStatement(node, context)
    case 'switch': return compileSwitch(node, context)
    case 'return': case 'exit': case 'drop': return leave(node, context)
    case 'break': return { run: (run) => { run.flow = Flow.Break; return 0 }, wait: null }
    case 'block': return compileBlock(node.body, context)
  }
}

/** Compiles statements that follow each other: the result is that of the last one that ran, 1 when there is none. */
export function compileBlock(body: readonly Statement[], context: CompileContext): Action {
  const places = body.map((statement) => statement.place)
  const actions = body.map((statement) => compileStatement(statement, context))
  if (actions.some(({ wait }) => wait !== null)) return { run: () => -1, wait: (run) => waitingBlock(run, actions, places) }
  const runs = actions.map(({ run }) => run)
  return {
    run(run) {
      let result = 1
      for (let i = 0; i < runs.length; i++) {
        run.place = places[i]!
        run.step()
        result = runs[i]!(run)
        if (run.flow !== 0) break
      }
      return result
    },
    wait: null,
  }
}

async function waitingBlock(run: ScriptRun, actions: readonly Action[], places: readonly Statement['place'][]): Promise<number> {
  let result = 1
  for (let i = 0; i < actions.length; i++) {
    const action = actions[i]!
    run.place = places[i]!
    run.step()
    result = action.wait === null ? action.run(run) : await action.wait(run)
    if (run.flow !== 0) break
  }
  return result
}

/** As `compileBlock`, one level deeper, for what Kamailio counts as one: bodies of if, while and switch. */
export function compileNested(body: readonly Statement[], context: CompileContext): Action {
  const block = compileBlock(body, context)
  const { wait } = block
  if (wait !== null) {
    return {
      run: () => -1,
      async wait(run) {
        run.level++
        const result = await wait(run)
        run.level--
        return result
      },
    }
  }
  return {
    run(run) {
      run.level++
      const result = block.run(run)
      run.level--
      return result
    },
    wait: null,
  }
}

function expressionStatement(value: Expression, context: CompileContext): Action {
  if (value.kind === 'call') return compileCall(value, context)
  if (value.kind === 'assign') return compileAssignment(value.target, value.value, context)
  const compiled = compileExpression(value, context)
  const { wait } = compiled
  if (wait !== null) return { run: () => -1, wait: (run) => wait(run).then(() => 1, (error: unknown) => failed(run, error)) }
  return {
    run(run) {
      try {
        compiled.value(run)
        return 1
      } catch (error) {
        return failed(run, error)
      }
    },
    wait: null,
  }
}

/** Truth of a condition; one that fails is false and logged. */
function test(run: ScriptRun, get: Compiled['value']): boolean {
  try {
    return isTrue(run, get(run))
  } catch (error) {
    failed(run, error)
    return false
  }
}

async function waitingTest(run: ScriptRun, condition: Compiled): Promise<boolean> {
  try {
    return isTrue(run, await evaluate(condition, run))
  } catch (error) {
    failed(run, error)
    return false
  }
}

function ifStatement(node: Statement & { kind: 'if' }, context: CompileContext): Action {
  const condition = compileTruth(node.condition, context)
  const yes = compileNested(node.yes, context)
  const no = node.no === null ? null : compileNested(node.no, context)
  if (condition.wait !== null || yes.wait !== null || (no !== null && no.wait !== null)) {
    return {
      run: () => -1,
      async wait(run) {
        const branch = await waitingTest(run, condition) ? yes : no
        if (run.flow !== 0 || branch === null) return 1
        return branch.wait === null ? branch.run(run) : branch.wait(run)
      },
    }
  }
  const { value } = condition
  const yesRun = yes.run
  const noRun = no?.run ?? null
  return {
    run(run) {
      const branch = test(run, value) ? yesRun : noRun
      // The condition may have called something that ended the script.
      return run.flow !== 0 || branch === null ? run.flow === 0 ? 1 : 0 : branch(run)
    },
    wait: null,
  }
}

/** Loops while the value is not 0, below 0 too; `max_while_loops` turns at most. */
function whileStatement(node: Statement & { kind: 'while' }, context: CompileContext): Action {
  const condition = compileTruth(node.condition, context)
  const body = compileNested(node.body, context)
  const most = context.options.maxWhileLoops
  const { place } = node
  const runaway = (run: ScriptRun): number => {
    run.place = place
    run.log(LogLevel.Error, `"while" ended after ${most} turns, see "max_while_loops"`)
    return -1
  }
  if (condition.wait !== null || body.wait !== null) return { run: () => -1, wait: (run) => waitingWhile(run, condition, body, most, runaway) }
  return {
    run(run) {
      let result = 1
      try {
        for (let turn = 0; run.int(condition.value(run)) !== 0 && run.flow === 0; turn++) {
          if (turn >= most) return runaway(run)
          run.step()
          result = body.run(run)
          if (run.flow !== 0) break
        }
      } catch (error) {
        return failed(run, error)
      }
      if (run.flow === Flow.Break) run.flow = 0
      return result
    },
    wait: null,
  }
}

async function waitingWhile(run: ScriptRun, condition: Compiled, body: Action, most: number, runaway: (run: ScriptRun) => number): Promise<number> {
  let result = 1
  try {
    for (let turn = 0; run.int(await evaluate(condition, run)) !== 0 && run.flow === 0; turn++) {
      if (turn >= most) return runaway(run)
      run.step()
      result = body.wait === null ? body.run(run) : await body.wait(run)
      if (run.flow !== 0) break
    }
  } catch (error) {
    return failed(run, error)
  }
  if (run.flow === Flow.Break) run.flow = 0
  return result
}

/** `return` (1), `exit` and `drop` (0): a `return` of 0 is an exit. */
function leave(node: Statement & { kind: 'return' | 'exit' | 'drop' }, context: CompileContext): Action {
  const { kind } = node
  const end = (run: ScriptRun, value: ScriptValue): number => {
    const code = run.int(value)
    if (kind === 'drop') run.dropped = true
    if (run.flow === 0) run.flow = kind === 'return' && code !== 0 ? Flow.Return : Flow.Exit
    return code
  }
  const fail = (run: ScriptRun, error: unknown): number => {
    if (!(error instanceof ScriptFailure)) throw error
    failed(run, error)
    return end(run, 0)
  }
  if (node.value === null) {
    const code = kind === 'return' ? 1 : 0
    return { run: (run) => end(run, code), wait: null }
  }
  const compiled = compileExpression(node.value, context)
  const { wait } = compiled
  if (wait !== null) return { run: () => -1, wait: (run) => wait(run).then((value) => end(run, value), (error: unknown) => fail(run, error)) }
  return {
    run(run) {
      try {
        return end(run, compiled.value(run))
      } catch (error) {
        return fail(run, error)
      }
    },
    wait: null,
  }
}

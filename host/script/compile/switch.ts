import type { Statement, SwitchCase } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { Action } from './expression.ts'
import type { CompileContext } from './context.ts'
import { constantRegex } from '../posix.ts'
import { Flow } from '../run.ts'
import { toText } from '../values.ts'
import { compileExpression, evaluate, failed } from './expression.ts'
import { matches } from './match.ts'
import { mayFail } from './selects.ts'
import { compileNested } from './statement.ts'

/** Finds the case to enter: its number, −1 for none. */
type Find = (run: ScriptRun, value: ScriptValue) => number

/**
 * Compiles a switch: number cases compare numerically, text cases textually with regard to case, regex cases too; falls through until `break`.
 * Without a case that fits the result is 1; Kamailio 5.6 says −5, and so does `strict`.
 */
export function compileSwitch(node: Statement & { kind: 'switch' }, context: CompileContext): Action {
  const subject = compileExpression(node.subject, context)
  const found = finder(node.cases, context)
  const otherwise = node.cases.findIndex(({ match }) => match === null)
  // A failed select is equal to nothing.
  const find: Find = mayFail(node.subject, context) ? (run, value) => value === null ? otherwise : found(run, value) : found
  const bodies = node.cases.map((one) => compileNested(one.body, context))
  const empty = node.cases.map((one) => one.body.length === 0)
  const unmatched = context.options.strict ? -5 : 1
  if (subject.wait !== null || bodies.some(({ wait }) => wait !== null)) {
    return {
      run: () => -1,
      async wait(run) {
        let at: number
        try {
          at = find(run, await evaluate(subject, run))
        } catch (error) {
          return failed(run, error)
        }
        if (run.flow !== 0) return 0
        if (at < 0) return unmatched
        let result = 1
        for (; at < bodies.length && run.flow === 0; at++) {
          const body = bodies[at]!
          if (!empty[at]) result = body.wait === null ? body.run(run) : await body.wait(run)
        }
        return left(run, result)
      },
    }
  }
  return {
    run(run) {
      let at: number
      try {
        at = find(run, subject.value(run))
      } catch (error) {
        return failed(run, error)
      }
      if (run.flow !== 0) return 0
      if (at < 0) return unmatched
      let result = 1
      for (; at < bodies.length && run.flow === 0; at++) if (!empty[at]) result = bodies[at]!.run(run)
      return left(run, result)
    },
    wait: null,
  }
}

function left(run: ScriptRun, result: number): number {
  if (run.flow === Flow.Break) run.flow = 0
  return result
}

function finder(cases: readonly SwitchCase[], context: CompileContext): Find {
  const otherwise = cases.findIndex(({ match }) => match === null)
  if (cases.some(({ match }) => typeof match === 'number')) {
    const byNumber = new Map<number, number>()
    for (const [i, { match }] of cases.entries()) if (typeof match === 'number' && !byNumber.has(match)) byNumber.set(match, i)
    return (run, value) => byNumber.get(run.int(value)) ?? otherwise
  }
  if (cases.every(({ match }) => typeof match === 'string' || match === null)) {
    const byText = new Map<string, number>()
    for (const [i, { match }] of cases.entries()) if (typeof match === 'string' && !byText.has(match)) byText.set(match, i)
    return (_, value) => byText.get(toText(value)) ?? otherwise
  }
  const tests = cases.map(({ match, place }): ((text: string) => boolean) => {
    if (match === null || typeof match === 'number') return () => false
    if (typeof match === 'string') return (text) => text === match
    const regex = context.attempt(place, null, () => constantRegex(match.regex, { caseless: false, newline: false }))
    return (text) => matches(regex!, text)
  })
  return (_, value) => {
    const text = toText(value)
    const found = tests.findIndex((fits) => fits(text))
    return found < 0 ? otherwise : found
  }
}

import type { Expression } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { PosixRegex } from '../posix.ts'
import type { ScriptRun } from '../run.ts'
import type { Compiled } from './expression.ts'
import type { CompileContext } from './context.ts'
import { MatchLimitError } from '../../expr/regex.ts'
import { PosixError, constantRegex, matchFlags, posixRegex } from '../posix.ts'
import { shorten } from '../run.ts'
import { ScriptFailure, toText } from '../values.ts'
import { compileExpression, evaluate } from './expression.ts'

/** Whether a regex matches. Throws ScriptFailure for a subject that would take too long. */
export function matches(regex: PosixRegex, subject: string): boolean {
  try {
    return regex.test(subject)
  } catch (error) {
    if (!(error instanceof MatchLimitError)) throw error
    throw new ScriptFailure(`matching "${shorten(subject)}" against "${shorten(regex.source)}" takes too long`)
  }
}

/** As `matches`, for a pattern that is only known now; one that is malformed is a failure. */
export function matchesText(pattern: string, subject: string): boolean {
  let regex: PosixRegex
  try {
    regex = posixRegex(pattern, matchFlags)
  } catch (error) {
    if (!(error instanceof PosixError)) throw error
    throw new ScriptFailure(`bad regular expression "${shorten(pattern)}": ${error.message}`)
  }
  return matches(regex, subject)
}

/** `left =~ right`: the left as text, the right a POSIX extended expression, without regard to case, anywhere. An undefined right matches all. */
export function compileMatch(left: Compiled, node: Expression & { kind: 'binary' }, context: CompileContext): Compiled {
  const { right } = node
  if (right.kind === 'string') return constantMatch(left, right.value, right, context)
  const pattern = compileExpression(right, context)
  const apply = (subject: ScriptValue, text: ScriptValue): number => matchesText(toText(text), toText(subject)) ? 1 : 0
  if (left.wait !== null || pattern.wait !== null) {
    return { value: () => null, wait: async (run) => apply(await evaluate(left, run), await evaluate(pattern, run)) }
  }
  return { value: (run) => apply(left.value(run), pattern.value(run)), wait: null }
}

/** The same of values: the left one against the right one, which is compiled at start-up when it is a literal. */
export function matcher(right: Expression, context: CompileContext): (run: ScriptRun, subject: ScriptValue, pattern: ScriptValue) => number {
  if (right.kind !== 'string') return (_, subject, pattern) => matchesText(toText(pattern), toText(subject)) ? 1 : 0
  const regex = context.attempt(right.place, null, () => constantRegex(right.value, matchFlags))
  return (_, subject) => matches(regex!, toText(subject)) ? 1 : 0
}

function constantMatch(left: Compiled, source: string, right: Expression, context: CompileContext): Compiled {
  const regex = context.attempt(right.place, null, () => constantRegex(source, matchFlags))
  const apply = (value: ScriptValue): number => matches(regex!, toText(value)) ? 1 : 0
  const { wait } = left
  if (wait !== null) return { value: () => null, wait: async (run: ScriptRun) => apply(await wait(run)) }
  return { value: (run) => apply(left.value(run)), wait: null }
}

import type { CallNode, Expression } from '../ast.ts'
import type { ParameterKind, ReturnCode, ScriptFunction, ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { Action } from './expression.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import { constantRegex, matchFlags } from '../posix.ts'
import { parsePv } from '../pvtext.ts'
import { Flow } from '../run.ts'
import { parseInteger } from '../values.ts'
import { compileExpression, failed } from './expression.ts'
import { compileFormat } from './format.ts'
import { compilePv } from './pv.ts'
import { compileRouteCall } from './routecall.ts'
import { argumentSelect } from './selects.ts'

/** An argument: a constant, or what is to be evaluated at each call; null from it means that the function is not called and is false. */
type Argument = { readonly constant: ScriptValue } | { readonly evaluate: (run: ScriptRun) => ScriptValue }

const failure: Action = { run: () => -1, wait: null }

/** Compiles a call of a script function or a route. Mistakes are noted in the context. */
export function compileCall(node: CallNode, context: CompileContext): Action {
  if (node.name === 'route') return compileRouteCall(node, context)
  const found = context.definitions.findFunction(node.name, node.args.length)
  if (found instanceof ConfigError) {
    context.fail(found, node.place)
    return failure
  }
  const before = context.errors.length
  const args = node.args.map((arg, i) =>
    context.attempt<Argument>(arg.place, { constant: null }, () => compileArgument(arg, kindOf(found, i), found, i, context)))
  if (context.errors.length > before) return failure
  const wrong = found.check?.(node.args.map(asWritten), node.place)
  if (wrong instanceof ConfigError) context.warn(new ConfigError(wrong.message, node.place, wrong.note))
  else if (typeof wrong === 'string') {
    context.fail(new ConfigError(wrong), node.place)
    return failure
  }
  return action(found, args, node)
}

function kindOf(found: ScriptFunction, i: number): ParameterKind {
  const kinds = found.parameters
  return kinds === undefined || kinds.length === 0 ? 'text' : kinds[Math.min(i, kinds.length - 1)]!
}

function asWritten(arg: Expression): string | number {
  return arg.kind === 'int' || arg.kind === 'string' ? arg.value : arg.kind === 'pv' || arg.kind === 'select' ? arg.source : ''
}

function action(found: ScriptFunction, args: readonly Argument[], node: CallNode): Action {
  const { place } = node
  const constants = args.every((arg) => 'constant' in arg) ? args.map((arg) => (arg as { constant: ScriptValue }).constant) : null
  const after = found.core === true ? (_: ScriptRun, code: ReturnCode): number => code : finish
  const start = (run: ScriptRun): ReturnCode | Promise<ReturnCode> => {
    if (run.flow !== 0) return 0
    run.place = place
    const values = constants ?? collect(args, run)
    if (values === null) return -1
    try {
      return found.call(run, values)
    } catch (error) {
      return failed(run, error)
    }
  }
  if (found.waits === true) {
    return { run: () => -1, wait: (run) => wait(run, start, after) }
  }
  return {
    run(run) {
      if (run.flow !== 0) return 0
      return after(run, start(run) as ReturnCode)
    },
    wait: null,
  }
}

async function wait(run: ScriptRun, start: (run: ScriptRun) => ReturnCode | Promise<ReturnCode>,
  after: (run: ScriptRun, code: ReturnCode) => number): Promise<number> {
  if (run.flow !== 0) return 0
  const answer = start(run)
  if (typeof answer === 'number') return after(run, answer)
  const { level, route } = run
  const code = await answer.catch((error: unknown) => failed(run, error))
  run.level = level
  run.route = route
  run.resumed()
  return after(run, code)
}

/** 0 ends the whole script. */
function finish(run: ScriptRun, code: ReturnCode): number {
  run.rc = code
  if (code === 0) run.flow = Flow.Exit
  return code
}

function collect(args: readonly Argument[], run: ScriptRun): ScriptValue[] | null {
  const values: ScriptValue[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if ('constant' in arg) {
      values.push(arg.constant)
      continue
    }
    try {
      const value = arg.evaluate(run)
      if (value === null) return null
      values.push(value)
    } catch (error) {
      failed(run, error)
      return null
    }
  }
  return values
}

function compileArgument(arg: Expression, kind: ParameterKind, found: ScriptFunction, i: number, context: CompileContext): Argument {
  if (arg.kind === 'int') return { constant: kind === 'int' ? arg.value : String(arg.value) }
  if (arg.kind === 'string') return textArgument(arg.value, kind, found, i, context)
  if (arg.kind === 'pv' && kind === 'variable') return textArgument(arg.source, kind, found, i, context)
  // Kamailio takes expressions as arguments from 6.0 on.
  if (context.options.strict) throw new ConfigError(`argument ${i + 1} of "${found.name}" is not constant`, null, 'put variables into a string: "$var(x)"')
  if (kind === 'constant' || kind === 'variable') throw new ConfigError(`argument ${i + 1} of "${found.name}" must be written as a string`)
  const { value, wait: waits } = compileExpression(arg, context)
  if (waits !== null) throw new ConfigError(`argument ${i + 1} of "${found.name}" calls a function that waits`, null, 'call it in a statement of its own')
  if (kind === 'int') return { evaluate: (run) => run.int(value(run)) }
  return { evaluate: (run) => { const v = value(run); return v === null ? '<null>' : String(v) } }
}

function textArgument(text: string, kind: ParameterKind, found: ScriptFunction, i: number, context: CompileContext): Argument {
  switch (kind) {
    case 'constant': return { constant: text }
    case 'variable': {
      compilePv(parsePv(text, context.place), context)
      return { constant: text.trim() }
    }
    case 'select': case 'text': {
      const select = argumentSelect(text, kind === 'select', context)
      if (select !== null) return { evaluate: select }
      break
    }
    case 'log': return logArgument(text, context)
    default: break
  }
  // In a regular expression a dollar sign that begins no variable is the end of the subject.
  const format = compileFormat(kind === 'regex' ? text.replace(/\$(?![\w(?$])/g, '$$$$') : text, context)
  if (kind === 'int') return intArgument(format.constant, format.evaluate, found, i)
  if (format.constant === null) return { evaluate: format.evaluate }
  if (kind === 'regex') constantRegex(format.constant, matchFlags)
  return { constant: format.constant }
}

function intArgument(constant: string | null, evaluate: (run: ScriptRun) => string, found: ScriptFunction, i: number): Argument {
  if (constant === null) return { evaluate: (run) => run.int(evaluate(run)) }
  const value = parseInteger(constant)
  if (value === null) throw new ConfigError(`invalid number "${constant}" as argument ${i + 1} of "${found.name}"`)
  return { constant: value }
}

function logArgument(text: string, context: CompileContext): Argument {
  const format = compileFormat(text, context, '<null>', !context.options.strict)
  return format.constant === null ? { evaluate: format.evaluate } : { constant: format.constant }
}

import type { PvNode, TransformationNode } from '../ast.ts'
import type { ScriptRunView, ScriptValue, TransformationArgument } from '../contract.ts'
import type { BoundVariable, HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import { unknown } from '../library.ts'
import { parsePv } from '../pvtext.ts'
import { longestText } from '../values.ts'
import { compileFormat } from './format.ts'

type Get = (run: ScriptRun) => ScriptValue
interface Transform {
  readonly apply: (value: string | number, run: ScriptRun) => ScriptValue
  readonly ofUndefined: ScriptValue
}

/** Resolves a use of a variable. Throws ConfigError for an unknown name, index or transformation. */
export function compilePv(node: PvNode, context: CompileContext): BoundVariable {
  const bound = bindVariable(node, context)
  if (node.transformations.length === 0) return bound
  const chain = node.transformations.map((one) => compileTransformation(one, context))
  return { get: transformed(bound.get, chain), set: null }
}

function transformed(get: Get, chain: readonly Transform[]): Get {
  const [first] = chain
  if (chain.length === 1) {
    const { apply, ofUndefined } = first!
    return (run) => {
      const value = get(run)
      return value === null ? ofUndefined : bounded(apply(value, run))
    }
  }
  return (run) => {
    let value = get(run)
    for (let i = 0; i < chain.length; i++) {
      const { apply, ofUndefined } = chain[i]!
      value = value === null ? ofUndefined : bounded(apply(value, run))
    }
    return value
  }
}

/** A transformation that made a text beyond all measure has failed. */
function bounded(value: ScriptValue): ScriptValue {
  return typeof value === 'string' && value.length > longestText ? null : value
}

function bindVariable(node: PvNode, context: CompileContext): BoundVariable {
  const found = context.definitions.variables.get(node.name)
  if (found === undefined) return bindNginxVariable(node, context)
  if (found.inner === 'none' && node.inner !== null) throw new ConfigError(`the variable "$${node.name}" takes nothing in parentheses`)
  if (found.inner === 'required' && (node.inner === null || node.inner.trim() === '')) {
    throw new ConfigError(`the variable "$${node.name}" needs a name in parentheses`, null, `write "$${node.name}(NAME)"`)
  }
  const wrong = node.inner?.includes('$') === true ? undefined : found.check?.(node.inner)
  if (typeof wrong === 'string') throw new ConfigError(wrong)
  const { index } = node
  if (index !== null && typeof index === 'object') return bindWithIndex(node, found, index, context)
  return found.bind?.(node.inner, index, context) ?? bindPlain(found, node.inner, index, context)
}

/** Kamailio's names win; any other is nginx's, `$remote_addr` or `$http_x`. */
function bindNginxVariable(node: PvNode, context: CompileContext): BoundVariable {
  const table = context.options.variables
  if (table === null || node.inner !== null || node.index !== null || !table.has(node.name)) {
    const names = [...context.definitions.variables.keys(), ...table?.names().filter((name) => !name.endsWith('*')) ?? []]
    throw unknown('script variable', node.name, '$', names)
  }
  const variable = table.reference(node.name)
  return { get: ({ subject }) => subject.request === null ? null : variable.value(subject.request), set: null }
}

function bindPlain(found: HostVariable, inner: string | null, index: number | '*' | null, context: CompileContext): BoundVariable {
  const writable = found.set !== undefined
  if (inner === null || !inner.includes('$')) {
    return {
      get: (run) => found.get(run, inner, index),
      set: writable ? (run, value) => found.set!(run, inner, index, value) : null,
    }
  }
  const name = compileFormat(inner, context)
  return {
    get: (run) => found.get(run, name.evaluate(run), index),
    set: writable ? (run, value) => found.set!(run, name.evaluate(run), index, value) : null,
  }
}

/** The index is a variable: a bound variable has to be made for each value that it takes, so the plain form is used. */
function bindWithIndex(node: PvNode, found: HostVariable, index: PvNode, context: CompileContext): BoundVariable {
  const at = compilePv(index, context)
  const name = compileFormat(node.inner ?? '', context)
  const inner = (run: ScriptRun): string | null => node.inner === null ? null : name.evaluate(run)
  return {
    get: (run) => found.get(run, inner(run), run.int(at.get(run))),
    set: found.set === undefined ? null : (run, value) => found.set!(run, inner(run), run.int(at.get(run)), value),
  }
}

function compileTransformation({ className, operation, raw, args }: TransformationNode, context: CompileContext): Transform {
  const found = context.definitions.findTransformation(className)
  if (found instanceof ConfigError) throw found
  const expand = (word: string): ((run: ScriptRunView) => string) => compileFormat(word, context, '').evaluate as (run: ScriptRunView) => string
  return { apply: found.compile(operation, args.map((word) => compileArgument(word, context)), raw, expand), ofUndefined: found.ofUndefined?.(operation) ?? null }
}

function compileArgument(word: string, context: CompileContext): TransformationArgument {
  const trimmed = word.trim()
  if (!trimmed.startsWith('$') || trimmed.length < 2) return word
  const { get } = compilePv(parsePv(trimmed, context.place), context)
  return { variable: get as never }
}

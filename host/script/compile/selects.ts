/** Selects in routes: as operands, in conditions, in arguments, in log texts. What a failed one means is select.md §4's business. */
import type { Expression } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import type { CompiledSelect } from '../../expr/select/compile.ts'
import { compileSelect, selectFault } from '../../expr/select/compile.ts'
import { parseIdentifier, scanIdentifier } from '../../expr/select/identifier.ts'
import { selectIsTrue } from '../../expr/select/truth.ts'

/** Reads a value in a run; null: a select has failed, or a variable is undefined. */
export type Get = (run: ScriptRun) => ScriptValue

/** The select of a text; throws ConfigError. */
export function resolved(source: string, context: CompileContext): CompiledSelect {
  const table = context.options.selects
  if (table === null) throw new ConfigError(`selects are not available here: "${source}"`)
  return compileSelect(source, table, context.place)
}

/** Reads a select; null for both kinds of failure. */
export function selectValue(source: string, context: CompileContext): Get {
  const { evaluate } = resolved(source, context)
  return ({ subject }) => {
    const { message } = subject
    return message === null ? null : evaluate(message) ?? null
  }
}

/** Whether the operand makes a comparison false when it has no value: a select, by the article's rules. */
export function mayFail(node: Expression, context: CompileContext): boolean {
  return node.kind === 'select' && context.options.selectTruth === 'seed'
}

/** The truth of a select that stands by itself where truth is asked, 1 or 0; warned about at start-up, for its rules surprise. */
export function selectTruth(node: Expression & { kind: 'select' }, context: CompileContext): Get {
  const { evaluate } = resolved(node.source, context)
  const mode = context.options.selectTruth
  const meaning = mode === 'seed' ? 'a number other than 0' : 'a number above 0'
  context.warn(new ConfigError(`"${node.source}" is true only when it is ${meaning}`, node.place, `write ${node.source} != "" to ask whether it is there`))
  return ({ subject }) => {
    const { message } = subject
    return message !== null && selectIsTrue(evaluate(message), mode) ? 1 : 0
  }
}

/**
 * The select that a whole argument is, or null: of a function that declares it (`select`) every text that begins with `@`; of the others, unless Kamailio
 * is followed strictly, one whose first element there is. So `"@example.com"` stays a text.
 */
export function argumentSelect(text: string, declared: boolean, context: CompileContext): Get | null {
  const source = text.trim()
  if (!source.startsWith('@')) return null
  if (!declared && !isKnown(source, context)) return null
  return selectValue(source, context)
}

function isKnown(source: string, { options: { selects, strict } }: CompileContext): boolean {
  if (strict || selects === null) return false
  const identifier = parseIdentifier(source)
  return 'parts' in identifier && selects.root.names.has(String(identifier.parts[0]!.value).toLowerCase())
}

/**
 * The select at `%@` in a log text, and where the text goes on: behind it, and behind a `%|` or `% ` that says where its name ends. Not there prints
 * `<null>`, what cannot be told prints nothing (select.md §4, xplog). Throws ConfigError.
 */
export function logSelect(text: string, percent: number, context: CompileContext): { readonly print: (run: ScriptRun) => string, readonly end: number } {
  const found = scanIdentifier(text, percent + 1)
  if ('reason' in found) throw selectFault(text.slice(percent + 1), found, context.place)
  const { evaluate } = resolved(found.identifier.text, context)
  const print = ({ subject }: ScriptRun): string => {
    const value = subject.message === null ? undefined : evaluate(subject.message)
    return value === undefined ? '' : value ?? '<null>'
  }
  const { end } = found
  return { print, end: text[end] === '%' && (text[end + 1] === '|' || text[end + 1] === ' ') ? end + 2 : end }
}

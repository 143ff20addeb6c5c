import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { CompileContext } from './context.ts'
import { readPv } from '../pvtext.ts'
import { ScriptFailure } from '../values.ts'
import { compilePv } from './pv.ts'
import { logSelect } from './selects.ts'

/** A text with variables in it, ready to be expanded. */
export interface Format {
  /** The whole text when no variable is in it, else null. */
  readonly constant: string | null
  /** Throws ScriptFailure when the text becomes longer than `pv_buffer_size` allows. */
  readonly evaluate: (run: ScriptRun) => string
}

/** One variable of a format: what it prints. */
type Printer = (run: ScriptRun) => string

/**
 * Compiles a text as arguments of functions hold it: `$…` is expanded, `$$` is a dollar sign. Throws ConfigError without a place for an unknown
 * variable, and for a `$` that begins none. With `selects`, `%@…` is a select (`%%@` is the text `%@`). An undefined variable prints `nothing`; with transformations it prints nothing at all (measured).
 */
export function compileFormat(text: string, context: CompileContext, nothing = '<null>', selects = false): Format {
  const parts = formatParts(text, context, nothing, selects)
  if (parts.every((part) => typeof part === 'string')) {
    const constant = parts.join('')
    return { constant, evaluate: () => constant }
  }
  const limit = context.options.formatLimit
  const [first] = parts
  if (parts.length === 1 && typeof first === 'function') {
    return { constant: null, evaluate: (run) => checked(first(run), limit) }
  }
  return {
    constant: null,
    evaluate(run) {
      let value = ''
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i]!
        value += typeof part === 'string' ? part : part(run)
      }
      return checked(value, limit)
    },
  }
}

function checked(text: string, limit: number): string {
  if (text.length >= limit) throw new ScriptFailure(`text of ${text.length} bytes is longer than "pv_buffer_size" ${limit} allows`)
  return text
}

/** Where something to expand begins: a `$`, or `%@` and `%%@`. */
const dollar = /\$/g
const dollarOrSelect = /\$|%?%@/g

function formatParts(text: string, context: CompileContext, nothing: string, selects: boolean): (string | Printer)[] {
  const begin = selects ? dollarOrSelect : dollar
  const parts: (string | Printer)[] = []
  let at = 0
  let from = 0
  const upTo = (end: number): void => { if (end > from) parts.push(text.slice(from, end)) }
  for (;;) {
    begin.lastIndex = at
    const found = begin.exec(text)
    if (found === null) break
    at = found.index
    if (text[at] === '%') {
      upTo(at)
      if (found[0] === '%%@') {
        from = at + 1
        at += 3
        continue
      }
      const { print, end } = logSelect(text, at, context)
      parts.push(print)
      from = at = end
      continue
    }
    if (text[at + 1] === '$') {
      upTo(at + 1)
      from = at += 2
      continue
    }
    upTo(at)
    const { node, end } = readPv(text, at, context.place)
    const { get } = compilePv(node, context)
    parts.push(printer(get, node.transformations.length > 0 ? '' : nothing))
    from = at = end
  }
  upTo(text.length)
  return parts
}

function printer(get: (run: ScriptRun) => ScriptValue, nothing: string): Printer {
  return (run) => {
    const value = get(run)
    return typeof value === 'string' ? value : value === null ? nothing : String(value)
  }
}

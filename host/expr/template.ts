import type { Cf } from '../conf/cf.ts'
import type { Request } from '../http/request.ts'
import type { SelectUse } from './select/uses.ts'
import type { Variable } from './variables.ts'
import { ConfigError } from '../core/errors.ts'
import { placeSuffix } from '../core/place.ts'
import { quotedEnd } from './select/identifier.ts'
import { escapeArgument } from './escape.ts'

/** One piece of a template: a text, a variable, or a capture `$1`…`$9` of the last regex that matched. */
export type TemplatePart = string | Variable | number

/** A text as it is written, in pieces: variables by lower-case name still without their place in a table, selects as they are written. */
export type TemplatePiece = { readonly text: string } | { readonly variable: string } | { readonly capture: number } | { readonly select: string }

/** The value of capture `n` of the last regex that matched in this request; '' when there is none. */
function captured(r: Request, n: number): string {
  const captures = r.captures
  return captures === null ? '' : captures[n] ?? ''
}

/** A text with `$name`, `${name}`, `$1`…`$9` and `${@select}` in it, ready to be evaluated (nginx's complex value). */
export class Template {
  /** The whole value when nothing in it depends on the request, else null. */
  readonly constant: string | null
  readonly parts: readonly TemplatePart[]
  /** The text as written. */
  readonly source: string

  constructor(source: string, parts: readonly TemplatePart[]) {
    this.source = source
    this.parts = parts
    this.constant = parts.length === 0 ? '' : parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : null
  }

  /** The value in this request; a variable without value counts as empty. Nothing is escaped. */
  evaluate(r: Request): string {
    if (this.constant !== null) return this.constant
    const parts = this.parts
    let value = ''
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      if (typeof part === 'string') value += part
      else if (typeof part === 'number') value += captured(r, part)
      else value += part.value(r) ?? ''
    }
    return value
  }

  /**
   * As `evaluate`, but captures are escaped as query arguments when the client had escaped something in the path: how the rewrite
   * module puts captures into arguments, redirects and `set` values (nginx.md §4).
   */
  evaluateQuoted(r: Request): string {
    if (this.constant !== null) return this.constant
    if (!r.quotedUri && !r.plusInUri) return this.evaluate(r)
    let value = ''
    for (const part of this.parts) {
      if (typeof part === 'string') value += part
      else if (typeof part === 'number') value += escapeArgument(captured(r, part))
      else value += part.value(r) ?? ''
    }
    return value
  }
}

/** Whether a predicate such as `if=` holds: every value but '' and '0' (nginx.md §4.1). */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '' && value !== '0'
}

function isNameByte(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95
}

/**
 * Splits a text at its variables. Throws ConfigError `invalid variable name` for a `$` that no name follows, and `the closing
 * bracket in "NAME" variable is missing` (nginx.md §4.1). `captures: false` reads `$1` as the variable named 1, as log_format does.
 */
export function splitTemplate(source: string, captures = true): TemplatePiece[] {
  const pieces: TemplatePiece[] = []
  let i = 0
  while (i < source.length) {
    const dollar = source.indexOf('$', i)
    if (dollar !== i) {
      pieces.push({ text: dollar < 0 ? source.slice(i) : source.slice(i, dollar) })
      if (dollar < 0) break
    }
    i = dollar + 1
    const digit = source.charCodeAt(i) - 48
    if (captures && digit >= 1 && digit <= 9) {
      pieces.push({ capture: digit })
      i++
      continue
    }
    const bracket = source[i] === '{'
    const start = bracket ? i + 1 : i
    if (bracket && source[start] === '@') {
      const close = selectEnd(source, start)
      pieces.push({ select: source.slice(start, close) })
      i = close + 1
      continue
    }
    let end = start
    while (end < source.length && isNameByte(source.charCodeAt(end))) end++
    const name = source.slice(start, end)
    if (bracket && start < source.length && source[end] !== '}')
      throw new ConfigError(`the closing bracket in "${name}" variable is missing`)
    if (name === '') throw new ConfigError('invalid variable name')
    pieces.push({ variable: name.toLowerCase() })
    i = bracket ? end + 1 : end
  }
  return pieces
}

/** Where the bracket closes behind the select that begins at `start`; one in a quoted index does not count. */
function selectEnd(source: string, start: number): number {
  for (let at = start; at < source.length; at++) {
    if (source[at] === '}') return at
    if (source[at] === '"') at = quotedEnd(source, at)
  }
  throw new ConfigError(`the closing bracket in "${/^@[\w.[\]-]*/.exec(source.slice(start))![0]}" select is missing`)
}

/**
 * Compiles a word of the present directive. Variables and selects are entered into the cycle's tables, where unknown ones become an error
 * when the configuration is complete. A malformed text fails at word `argument` (default: wherever `source` stands among the words).
 */
export function compileTemplate(cf: Cf, source: string, argument = cf.args.indexOf(source)): Template {
  const parts: TemplatePart[] = []
  let pieces: TemplatePiece[]
  try {
    pieces = splitTemplate(source)
  } catch (error) {
    cf.fail((error as ConfigError).message, argument < 0 ? undefined : argument)
  }
  const usedIn = placeSuffix(cf.place)
  for (const piece of pieces) {
    if ('text' in piece) parts.push(piece.text)
    else if ('capture' in piece) parts.push(piece.capture)
    else if ('select' in piece) parts.push(useSelect(cf, piece.select, argument))
    else parts.push(cf.cycle.variables.reference(piece.variable, usedIn))
  }
  return new Template(source, parts)
}

/** The select that a text in word `argument` of the present directive names. Fails when it is malformed. */
export function useSelect(cf: Cf, text: string, argument: number): SelectUse {
  return cf.cycle.selects.reference(text, cf.places[argument] ?? cf.place)
}

/** A template whose value is always this text. */
export function constantTemplate(text: string): Template {
  return new Template(text, text === '' ? [] : [text])
}

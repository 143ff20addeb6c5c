/** Reads `$name`, `$name(inner)` and `$(name(inner)[index]{class.op,args}…)` wherever a text holds them. */
import type { Place } from '../core/place.ts'
import type { PvNode, TransformationNode } from './ast.ts'
import { ConfigError } from '../core/errors.ts'

/** A pseudo-variable and the offset behind it. */
export interface PvRead {
  readonly node: PvNode
  readonly end: number
}

/** Nesting of brackets that is read; deeper is a mistake or an attack. */
const deepest = 32

function isNameCode(code: number): boolean {
  return code >= 97 && code <= 122 || code >= 65 && code <= 90 || code >= 48 && code <= 57 || code === 95 || code === 46
}

/**
 * Reads the pseudo-variable whose `$` stands at `at`. Throws ConfigError with the place given: no name (`"$"` at the end or before a space),
 * brackets that do not close.
 */
export function readPv(text: string, at: number, place: Place | null): PvRead {
  return new PvReader(text, at, place).read()
}

/** The pseudo-variable that the whole text is; throws ConfigError when there is more in it or less. */
export function parsePv(text: string, place: Place | null): PvNode {
  const trimmed = text.trim()
  if (!trimmed.startsWith('$')) throw new ConfigError(`"${text}" is no variable`, place, 'a variable begins with "$"')
  const { node, end } = readPv(trimmed, 0, place)
  if (end !== trimmed.length) throw new ConfigError(`unexpected "${trimmed.slice(end)}" behind the variable "${node.source}"`, place)
  return node
}

class PvReader {
  private readonly text: string
  private readonly start: number
  private at: number
  private readonly place: Place | null

  constructor(text: string, at: number, place: Place | null) {
    this.text = text
    this.start = at
    this.at = at + 1
    this.place = place
  }

  read(): PvRead {
    const { text } = this
    if (text[this.at] !== '(') {
      const name = this.name()
      const inner = text[this.at] === '(' ? this.between('(', ')') : null
      return this.done(name, inner, null, [])
    }
    this.at++
    this.skip()
    const name = this.name()
    const inner = text[this.at] === '(' ? this.between('(', ')') : null
    this.skip()
    const index = text[this.at] === '[' ? this.index(this.between('[', ']')) : null
    const transformations: TransformationNode[] = []
    for (this.skip(); text[this.at] === '{'; this.skip()) transformations.push(this.transformation(this.between('{', '}').trim()))
    if (text[this.at] !== ')') {
      const rest = text.slice(this.at, this.at + 12)
      throw this.wrong(rest === '' ? `")" is missing in "${text.slice(this.start)}"` : `unexpected "${rest}" in "${text.slice(this.start)}"`)
    }
    this.at++
    return this.done(name, inner, index, transformations)
  }

  private done(name: string, inner: string | null, index: PvNode['index'], transformations: readonly TransformationNode[]): PvRead {
    const source = this.text.slice(this.start, this.at)
    return { node: { kind: 'pv', place: this.place as Place, source, name, inner, index, transformations }, end: this.at }
  }

  private name(): string {
    const { text } = this
    const from = this.at
    if (text[from] === '?') {
      this.at++
      return '?'
    }
    while (this.at < text.length && isNameCode(text.charCodeAt(this.at))) this.at++
    if (this.at === from) throw this.wrong(`invalid variable name in "${text.slice(this.start, this.start + 20)}"`, 'write "$$" for a dollar sign')
    return text.slice(from, this.at)
  }

  private skip(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++
  }

  /** What stands between a bracket here and the one that closes it; brackets of that kind nest. */
  private between(open: string, close: string): string {
    const { text } = this
    const from = this.at + 1
    let depth = 0
    for (let at = this.at; at < text.length; at++) {
      if (text[at] === open && ++depth > deepest) break
      if (text[at] === close && --depth === 0) {
        this.at = at + 1
        return text.slice(from, at)
      }
    }
    throw this.wrong(`"${close}" is missing in "${text.slice(this.start, this.start + 60)}"`)
  }

  private index(text: string): PvNode['index'] {
    const trimmed = text.trim()
    if (trimmed === '*') return '*'
    if (trimmed.startsWith('$')) return parsePv(trimmed, this.place)
    if (!/^[+-]?\d{1,9}$/.test(trimmed)) throw this.wrong(`invalid index "${text}" in "${this.text.slice(this.start, this.start + 60)}"`, 'use a number, "*" or a variable')
    return Number(trimmed)
  }

  private transformation(source: string): TransformationNode {
    const comma = source.indexOf(',')
    const head = (comma < 0 ? source : source.slice(0, comma)).trim()
    const raw = comma < 0 ? '' : source.slice(comma + 1)
    const dot = head.indexOf('.')
    if (dot < 1) throw this.wrong(`invalid transformation "{${source}}"`, 'write "{CLASS.OPERATION}", as in "{s.len}"')
    return { source, className: head.slice(0, dot), operation: head.slice(dot + 1), raw, args: comma < 0 ? [] : splitArguments(raw) }
  }

  private wrong(message: string, note: string | null = null): ConfigError {
    return new ConfigError(message, this.place, note)
  }
}

/** The arguments of a transformation: what stands between commas; those inside of a variable do not count. */
function splitArguments(raw: string): string[] {
  const words: string[] = []
  let from = 0
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '$') at = endOfPv(raw, at) - 1
    else if (raw[at] === ',') {
      words.push(raw.slice(from, at))
      from = at + 1
    }
  }
  words.push(raw.slice(from))
  return words
}

/** The offset behind the variable at `at`; behind its `$` when there is none, as in a regular expression. */
function endOfPv(raw: string, at: number): number {
  try {
    return readPv(raw, at, null).end
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return at + 1
  }
}

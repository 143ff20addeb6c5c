import type { ByteSet } from './sets.ts'
import { PatternError } from './ast.ts'
import { complement, propertySet } from './sets.ts'

/** A pattern and how far it has been read. */
export class Reader {
  readonly text: string
  readonly length: number
  position = 0

  constructor(text: string) {
    this.text = text
    this.length = text.length
  }

  get done(): boolean { return this.position >= this.length }

  /** The character here, '' at the end. */
  peek(): string { return this.text.charAt(this.position) }

  /** The character `offset` behind here, '' past the end. */
  at(offset: number): string { return this.text.charAt(this.position + offset) }

  /** At most `count` characters from here. */
  rest(count: number): string { return this.text.slice(this.position, this.position + count) }

  /** Passes a literal when it stands here. */
  take(literal: string): boolean {
    if (!this.text.startsWith(literal, this.position)) return false
    this.position += literal.length
    return true
  }

  /** Passes and returns one byte. */
  next(): number { return this.text.charCodeAt(this.position++) }

  /** Passes what a sticky regex matches here; null when it does not match. */
  match(regex: RegExp): RegExpExecArray | null {
    regex.lastIndex = this.position
    const match = regex.exec(this.text)
    if (match !== null) this.position += match[0].length
    return match
  }

  /** Reads what follows `\p` or `\P`. */
  property(negative: boolean, caseless: boolean): ByteSet {
    const malformed = 'malformed \\P or \\p sequence'
    if (this.done) throw new PatternError(malformed, this.length)
    let name = this.text.charAt(this.position++)
    let negated = negative
    if (name === '{') {
      const end = this.text.indexOf('}', this.position)
      if (end < 0) throw new PatternError(malformed, this.length)
      name = this.text.slice(this.position, end)
      this.position = end + 1
      if (name.startsWith('^')) {
        name = name.slice(1)
        negated = !negated
      }
    }
    if (!/^\w[\w& ]*$/.test(name) || /^\d/.test(name)) throw new PatternError(malformed, this.position)
    if (caseless && /^L[ult]$/.test(name)) name = 'L&'
    const set = propertySet(name)
    if (set === null) throw new PatternError('unknown property after \\P or \\p', this.position)
    return negated ? complement(set) : set
  }
}

/** A configuration that was made rather than written: statements as the reader of nginx's language takes them. */
import type { Place } from '../../core/place.ts'
import { Ending, Lexer } from '../../conf/lexer.ts'

/** One directive: its words, the place in the file that it comes from, and its block when it has one. */
export interface MadeStatement {
  readonly words: readonly string[]
  readonly place: Place
  readonly block?: readonly MadeStatement[]
}

interface Piece { readonly ending: Ending, readonly words: readonly string[], readonly place: Place }

/** Hands made statements out as a lexer hands out those of a text. */
export class StatementLexer extends Lexer {
  readonly #pieces: Piece[] = []
  #at = 0

  constructor(statements: readonly MadeStatement[], file: string) {
    super('', file, () => {})
    this.#flatten(statements)
  }

  #flatten(statements: readonly MadeStatement[]): void {
    for (const { words, place, block } of statements) {
      this.#pieces.push({ ending: block === undefined ? Ending.Simple : Ending.Open, words, place })
      if (block === undefined) continue
      this.#flatten(block)
      this.#pieces.push({ ending: Ending.Close, words: [], place })
    }
  }

  override next(): Ending {
    const piece = this.#pieces[this.#at]
    this.words = []
    this.places = []
    if (piece === undefined) return Ending.End
    this.#at++
    this.words = [...piece.words]
    this.places = piece.words.map(() => ({ ...piece.place, reported: piece.place.line }))
    this.line = piece.place.line
    return piece.ending
  }

  override here(): { -readonly [K in keyof Place]: Place[K] } {
    return { ...this.#pieces[Math.max(0, this.#at - 1)]!.place }
  }

  override skipBlock(): void {
    for (let depth = 1; depth > 0;) {
      const ending = this.next()
      if (ending === Ending.End) return
      depth += ending === Ending.Open ? 1 : ending === Ending.Close ? -1 : 0
    }
  }

  override stop(): Ending {
    this.broken = true
    this.#at = this.#pieces.length
    return Ending.End
  }
}

/**
 * nginx's configuration lexer (nginx.md §1.1), pulled one directive at a time. It never throws: a mistake goes to
 * `report`, and the lexer goes on where a reader would: behind the `;`, behind the block, or at the end of the text.
 */
import type { Place } from '../core/place.ts'
import { endOfRaw } from './raw.ts'

/** What ended the words that were read: `;`, `{`, a `}` (no words), or the end of the text (no words). */
export const Ending = { Simple: 0, Open: 1, Close: 2, End: 3 } as const
export type Ending = (typeof Ending)[keyof typeof Ending]

/** Takes a mistake that the lexer found: nginx's message, where the caret belongs, one suggestion. */
export type Report = (message: string, place: Place, note: string | null) => void

/** A place whose length and reported line are not known yet. */
type Building = { -readonly [K in keyof Place]: Place[K] }

/** nginx's buffer: a word, with the character that ends it, must be shorter than this many bytes. */
const BUFFER = 4096

const TAB = 9, LF = 10, CR = 13, SPACE = 32, DOUBLE = 34, SHARP = 35, DOLLAR = 36, SINGLE = 39
const PARENTHESIS = 41, SEMICOLON = 59, BACKSLASH = 92, OPEN = 123, CLOSE = 125

/** Reads one configuration text; `file` null means the parameter of `-g`. `text` is a byte string. */
export class Lexer {
  readonly file: string | null
  /**
   * The words of the directive read last, with quotes and escapes resolved, and their places; fresh arrays each time.
   */
  words: string[] = []
  places: Building[] = []
  /** The line of the character read last, from 1. */
  line = 1
  /** True when the rest cannot be read and this was reported. */
  broken = false
  /**
   * The last word that ends in a `}` which closes nothing, as in `root x}`: the likely reason of a block that stays
   * open.
   */
  glued: Place | null = null
  readonly #text: string
  readonly #report: Report
  #pos = 0
  #lineStart = 0
  /** The text of the line that begins at `#lineCached`: a file may be one line of a million words. */
  #source = ''
  #lineCached = -1
  #muted = false
  /** The place and the message of a mistake inside the present directive, which is to be dropped when it ends. */
  #spoiled = false

  constructor(text: string, file: string | null, report: Report) {
    this.#text = text
    this.file = file
    this.#report = report
  }

  /** Reads the next directive, or the `}` or the end that stands in its place. */
  next(): Ending {
    for (;;) {
      this.words = []
      this.places = []
      this.#spoiled = false
      const ending = this.#statement()
      for (const place of this.places) place.reported = this.line
      // While a block is skipped, what is wrong in it does not matter, but its braces do.
      if (!this.#spoiled || this.#muted) return ending
      if (ending === Ending.Open) this.skipBlock()
      else if (ending !== Ending.Simple) return ending
    }
  }

  #statement(): Ending {
    for (;;) {
      const c = this.#nextStart()
      if (c === -1) return this.#end()
      if (c === SEMICOLON || c === OPEN) {
        this.#pos++
        if (this.words.length > 0) return c === OPEN ? Ending.Open : Ending.Simple
        this.#fail(`unexpected "${String.fromCharCode(c)}"`, this.#placeAt(this.#pos - 1, 1))
        this.#spoiled = true
        return c === OPEN ? Ending.Open : Ending.Simple
      }
      if (c === CLOSE) {
        this.#pos++
        if (this.words.length > 0) this.#missingSemicolon()
        return Ending.Close
      }
      const ending = c === DOUBLE || c === SINGLE ? this.#quoted(c) : this.#bare()
      if (ending !== null) return ending
    }
  }

  /** Skips blanks and comments; the code of the character where a word, `;`, `{` or `}` starts, or -1 at the end. */
  #nextStart(): number {
    const text = this.#text
    while (this.#pos < text.length) {
      const c = text.charCodeAt(this.#pos)
      if (c === SHARP) {
        const end = text.indexOf('\n', this.#pos)
        this.#pos = end < 0 ? text.length : end
      } else if (c === LF) {
        this.#pos++
        this.#newLine()
      } else if (c === SPACE || c === TAB || c === CR) {
        this.#pos++
      } else {
        return c
      }
    }
    return -1
  }

  #bare(): Ending | null {
    const text = this.#text
    const start = this.#pos
    const line = this.line
    const place = this.#placeAt(start, 1)
    let variable = false
    let escaped = false
    for (;;) {
      if (this.#pos >= text.length) return this.#endInWord(place, null)
      if (this.#overrun(start)) return this.#tooLong(place, line, start, null)
      const c = text.charCodeAt(this.#pos++)
      if (c === LF) this.#newLine()
      if (escaped) {
        escaped = false
        continue
      }
      if (c === OPEN && variable) continue
      variable = c === DOLLAR
      if (c === BACKSLASH) escaped = true
      else if (c === SPACE || c === TAB || c === CR || c === LF || c === SEMICOLON || c === OPEN) {
        this.#add(text.slice(start, this.#pos - 1), place, this.#pos - 1 - start)
        if (text.charCodeAt(this.#pos - 2) === CLOSE && !text.slice(start, this.#pos).includes('{')) this.glued = place
        if (c === SEMICOLON) return Ending.Simple
        if (c === OPEN) return Ending.Open
        return this.#overrun(start) ? this.#tooLong(place, line, start, null) : null
      }
    }
  }

  #quoted(quote: number): Ending | null {
    const text = this.#text
    const place = this.#placeAt(this.#pos, 1)
    const line = this.line
    const start = ++this.#pos
    let escaped = false
    for (;;) {
      if (this.#pos >= text.length) return this.#endInWord(place, quote)
      if (this.#overrun(start)) return this.#tooLong(place, line, start, quote)
      const c = text.charCodeAt(this.#pos++)
      if (c === LF) this.#newLine()
      if (escaped) escaped = false
      else if (c === BACKSLASH) escaped = true
      else if (c === quote) break
    }
    this.#add(text.slice(start, this.#pos - 1), place, this.#pos - start + 1)
    return this.#afterQuote(place, line, start)
  }

  /** After a closing quote only a blank, `;`, `{` or `)` may follow; `)` begins a new word, for `if ($a = "x")`. */
  #afterQuote(place: Place, line: number, start: number): Ending | null {
    if (this.#pos >= this.#text.length) return null
    if (this.#overrun(start)) return this.#tooLong(place, line, start, null)
    const c = this.#text.charCodeAt(this.#pos)
    if (c === SEMICOLON || c === OPEN) {
      this.#pos++
      return c === OPEN ? Ending.Open : Ending.Simple
    }
    if (c === SPACE || c === TAB || c === CR || c === LF || c === PARENTHESIS) return null
    this.#fail(`unexpected "${String.fromCharCode(c)}"`, this.#placeAt(this.#pos, 1),
      `a blank or ";" must follow the closing ${String.fromCharCode(this.#text.charCodeAt(start - 1))}`)
    this.#spoiled = true
    return null
  }

  #add(raw: string, place: Building, length: number): void {
    const rest = place.text.length - place.column + 1
    place.length = Math.max(1, Math.min(length, rest))
    this.words.push(raw.includes('\\') ? unescape(raw) : raw)
    this.places.push(place)
  }

  #end(): Ending {
    if (this.words.length > 0) {
      const last = this.places[this.places.length - 1]!
      return this.#endInWord(last, null)
    }
    return Ending.End
  }

  #endInWord(place: Place, quote: number | null): Ending {
    const what = this.file === null ? 'unexpected end of parameter, expecting ";"' :
      'unexpected end of file, expecting ";" or "}"'
    this.#fail(what, place, quote === null ? this.gluedNote() : 'the quote that begins here is not closed')
    return this.#stop()
  }

  /** A note about `glued`, or null. */
  gluedNote(): string | null {
    if (this.glued === null) return null
    return `the "}" on line ${this.glued.line} is part of a word; put ";" and a blank before it`
  }

  #overrun(start: number): boolean {
    return this.#pos - start >= BUFFER && this.file !== null && this.#pos < this.#text.length
  }

  #tooLong(place: Place, line: number, start: number, quote: number | null): Ending {
    this.line = line
    if (quote === null) {
      const first = this.#text.slice(start, start + 10)
      this.#fail(`too long parameter "${first}..." started`, place, `a word may have ${BUFFER - 1} bytes`)
    } else {
      this.#fail(`too long parameter, probably missing terminating "${String.fromCharCode(quote)}" character`, place,
        'the quote that begins here is not closed')
    }
    return this.#stop()
  }

  #missingSemicolon(): void {
    const last = this.places[this.places.length - 1]!
    this.#fail('unexpected "}"', this.#placeAt(this.#pos - 1, 1),
      `";" is missing after "${last.text.slice(last.column - 1, last.column - 1 + last.length)}" on line ${last.line}`)
    this.words = []
    this.places = []
  }

  #newLine(): void {
    this.line++
    this.#lineStart = this.#pos
  }

  /** Ends the text here: nothing more is read from it. */
  stop(): void {
    this.#stop()
  }

  #stop(): Ending {
    this.broken = true
    this.#pos = this.#text.length
    this.words = []
    this.places = []
    this.#spoiled = false
    return Ending.End
  }

  #fail(message: string, place: Place, note: string | null = null): void {
    if (this.#muted || this.#spoiled) return
    this.#report(message, { ...place, reported: this.line }, note)
  }

  /** The place of the character read last. */
  here(): Place {
    return this.#placeAt(Math.max(this.#lineStart, this.#pos - 1), 1)
  }

  #placeAt(pos: number, length: number): Building {
    const column = pos - this.#lineStart + 1
    return { file: this.file, line: this.line, column, length, text: this.#lineText(), reported: this.line }
  }

  #lineText(): string {
    if (this.#lineCached !== this.#lineStart) {
      const end = this.#text.indexOf('\n', this.#lineStart)
      const line = this.#text.slice(this.#lineStart, end < 0 ? this.#text.length : end)
      this.#source = line.endsWith('\r') ? line.slice(0, -1) : line
      this.#lineCached = this.#lineStart
    }
    return this.#source
  }

  /** Skips the block whose `{` was read last, to its `}`, without a word about what is wrong in it. */
  skipBlock(): void {
    const muted = this.#muted
    this.#muted = true
    for (let depth = 1; depth > 0;) {
      const ending = this.next()
      if (ending === Ending.Open) depth++
      else if (ending === Ending.Close) depth--
      else if (ending === Ending.End) {
        this.broken = true
        break
      }
    }
    this.#muted = muted
  }

  /**
   * Takes the text of the block whose `{` was read last, up to its `}`, which is read too. Braces in strings and in
   * comments (`#…`, `//…`, slash-star, as in Kamailio's language) do not count. Null when the text ends first, which is
   * not reported.
   */
  rawBlock(): { text: string, place: Place } | null {
    const start = this.#pos
    const place = this.#placeAt(start, 1)
    const end = endOfRaw(this.#text, start)
    this.#pos = end < 0 ? this.#text.length : end + 1
    const text = this.#text.slice(start, end < 0 ? this.#text.length : end)
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
      this.line++
      this.#lineStart = start + i + 1
    }
    return end < 0 ? null : { text, place }
  }
}

/** Resolves `\"` `\'` `\\` `\t` `\r` `\n`; any other backslash stays, so that regular expressions survive. */
function unescape(raw: string): string {
  let out = ''
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i]!
    const known = c === '\\' ? escapes[raw[i + 1] ?? ''] : undefined
    if (known !== undefined) i++
    out += known ?? c
  }
  return out
}

const escapes: Record<string, string> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' }

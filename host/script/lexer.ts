/**
 * The lexer of Kamailio's language (kamailio.md §9.1): one text, token after token. It never throws: a mistake goes to `report`, and reading
 * goes on behind it. Preprocessor words come out as tokens of their own kind; their arguments are asked for by `restOfLine`.
 */
import type { Place } from '../core/place.ts'
import { suggest } from '../core/suggest.ts'
import { unescape } from './escapes.ts'
import { endOfSelect, endOfVariable } from './span.ts'
import { Kind } from './token.ts'
import type { Token } from './token.ts'

/** Takes a mistake: message, where the caret belongs, one suggestion; `warn` for what does not prevent the start. */
export type Report = (message: string, place: Place, note?: string | null, level?: 'warn' | 'emerg') => void

/** The words that `#!` or `!!` may begin. */
export const directives = [
  'define', 'def', 'trydefine', 'trydef', 'redefine', 'redef', 'ifdef', 'ifndef', 'else', 'endif', 'subst', 'substdef', 'substdefs',
  'defenv', 'defenvs', 'trydefenv', 'trydefenvs', 'include_file', 'import_file',
] as const
const known = new Set<string>(directives)

const DIRECTIVE = /(?:#!|!!)([A-Za-z_]+)(?![^ \t\r\n"'/])/y
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /[0-9][0-9A-Za-z_]*/y
const SIGN = /\|\||&&|<<|>>|==|!=|=~|>=|<=|[-|&^<>=+*/!~(){}[\],;:.?%]/y
const BLANKS = /[ \t\r\n]*/y

const TAB = 9, LF = 10, CR = 13, SPACE = 32, DOUBLE = 34, SHARP = 35, DOLLAR = 36, SINGLE = 39, STAR = 42, SLASH = 47, AT = 64
const BACKSLASH = 92

/** Reads one text that begins at `place` (its line, column and line text), by default at the start of a file. */
export class ScriptLexer {
  readonly file: string | null
  readonly #text: string
  readonly #report: Report
  /** Column of the text's first character minus one, and the whole line it stands in. */
  readonly #firstColumn: number
  readonly #firstLine: string | null
  #pos = 0
  #line: number
  #lineStart = 0
  #lineCached = -1
  #source = ''

  constructor(text: string, file: string | null, report: Report, begins: Place | null = null) {
    this.#text = text
    this.file = file
    this.#report = report
    this.#line = begins?.line ?? 1
    this.#firstColumn = begins === null ? 0 : begins.column - 1
    this.#firstLine = begins?.text ?? null
    if (begins === null && text.startsWith('\xef\xbb\xbf')) this.#pos = this.#lineStart = 3
  }

  /** The next token; of kind End, again and again, when the text is over. */
  next(): Token {
    for (;;) {
      const before = this.#pos
      const directive = this.#skip()
      if (directive !== null) return directive
      const glued = this.#pos === before
      if (this.#pos >= this.#text.length) return this.#token(Kind.End, '', this.#pos, glued)
      const token = this.#read(glued)
      if (token !== null) return token
    }
  }

  /** Skips blanks and comments; a preprocessor word found among them is returned. */
  #skip(): Token | null {
    const text = this.#text
    while (this.#pos < text.length) {
      const c = text.charCodeAt(this.#pos)
      if (c === LF) this.#newLine(++this.#pos)
      else if (c === SPACE || c === TAB || c === CR) this.#pos++
      else if (c === SHARP || (c === 33 && text.charCodeAt(this.#pos + 1) === 33)) {
        const directive = this.#directive(c === SHARP)
        if (directive !== null) return directive
        if (c !== SHARP) return null
        this.#pos = this.#endOfLine()
      } else if (c === SLASH && text.charCodeAt(this.#pos + 1) === SLASH) this.#pos = this.#endOfLine()
      else if (c === SLASH && text.charCodeAt(this.#pos + 1) === STAR) this.#comment()
      else return null
    }
    return null
  }

  #directive(hash: boolean): Token | null {
    DIRECTIVE.lastIndex = this.#pos
    const found = DIRECTIVE.exec(this.#text)
    if (found === null) return null
    const word = found[1]!
    const start = this.#pos
    if (known.has(word)) {
      this.#pos = DIRECTIVE.lastIndex
      return this.#token(Kind.Directive, word, start, false)
    }
    const meant = hash ? suggest(word, directives) : null
    if (meant !== null) this.#report(`"#!${word}" is a comment`, this.#placeAt(start, found[0].length), `did you mean "#!${meant}"?`, 'warn')
    return null
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#pos)
    return end < 0 ? this.#text.length : end
  }

  /** Skips a comment in slash and star; they nest. */
  #comment(): void {
    const text = this.#text
    const place = this.#placeAt(this.#pos, 2)
    let depth = 0
    while (this.#pos < text.length) {
      const c = text.charCodeAt(this.#pos++)
      if (c === LF) this.#newLine(this.#pos)
      else if (c === SLASH && text.charCodeAt(this.#pos) === STAR) {
        this.#pos++
        depth++
      } else if (c === STAR && text.charCodeAt(this.#pos) === SLASH) {
        this.#pos++
        if (--depth === 0) return
      }
    }
    this.#report('unexpected end of file in a comment', place, 'the comment that begins here is not closed; comments nest')
  }

  #read(glued: boolean): Token | null {
    const start = this.#pos
    const c = this.#text.charCodeAt(start)
    if (c === DOUBLE) return this.#strings(glued)
    if (c === SINGLE) return this.#single(glued)
    if (c === DOLLAR) return this.#spanned(Kind.Variable, endOfVariable(this.#text, start), glued)
    if (c === AT) return this.#spanned(Kind.Select, endOfSelect(this.#text, start), glued)
    return this.#matched(Kind.Word, WORD, glued) ?? this.#matched(Kind.Number, NUMBER, glued) ??
      this.#matched(Kind.Sign, SIGN, glued) ?? this.#strange(start)
  }

  #matched(kind: Kind, pattern: RegExp, glued: boolean): Token | null {
    pattern.lastIndex = this.#pos
    const found = pattern.exec(this.#text)
    if (found === null) return null
    const start = this.#pos
    this.#pos = pattern.lastIndex
    return this.#token(kind, found[0], start, glued)
  }

  #spanned(kind: Kind, end: number, glued: boolean): Token | null {
    const start = this.#pos
    if (end >= 0) {
      this.#pos = end
      return this.#token(kind, this.#text.slice(start, end), start, glued)
    }
    const what = kind === Kind.Variable ? 'variable' : 'select'
    this.#pos++
    const opened = kind === Kind.Variable && /^\$\w*\(/.test(this.#text.slice(start, start + 200))
    if (opened) this.#pos = this.#endOfLine()
    this.#report(`invalid ${what}`, this.#placeAt(start, 1), opened ? 'the "(" behind it is not closed in this line' :
      kind === Kind.Variable ? 'it is written "$name", "$name(inner)" or "$(name(inner){transformation})"' : 'it is written "@name.name[index]"')
    return null
  }

  /** A character that begins nothing. Of a file that is no text one mistake says all. */
  #strange(start: number): null {
    const c = this.#text.charCodeAt(start)
    const place = this.#placeAt(start, 1)
    if (c < 32 || c === 127) {
      this.#report('unexpected control character', place, 'the file is not a text')
      this.#pos = this.#text.length
      return null
    }
    while (this.#pos < this.#text.length && this.#text.charCodeAt(this.#pos) > 127) this.#pos++
    if (this.#pos === start) this.#pos++
    const length = this.#pos - start
    this.#report(`unexpected "${this.#text.slice(start, Math.min(this.#pos, start + 60))}"`, { ...place, length: this.#inLine(start, length) })
    return null
  }

  /** One or several strings in double quotes, which join. */
  #strings(glued: boolean): Token {
    const place = this.#placeAt(this.#pos, 1)
    const start = this.#pos
    let value = ''
    let end = start
    for (;;) {
      value += this.#double()
      if (end === start) end = this.#pos
      const { line, lineStart, pos } = { line: this.#line, lineStart: this.#lineStart, pos: this.#pos }
      this.#skipBlanks()
      if (this.#text.charCodeAt(this.#pos) === DOUBLE) continue
      this.#line = line
      this.#lineStart = lineStart
      this.#pos = pos
      return { kind: Kind.String, text: value, place: withLength(place, end - start), glued, raw: false, from: null }
    }
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#pos
    BLANKS.test(this.#text)
    const end = BLANKS.lastIndex
    this.#passLines(end)
  }

  /** The value of the string whose `"` stands at the present position. */
  #double(): string {
    const text = this.#text
    const place = this.#placeAt(this.#pos, 1)
    const start = ++this.#pos
    let escaped = false
    for (; this.#pos < text.length; this.#pos++) {
      const c = text.charCodeAt(this.#pos)
      if (c === DOUBLE) {
        const raw = text.slice(start, this.#pos++)
        return escaped ? unescape(raw) : raw
      }
      if (c === BACKSLASH) {
        escaped = true
        if (text.charCodeAt(++this.#pos) === LF) this.#newLine(this.#pos + 1)
      } else if (c === LF) this.#newLine(this.#pos + 1)
    }
    this.#pos = text.length
    this.#report('unexpected end of file in a string', place, 'the quote that begins here is not closed')
    return text.slice(start)
  }

  #single(glued: boolean): Token {
    const start = this.#pos
    const place = this.#placeAt(start, 1)
    let end = this.#text.indexOf("'", start + 1)
    if (end < 0) {
      this.#report('unexpected end of file in a string', place, 'the quote that begins here is not closed')
      end = this.#text.length
    }
    this.#passLines(Math.min(end + 1, this.#text.length))
    return { kind: Kind.String, text: this.#text.slice(start + 1, end), place: withLength(place, this.#pos - start), glued, raw: true, from: null }
  }

  /**
   * What stands between the present position and the end of the line, without blanks at both ends; a backslash before a line end continues
   * the line. The place is that of its first character.
   */
  restOfLine(): { text: string, place: Place } {
    const source = this.#text
    while (source.charCodeAt(this.#pos) === SPACE || source.charCodeAt(this.#pos) === TAB) this.#pos++
    const place = this.#placeAt(this.#pos, 1)
    let text = ''
    for (;;) {
      const end = this.#endOfLine()
      const line = source.slice(this.#pos, end).replace(/\r$/, '')
      this.#pos = end
      if (!line.endsWith('\\') || end >= source.length) {
        text = (text + line).trim()
        return { text, place: withLength(place, text.length) }
      }
      text += `${line.slice(0, -1)} `
      this.#newLine(++this.#pos)
    }
  }

  /**
   * Skips text that need not be the language to the next `#!` word of `words` in it; that token, or null at the end of the text.
   */
  skipTo(words: RegExp): Token | null {
    words.lastIndex = this.#pos
    const found = words.exec(this.#text)
    const end = found === null ? this.#text.length : found.index
    this.#passLines(end)
    if (found === null) return null
    this.#pos += found[0].length
    return this.#token(Kind.Directive, found[1]!, end, false)
  }

  /** Gives the rest of the text up. */
  stop(): void {
    this.#pos = this.#text.length
  }

  /** Goes to `end` and counts the lines on the way. */
  #passLines(end: number): void {
    for (; this.#pos < end; this.#pos++) if (this.#text.charCodeAt(this.#pos) === LF) this.#newLine(this.#pos + 1)
  }

  #newLine(start: number): void {
    this.#line++
    this.#lineStart = start
  }

  #token(kind: Kind, text: string, start: number, glued: boolean): Token {
    return { kind, text, place: this.#placeAt(start, Math.max(1, this.#pos - start)), glued, raw: false, from: null }
  }

  #inLine(pos: number, length: number): number {
    return Math.max(1, Math.min(length, this.#lineText().length - (pos - this.#lineStart)))
  }

  #placeAt(pos: number, length: number): Place {
    const first = this.#lineStart === 0 && this.#firstLine !== null
    const column = pos - this.#lineStart + 1 + (first ? this.#firstColumn : 0)
    return { file: this.file, line: this.#line, column, length, text: first ? this.#firstLine! : this.#lineText() }
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
}

/** The place with a length that stays within its line. */
function withLength(place: Place, length: number): Place {
  return { ...place, length: Math.max(1, Math.min(length, place.text.length - place.column + 1)) }
}

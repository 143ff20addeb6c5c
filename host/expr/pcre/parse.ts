import type { Node, Parsed, RepeatMode } from './ast.ts'
import { PatternError, keepOut } from './ast.ts'
import { readByteEscape, readOctal } from './escapes.ts'
import { readClass } from './classes.ts'
import { Groups, Unsupported } from './groups.ts'
import { Reader } from './reader.ts'
import { anyByte, complement, foldCase, notNewline, setOf, typeSets } from './sets.ts'

/** Options that a pattern can change inside itself. */
export interface Options {
  caseless: boolean
  multiline: boolean
  dotAll: boolean
  extended: boolean
  extraExtended: boolean
  ungreedy: boolean
  duplicateNames: boolean
  noCapture: boolean
}

/** PCRE2 refuses deeper nesting by default. */
const deepest = 250

const crlf: Node = { kind: 'sequence', items: [{ kind: 'set', set: setOf('\r') }, { kind: 'set', set: setOf('\n') }] }

/** What follows a backslash and stands for no byte of its own. */
const assertions: Readonly<Record<string, Node>> = {
  A: { kind: 'assertion', at: 'start' }, G: { kind: 'assertion', at: 'start' }, z: { kind: 'assertion', at: 'end' },
  Z: { kind: 'assertion', at: 'dollar' }, b: { kind: 'assertion', at: 'word' }, B: { kind: 'assertion', at: 'notWord' },
}

const items: Readonly<Record<string, Node>> = {
  N: { kind: 'set', set: notNewline }, C: { kind: 'set', set: anyByte },
  K: keepOut,
  R: { kind: 'atomic', body: { kind: 'choice', items: [crlf, { kind: 'set', set: typeSets['v']! }] } },
  X: { kind: 'atomic', body: { kind: 'choice', items: [crlf, { kind: 'set', set: anyByte }] } },
}

/** Reads a pattern of PCRE2's language (bytes, no UTF). Throws PatternError with PCRE2's words, or Unsupported. */
export function parsePattern(text: string, caseless: boolean): Parsed {
  const parser = new Parser(text, caseless)
  return parser.parse()
}

/** One pattern being read; `groups` reads what begins with a bracket. */
export class Parser {
  readonly reader: Reader
  options: Options
  depth = 0
  private readonly groups: Groups

  constructor(text: string, caseless: boolean) {
    this.reader = new Reader(text)
    this.options = {
      caseless, multiline: false, dotAll: false, extended: false, extraExtended: false, ungreedy: false, duplicateNames: false, noCapture: false,
    }
    this.groups = new Groups(this)
  }

  parse(): Parsed {
    this.leadingVerbs()
    const root = this.choice(false)
    if (!this.reader.done) throw new PatternError('unmatched closing parenthesis', this.reader.position)
    return this.groups.finish(root)
  }

  private leadingVerbs(): void {
    const { reader } = this
    for (let verb = reader.match(/\(\*([A-Z_0-9]+)(?:=\d+)?\)/y); verb !== null; verb = reader.match(/\(\*([A-Z_0-9]+)(?:=\d+)?\)/y)) {
      const name = verb[1]!
      if (/^(UTF8?|UCP|CR|CRLF|ANY|ANYCRLF|NUL|BSR_ANYCRLF|NOTEMPTY|NOTEMPTY_ATSTART)$/.test(name)) throw new Unsupported(verb[0])
      if (!/^(LF|BSR_UNICODE|NO_[A-Z_]+|LIMIT_[A-Z]+)$/.test(name)) {
        reader.position -= verb[0].length
        return
      }
    }
  }

  /** Alternatives up to a closing bracket or the end. With `reset` (`(?|`) each numbers its groups from the same start. */
  choice(reset: boolean): Node {
    if (++this.depth > deepest) throw new PatternError('parentheses are too deeply nested', this.reader.position)
    const { groups } = this
    const first = groups.count
    let most = first
    const alternatives = [this.sequence()]
    most = Math.max(most, groups.count)
    while (this.reader.take('|')) {
      if (reset) groups.count = first
      alternatives.push(this.sequence())
      most = Math.max(most, groups.count)
    }
    groups.count = most
    this.depth--
    return alternatives.length === 1 ? alternatives[0]! : { kind: 'choice', items: alternatives }
  }

  private sequence(): Node {
    const { reader } = this
    const list: Node[] = []
    /** Whether a quantifier may follow. */
    let repeatable = false
    for (;;) {
      this.skipIgnored()
      const c = reader.peek()
      if (c === '' || c === '|' || c === ')') break
      const repeat = this.quantifier()
      if (repeat !== null) {
        if (!repeatable) throw new PatternError('quantifier does not follow a repeatable item', reader.position - 1)
        repeatable = false
        list.push(this.finishRepeat(list.pop()!, repeat))
        continue
      }
      if (reader.take('\\Q')) {
        repeatable = this.quoted(list) || repeatable
        continue
      }
      if (reader.take('\\E')) continue
      const node = this.item()
      if (node === null) {
        repeatable = false
        continue
      }
      list.push(node)
      repeatable = node.kind !== 'assertion' && node !== keepOut
    }
    return list.length === 1 ? list[0]! : { kind: 'sequence', items: list }
  }

  /** Comments anywhere, white space with `x`. */
  private skipIgnored(): void {
    const { reader } = this
    for (;;) {
      if (reader.rest(3) === '(?#') {
        const end = reader.text.indexOf(')', reader.position)
        if (end < 0) throw new PatternError('missing ) after (?# comment', reader.length)
        reader.position = end + 1
      } else if (!this.options.extended || reader.match(/[ \t\n\v\f\r]+|#[^\n]*\n?/y) === null) return
    }
  }

  private quoted(list: Node[]): boolean {
    const { reader } = this
    const end = reader.text.indexOf('\\E', reader.position)
    const text = reader.text.slice(reader.position, end < 0 ? reader.length : end)
    for (let i = 0; i < text.length; i++) list.push(this.literal(text.charCodeAt(i)))
    reader.position = end < 0 ? reader.length : end + 2
    return text !== ''
  }

  private quantifier(): { minimum: number, maximum: number } | null {
    const { reader } = this
    if (reader.take('*')) return { minimum: 0, maximum: Infinity }
    if (reader.take('+')) return { minimum: 1, maximum: Infinity }
    if (reader.take('?')) return { minimum: 0, maximum: 1 }
    const start = reader.position
    const match = reader.match(/\{(\d+)(?:(,)(\d*))?\}/y)
    if (match === null) return null
    const minimum = Number(match[1])
    const maximum = match[2] === undefined ? minimum : match[3] === '' ? Infinity : Number(match[3])
    if (minimum > 65535) throw new PatternError('number too big in {} quantifier', start + 1 + match[1]!.length)
    if (maximum !== Infinity && maximum > 65535) throw new PatternError('number too big in {} quantifier', reader.position - 1)
    if (maximum < minimum) throw new PatternError('numbers out of order in {} quantifier', reader.position - 1)
    return { minimum, maximum }
  }

  private finishRepeat(body: Node, repeat: { minimum: number, maximum: number }): Node {
    let mode: RepeatMode = this.options.ungreedy ? 'lazy' : 'greedy'
    if (this.reader.take('+')) mode = 'possessive'
    else if (this.reader.take('?')) mode = this.options.ungreedy ? 'greedy' : 'lazy'
    return { kind: 'repeat', body, ...repeat, mode }
  }

  /** A byte as it stands in the pattern. */
  literal(byte: number): Node {
    const set = setOf(String.fromCharCode(byte))
    return { kind: 'set', set: this.options.caseless ? foldCase(set) : set }
  }

  /** One item without its quantifier; null for what matches nothing by itself (option settings). */
  private item(): Node | null {
    const { reader, options } = this
    const start = reader.position
    const byte = reader.next()
    switch (String.fromCharCode(byte)) {
      case '^': return { kind: 'assertion', at: options.multiline ? 'lineStart' : 'start' }
      case '$': return { kind: 'assertion', at: options.multiline ? 'lineEnd' : 'dollar' }
      case '.': return { kind: 'set', set: options.dotAll ? anyByte : notNewline }
      case '(': return this.groups.open()
      case '\\': return this.escape()
      case '[': {
        if (/^\[[:.=]/.test(reader.text.slice(start, start + 2)) && /^\[([:.=])[^\\\]]*?\1\]/.test(reader.text.slice(start))) {
          throw new PatternError(reader.text[start + 1] === ':' ? 'POSIX named classes are supported only within a class'
            : 'POSIX collating elements are not supported', start)
        }
        return { kind: 'set', set: readClass(reader, options.caseless, options.extraExtended) }
      }
      default: return this.literal(byte)
    }
  }

  private escape(): Node {
    const { reader } = this
    if (reader.done) throw new PatternError('\\ at end of pattern', reader.length)
    const letter = String.fromCharCode(reader.next())
    if (letter === 'N' && reader.peek() === '{' && !/^\{\d+(,\d*)?\}/.test(reader.rest(16))) {
      throw new PatternError(reader.rest(3) === '{U+' ? '\\N{U+dddd} is supported only in Unicode (UTF) mode'
        : 'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u', reader.position)
    }
    const known = assertions[letter] ?? items[letter]
    if (known !== undefined) return known
    const type = typeSets[letter.toLowerCase()]
    if (type !== undefined && /[a-zA-Z]/.test(letter)) {
      return { kind: 'set', set: letter === letter.toLowerCase() ? type : complement(type) }
    }
    if (letter === 'p' || letter === 'P') return { kind: 'set', set: reader.property(letter === 'P', this.options.caseless) }
    if (letter === 'g') return this.groups.referenceG()
    if (letter === 'k') return this.groups.referenceK()
    if (/[1-9]/.test(letter)) return this.numbered(letter)
    const byte = readByteEscape(reader, letter)
    if (byte === null) throw new PatternError('unrecognized character follows \\', reader.position - 1)
    return this.literal(byte)
  }

  /** A backslash and a number: a reference when it is below 10 or such a group has begun, else octal. */
  private numbered(first: string): Node {
    const { reader } = this
    const start = reader.position
    const number = Number(first + reader.match(/\d*/y)![0])
    if (number < 10 || first >= '8' || number <= this.groups.count) return this.groups.reference(number, reader.position - 1)
    reader.position = start
    return this.literal(readOctal(reader, first))
  }
}

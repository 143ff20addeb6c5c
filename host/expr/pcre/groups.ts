import type { Node, Parsed } from './ast.ts'
import type { Options, Parser } from './parse.ts'
import { PatternError, fixedLength, keepOut } from './ast.ts'

/** A construct of PCRE2 that is understood but not built: `what` as it stands in the pattern. */
export class Unsupported extends Error {
  readonly what: string
  constructor(what: string) {
    super(`"${what}" is not supported`)
    this.what = what
  }
}

const letters: Readonly<Record<string, keyof Options>> = {
  i: 'caseless', m: 'multiline', s: 'dotAll', x: 'extended', U: 'ungreedy', J: 'duplicateNames', n: 'noCapture',
}

/** Everything in a pattern that has to do with groups: brackets, names, references. */
export class Groups {
  private readonly parser: Parser
  /** Capture groups begun so far; inside of `(?|` it goes back. */
  count = 0
  private most = 0
  private readonly names: { name: string, index: number }[] = []
  private readonly references: { number: number, offset: number }[] = []
  private readonly named: { name: string, offset: number, numbers: number[] }[] = []

  constructor(parser: Parser) {
    this.parser = parser
  }

  /** Reads what follows a `(` up to and including its `)`; null for a bracket that only sets options. */
  open(): Node | null {
    const { reader } = this.parser
    const start = reader.position - 1
    if (reader.peek() === '*' && /^\*[A-Za-z:]/.test(reader.rest(2))) return this.verb()
    if (!reader.take('?')) return this.parser.options.noCapture ? this.close(this.body()) : this.capture(null)
    const c = reader.peek()
    switch (c) {
      case ':': reader.position++; return this.close(this.body())
      case '|': reader.position++; return this.close(this.body(true))
      case '>': reader.position++; return { kind: 'atomic', body: this.close(this.body()) }
      case '=': case '!': reader.position++; return this.look(true, c === '!', start)
      case '<': return this.less(start)
      case "'": reader.position++; return this.capture(this.name("'"))
      case 'P': return this.python()
      case 'R': case '&': case '+': case '(': case 'C': case '*': throw this.unsupported(start)
      default:
        if (/\d/.test(c) || /^-\d/.test(reader.rest(2))) throw this.unsupported(start)
        return this.settings()
    }
  }

  private unsupported(start: number): Unsupported {
    const { text } = this.parser.reader
    const end = text.indexOf(')', start)
    return new Unsupported(text.slice(start, end < 0 ? text.length : Math.min(end + 1, start + 30)))
  }

  /** The alternatives inside of a bracket; options set there end there. */
  private body(reset = false): Node {
    const { parser } = this
    const before = { ...parser.options }
    const node = parser.choice(reset)
    parser.options = before
    return node
  }

  private close(node: Node): Node {
    const { reader } = this.parser
    if (!reader.take(')')) throw new PatternError('missing closing parenthesis', reader.length)
    // A group is one item for a quantifier, and an assertion in brackets may be repeated.
    return node.kind === 'assertion' || node === keepOut ? { kind: 'sequence', items: [node] } : node
  }

  private capture(name: string | null): Node {
    const number = ++this.count
    this.most = Math.max(this.most, number)
    if (name !== null) this.addName(name, number)
    return { kind: 'capture', number, body: this.close(this.body()) }
  }

  private addName(name: string, index: number): void {
    const { reader, options } = this.parser
    for (const known of this.names) {
      if (known.name === name && known.index === index) return
      if (known.name === name && !options.duplicateNames) {
        throw new PatternError('two named subpatterns have the same name (PCRE2_DUPNAMES not set)', reader.position)
      }
      if (known.index === index && known.name !== name) {
        throw new PatternError('different names for subpatterns of the same number are not allowed', reader.position)
      }
    }
    this.names.push({ name, index })
  }

  private look(ahead: boolean, negative: boolean, offset: number): Node {
    return { kind: 'look', ahead, negative, body: this.close(this.body()), offset }
  }

  private less(start: number): Node {
    const { reader } = this.parser
    if (reader.take('<=')) return this.look(false, false, start)
    if (reader.take('<!')) return this.look(false, true, start)
    if (reader.rest(2) === '<*') throw this.unsupported(start)
    reader.position++
    return this.capture(this.name('>'))
  }

  private python(): Node {
    const { reader } = this.parser
    const start = reader.position - 2
    reader.position++
    if (reader.take('<')) return this.capture(this.name('>'))
    if (reader.take('=')) {
      const offset = reader.position
      return this.namedReference(this.name(')'), offset)
    }
    if (reader.take('>')) {
      this.name(')')
      throw this.unsupported(start)
    }
    if (reader.done) throw new PatternError('missing closing parenthesis', reader.length)
    throw new PatternError('unrecognized character after (?P', reader.position)
  }

  /** Reads a group's name and the character that ends it. */
  private name(terminator: string): string {
    const { reader } = this.parser
    const start = reader.position
    if (/[0-9]/.test(reader.peek())) throw new PatternError('subpattern name must start with a non-digit', start)
    const name = reader.match(/\w*/y)![0]
    if (name === '') throw new PatternError('subpattern name expected', start)
    if (name.length > 32) throw new PatternError('subpattern name is too long (maximum 32 code units)', reader.position)
    if (!reader.take(terminator)) throw new PatternError('syntax error in subpattern name (missing terminator?)', reader.position)
    return name
  }

  /** `(?i)`, `(?i-s:…)`, `(?^x)`. */
  private settings(): Node | null {
    const { reader } = this.parser
    const changed: Options = { ...this.parser.options }
    if (reader.take('^')) changed.caseless = changed.multiline = changed.noCapture = changed.dotAll = changed.extended = changed.extraExtended = false
    let on = true
    let hyphen = reader.text[reader.position - 1] !== '^'
    for (;;) {
      if (reader.done) throw new PatternError('missing closing parenthesis', reader.length)
      if (reader.take(')')) {
        this.parser.options = changed
        return null
      }
      if (reader.take(':')) return this.scoped(changed)
      if (reader.take('-')) {
        if (!hyphen) throw new PatternError('invalid hyphen in option setting', reader.position - 1)
        on = hyphen = false
        continue
      }
      const letter = reader.peek()
      const option = letters[letter]
      if (option === undefined) throw new PatternError('unrecognized character after (? or (?-', reader.position)
      reader.position++
      changed[option] = on
      if (option === 'extended') changed.extraExtended = on && reader.take('x')
    }
  }

  private scoped(options: Options): Node {
    const before = this.parser.options
    this.parser.options = options
    const node = this.body()
    this.parser.options = before
    return this.close(node)
  }

  private verb(): Node {
    const { reader } = this.parser
    const start = reader.position - 1
    const match = reader.match(/\*([A-Za-z_]*)/y)!
    const name = match[1]!
    if ((name === 'F' || name === 'FAIL') && reader.take(')')) return { kind: 'fail' }
    if (/^(ACCEPT|COMMIT|PRUNE|SKIP|THEN|MARK|)$/.test(name) || /^[a-z]/.test(name)) throw this.unsupported(start)
    throw new PatternError('(*VERB) not recognized or malformed', reader.position)
  }

  /** A reference to a group by number, checked at the end because the group may come later. */
  reference(number: number, offset: number): Node {
    this.references.push({ number, offset })
    return { kind: 'reference', numbers: [number], caseless: this.parser.options.caseless }
  }

  private namedReference(name: string, offset: number): Node {
    const entry = { name, offset, numbers: [] as number[] }
    this.named.push(entry)
    return { kind: 'reference', numbers: entry.numbers, caseless: this.parser.options.caseless }
  }

  /** What follows `\g`. */
  referenceG(): Node {
    const { reader } = this.parser
    const start = reader.position - 2
    if (reader.peek() === '<' || reader.peek() === "'") throw new Unsupported(reader.text.slice(start, start + 12))
    const braced = reader.take('{')
    const match = reader.match(/([+-]?)(\d+)/y)
    if (match === null) {
      if (braced) {
        const offset = reader.position
        return this.namedReference(this.name('}'), offset)
      }
      throw new PatternError('\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number', reader.position)
    }
    if (braced && !reader.take('}')) {
      throw new PatternError('\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number', reader.position)
    }
    const value = Number(match[2])
    const number = match[1] === '-' ? this.count - value + 1 : match[1] === '+' ? this.count + value : value
    if (number < 1) throw new PatternError('reference to non-existent subpattern', start + 2)
    return this.reference(number, reader.position - 1)
  }

  /** What follows `\k`. */
  referenceK(): Node {
    const { reader } = this.parser
    const terminator = { '<': '>', '{': '}', "'": "'" }[reader.peek()]
    if (terminator === undefined) {
      throw new PatternError('\\k is not followed by a braced, angle-bracketed, or quoted name', reader.position)
    }
    reader.position++
    const offset = reader.position
    return this.namedReference(this.name(terminator), offset)
  }

  /** Checks what could not be checked before the end and puts the parse together. */
  finish(root: Node): Parsed {
    for (const { number, offset } of this.references) {
      if (number > this.most) throw new PatternError('reference to non-existent subpattern', offset)
    }
    for (const { name, offset, numbers } of this.named) {
      for (const known of this.names) if (known.name === name) numbers.push(known.index)
      if (numbers.length === 0) throw new PatternError('reference to non-existent subpattern', offset)
    }
    checkLooks(root, this.parser.reader.length)
    return { root, captures: this.most, names: this.names }
  }
}

function checkLooks(node: Node, length: number): void {
  if (node.kind === 'look' && holdsKeepOut(node.body)) {
    throw new PatternError('\\K is not allowed in lookarounds (but see PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK)', length)
  }
  if (node.kind === 'look' && !node.ahead) {
    const alternatives = node.body.kind === 'choice' ? node.body.items : [node.body]
    if (alternatives.some((item) => fixedLength(item) === null)) {
      throw new PatternError('lookbehind assertion is not fixed length', node.offset)
    }
  }
  if ('items' in node) for (const item of node.items) checkLooks(item, length)
  else if ('body' in node) checkLooks(node.body, length)
}

function holdsKeepOut(node: Node): boolean {
  return node === keepOut || ('items' in node ? node.items.some(holdsKeepOut) : 'body' in node && holdsKeepOut(node.body))
}


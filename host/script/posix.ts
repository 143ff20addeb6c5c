/**
 * POSIX extended regular expressions as glibc reads them (kamailio.md §9.5), run on the engine of host/expr/pcre: in bounded time. Differences: among
 * alternatives the first that fits counts, not the longest (seen only in what `re.subst` replaces); a back reference to a group that took no part fails.
 */
import type { Node } from '../expr/pcre/ast.ts'
import type { Program } from '../expr/pcre/program.ts'
import { ConfigError } from '../core/errors.ts'
import { emitPattern } from '../expr/pcre/emit.ts'
import { Machine } from '../expr/pcre/machine.ts'
import { compileProgram } from '../expr/pcre/program.ts'
import { anyByte, complement, foldCase, notNewline, setOf, typeSets } from '../expr/pcre/sets.ts'
import { readBracket } from './brackets.ts'

/** What regcomp is told: without regard to ASCII case; `newline`: lines are subjects of their own for `.`, `[^…]`, `^` and `$`. */
export interface PosixFlags {
  readonly caseless: boolean
  readonly newline: boolean
}

/** A mistake in a pattern, in regcomp's words. */
export class PosixError extends Error {}

/** How much a pattern may hold once its repetitions are written out, and how deep groups may nest. */
const largest = 10000
const deepest = 100
const mostRepeats = 32767

/** A compiled expression. */
export class PosixRegex {
  readonly source: string
  readonly captures: number
  private readonly native: RegExp | null
  private readonly program: Program
  private machine: Machine | null = null
  private searcher: RegExp | null = null
  /** Where the match that `search` found begins. */
  position = 0

  /** Throws PosixError. */
  constructor(source: string, flags: PosixFlags) {
    const parser = new PosixParser(source, flags)
    const root = parser.parse()
    if (sizeOf(root) > largest) throw new PosixError('Regular expression too big')
    const emitted = emitPattern(root, parser.groups)
    this.source = source
    this.captures = parser.groups
    this.native = emitted === null ? null : new RegExp(emitted.source)
    this.program = compileProgram(root, parser.groups)
  }

  /** Whether it matches somewhere. Throws MatchLimitError for a subject that would take too long. */
  test(subject: string): boolean {
    return this.native === null ? this.groups(subject) !== null : this.native.test(subject)
  }

  /** The groups of the first match at or behind an offset, or null; sets `position`. Throws MatchLimitError. */
  search(subject: string, from: number): readonly (string | undefined)[] | null {
    if (this.native === null) {
      const machine = this.machine ??= new Machine(this.program)
      const groups = machine.match(subject, from)
      this.position = machine.position
      return groups
    }
    const searcher = this.searcher ??= new RegExp(this.native.source, 'g')
    searcher.lastIndex = from
    const groups = searcher.exec(subject)
    if (groups !== null) this.position = groups.index
    return groups
  }

  /** The groups of the first match, group 0 first, or null. Throws MatchLimitError. */
  groups(subject: string): readonly (string | undefined)[] | null {
    if (this.native !== null) return this.native.exec(subject)
    return (this.machine ??= new Machine(this.program)).match(subject)
  }
}

class PosixParser {
  groups = 0
  private readonly text: string
  private readonly flags: PosixFlags
  private at = 0
  private depth = 0

  constructor(text: string, flags: PosixFlags) {
    this.text = text
    this.flags = flags
  }

  parse(): Node {
    const root = this.choice()
    // glibc: a `)` that closes nothing is a character.
    if (this.at < this.text.length) throw new PosixError('Unmatched ) or \\)')
    return root
  }

  private choice(): Node {
    if (++this.depth > deepest) throw new PosixError('Regular expression too big')
    const items = [this.sequence()]
    while (this.text[this.at] === '|') {
      this.at++
      items.push(this.sequence())
    }
    this.depth--
    return items.length === 1 ? items[0]! : { kind: 'choice', items }
  }

  private sequence(): Node {
    const items: Node[] = []
    for (let c = this.text[this.at]; c !== undefined && c !== '|' && !(c === ')' && this.depth > 1); c = this.text[this.at]) {
      items.push(this.repeated(this.item()))
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items }
  }

  /** An item with the repetitions behind it; several in a row are allowed. */
  private repeated(body: Node): Node {
    for (;;) {
      const range = this.repetition()
      if (range === null) return body
      if (body.kind === 'assertion' || isEdge(body)) throw new PosixError('Invalid preceding regular expression')
      const [minimum, maximum] = range
      // Repetitions of the simple kinds in a row are one, so that `a**` costs what `a*` does.
      if (body.kind === 'repeat' && body.maximum === Infinity && maximum === Infinity && body.minimum <= 1 && minimum <= 1) {
        body = { ...body, minimum: Math.min(body.minimum, minimum) }
      } else body = { kind: 'repeat', body, minimum, maximum, mode: 'greedy' }
    }
  }

  private repetition(): readonly [number, number] | null {
    switch (this.text[this.at]) {
      case '*': this.at++; return [0, Infinity]
      case '+': this.at++; return [1, Infinity]
      case '?': this.at++; return [0, 1]
      case '{': break
      default: return null
    }
    const interval = /\{(\d{0,9})(?:(,)(\d{0,9}))?\}/y
    interval.lastIndex = this.at
    const match = interval.exec(this.text)
    if (match === null || match[0] === '{}') throw new PosixError(this.text.includes('}', this.at) ? 'Invalid content of \\{\\}' : 'Unmatched \\{')
    this.at += match[0].length
    const minimum = Number(match[1])
    const maximum = match[2] === undefined ? minimum : match[3] === '' ? Infinity : Number(match[3])
    if (maximum < minimum) throw new PosixError('Invalid content of \\{\\}')
    if (minimum > mostRepeats || (maximum !== Infinity && maximum > mostRepeats)) throw new PosixError('Regular expression too big')
    return [minimum, maximum]
  }

  private item(): Node {
    const c = this.text[this.at++]!
    switch (c) {
      case '^': return { kind: 'assertion', at: this.flags.newline ? 'lineStart' : 'start' }
      case '$': return { kind: 'assertion', at: this.flags.newline ? 'lineEnd' : 'end' }
      case '.': return { kind: 'set', set: this.flags.newline ? notNewline : anyByte }
      case '(': return this.group()
      case '[': {
        const { set, end } = readBracket(this.text, this.at, this.flags.caseless, this.flags.newline)
        this.at = end
        return { kind: 'set', set }
      }
      case '*': case '+': case '?': case '{': throw new PosixError('Invalid preceding regular expression')
      case '\\': return this.escape()
      default: return this.literal(c)
    }
  }

  private group(): Node {
    const number = ++this.groups
    const body = this.choice()
    if (this.text[this.at] !== ')') throw new PosixError('Unmatched ( or \\(')
    this.at++
    return { kind: 'capture', number, body }
  }

  /** glibc's extensions; any other letter stands for itself: `\d` is a `d`. */
  private escape(): Node {
    const c = this.text[this.at++]
    switch (c) {
      case undefined: throw new PosixError('Trailing backslash')
      case 'w': return { kind: 'set', set: typeSets['w']! }
      case 'W': return { kind: 'set', set: complement(typeSets['w']!) }
      case 's': return { kind: 'set', set: typeSets['s']! }
      case 'S': return { kind: 'set', set: complement(typeSets['s']!) }
      case 'b': return { kind: 'assertion', at: 'word' }
      case 'B': return { kind: 'assertion', at: 'notWord' }
      case '<': return this.edge(true)
      case '>': return this.edge(false)
      case '`': return { kind: 'assertion', at: 'start' }
      case "'": return { kind: 'assertion', at: 'end' }
      default: break
    }
    if (c >= '1' && c <= '9') {
      if (Number(c) > this.groups) throw new PosixError('Invalid back reference')
      return { kind: 'reference', numbers: [Number(c)], caseless: this.flags.caseless }
    }
    return this.literal(c)
  }

  /** The start or the end of a word. */
  private edge(start: boolean): Node {
    const body: Node = { kind: 'set', set: typeSets['w']! }
    return { kind: 'sequence', items: [{ kind: 'assertion', at: 'word' }, { kind: 'look', ahead: true, negative: !start, body, offset: 0 }] }
  }

  private literal(c: string): Node {
    const set = setOf(c)
    return { kind: 'set', set: this.flags.caseless ? foldCase(set) : set }
  }
}

/** `\<` and `\>` are two nodes. */
function isEdge(node: Node): boolean {
  return node.kind === 'sequence' && node.items[1]?.kind === 'look'
}

/** How many items there are once repetitions are written out. */
function sizeOf(node: Node): number {
  switch (node.kind) {
    case 'sequence': case 'choice': return node.items.reduce((sum, item) => sum + sizeOf(item), 1)
    case 'capture': case 'atomic': case 'look': return 1 + sizeOf(node.body)
    case 'repeat': return 1 + sizeOf(node.body) * Math.max(1, node.minimum, node.maximum === Infinity ? 0 : node.maximum)
    default: return 1
  }
}

const kept = new Map<string, PosixRegex>()
const mostKept = 256

/** A compiled expression, remembered from the last ones; for patterns that are known at run time only. Throws PosixError. */
export function posixRegex(source: string, flags: PosixFlags): PosixRegex {
  const key = `${flags.caseless ? 'i' : ' '}${flags.newline ? 'n' : ' '}${source}`
  let regex = kept.get(key)
  if (regex === undefined) {
    regex = new PosixRegex(source, flags)
    if (kept.size >= mostKept) kept.delete(kept.keys().next().value!)
    if (source.length <= 1024) kept.set(key, regex)
  }
  return regex
}

/** As `=~` reads its right side: without regard to case, the subject as one line. */
export const matchFlags: PosixFlags = { caseless: true, newline: false }

/** Says what is wrong with a pattern of a configuration, as ConfigError without a place; returns the compiled one. */
export function constantRegex(source: string, flags: PosixFlags): PosixRegex {
  try {
    return posixRegex(source, flags)
  } catch (error) {
    if (!(error instanceof PosixError)) throw error
    throw new ConfigError(`bad regular expression "${source}": ${error.message}`, null, 'it is a POSIX extended regular expression')
  }
}

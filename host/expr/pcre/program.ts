import type { Assertion, Node } from './ast.ts'
import type { ByteSet } from './sets.ts'
import { PatternError, fixedLength, nullable } from './ast.ts'

/** Instructions of the matcher; operands follow the instruction. */
export const Op = {
  End: 0, Byte: 1, Set: 2, Jump: 3, /** Tries the first address, then the second. */ Split: 4, Save: 5, Assert: 6, Reference: 7,
  /** ahead, negative, address behind. */ Look: 8, /** address behind. */ Atomic: 9, /** steps back. */ Back: 10, Fail: 11,
  Mark: 12, /** slot, address: leaves the loop when nothing was matched since the mark. */ Check: 13,
} as const

/** The assertions by the number that `Op.Assert` carries. */
const assertionNumbers: readonly Assertion[] = ['start', 'end', 'dollar', 'lineStart', 'lineEnd', 'word', 'notWord']

/** A pattern as instructions for the matcher. */
export interface Program {
  readonly code: Int32Array
  readonly sets: readonly ByteSet[]
  readonly references: readonly { readonly numbers: readonly number[], readonly caseless: boolean }[]
  /** Capture groups without group 0. */
  readonly captures: number
  /** Slots of captures and marks together. */
  readonly slots: number
  /** The pattern can only match at the start. */
  readonly anchored: boolean
}

/** More instructions than this make a pattern too large; PCRE2 has a limit of about this order. */
const largest = 65536

/** Compiles a parsed pattern. Throws PatternError `regular expression is too large` when counted repetitions make it so. */
export function compileProgram(root: Node, captures: number): Program {
  const compiler = new Compiler(captures)
  compiler.node(root)
  compiler.emit(Op.End)
  const { code, sets, references, slots } = compiler
  return { code: Int32Array.from(code), sets, references, captures, slots, anchored: startsAnchored(root) }
}

function startsAnchored(node: Node): boolean {
  switch (node.kind) {
    case 'assertion': return node.at === 'start'
    case 'sequence': return node.items.length > 0 && startsAnchored(node.items[0]!)
    case 'choice': return node.items.every(startsAnchored)
    case 'capture': case 'atomic': return startsAnchored(node.body)
    default: return false
  }
}

class Compiler {
  readonly code: number[] = []
  readonly sets: ByteSet[] = []
  readonly references: { numbers: readonly number[], caseless: boolean }[] = []
  slots: number

  constructor(captures: number) {
    this.slots = 2 * (captures + 1)
  }

  emit(...words: number[]): number {
    if (this.code.length > largest) throw new PatternError('regular expression is too large', 0)
    return this.code.push(...words) - 1
  }

  private here(): number { return this.code.length }

  node(node: Node): void {
    switch (node.kind) {
      case 'set': return this.set(node.set)
      case 'sequence': return node.items.forEach((item) => this.node(item))
      case 'choice': return this.choice(node.items, (item) => this.node(item))
      case 'capture':
        this.emit(Op.Save, 2 * node.number)
        this.node(node.body)
        this.emit(Op.Save, 2 * node.number + 1)
        return
      case 'repeat':
        if (node.mode === 'possessive') return this.atomic(() => this.repeat(node))
        return this.repeat(node)
      case 'atomic': return this.atomic(() => this.node(node.body))
      case 'look': return this.look(node)
      case 'reference':
        this.emit(Op.Reference, this.references.push({ numbers: node.numbers, caseless: node.caseless }) - 1)
        return
      case 'assertion': this.emit(Op.Assert, assertionNumbers.indexOf(node.at)); return
      case 'fail': this.emit(Op.Fail)
    }
  }

  private set(set: ByteSet): void {
    const first = set.indexOf(1)
    if (first >= 0 && set.indexOf(1, first + 1) < 0) this.emit(Op.Byte, first)
    else this.emit(Op.Set, this.sets.push(set) - 1)
  }

  private choice(items: readonly Node[], compile: (item: Node) => void): void {
    const ends: number[] = []
    items.forEach((item, i) => {
      if (i === items.length - 1) return compile(item)
      const second = this.emit(Op.Split, this.here() + 3, 0)
      compile(item)
      ends.push(this.emit(Op.Jump, 0))
      this.code[second] = this.here()
    })
    for (const end of ends) this.code[end] = this.here()
  }

  private atomic(compile: () => void): void {
    const behind = this.emit(Op.Atomic, 0)
    compile()
    this.emit(Op.End)
    this.code[behind] = this.here()
  }

  private look(node: Node & { kind: 'look' }): void {
    const behind = this.emit(Op.Look, node.negative ? 1 : 0, 0)
    const items = node.body.kind === 'choice' ? node.body.items : [node.body]
    if (node.ahead) this.node(node.body)
    else {
      this.choice(items, (item) => {
        this.emit(Op.Back, fixedLength(item)!)
        this.node(item)
      })
    }
    this.emit(Op.End)
    this.code[behind] = this.here()
  }

  private repeat({ body, minimum, maximum, mode }: Node & { kind: 'repeat' }): void {
    for (let i = 0; i < minimum; i++) this.node(body)
    if (maximum === Infinity) return this.loop(body, mode === 'lazy')
    const exits: number[] = []
    for (let i = minimum; i < maximum; i++) {
      exits.push(this.split(mode === 'lazy'))
      this.node(body)
    }
    for (const exit of exits) this.code[exit] = this.here()
  }

  /** A choice between going on here and an address to be filled in; returns where it is to be written. */
  private split(lazy: boolean): number {
    const at = this.here()
    this.emit(Op.Split, at + 3, at + 3)
    return lazy ? at + 1 : at + 2
  }

  private loop(body: Node, lazy: boolean): void {
    const start = this.here()
    const exit = this.split(lazy)
    if (nullable(body)) {
      const slot = this.slots++
      this.emit(Op.Mark, slot)
      this.node(body)
      const leave = this.emit(Op.Check, slot, 0)
      this.emit(Op.Jump, start)
      this.code[leave] = this.here()
    } else {
      this.node(body)
      this.emit(Op.Jump, start)
    }
    this.code[exit] = this.here()
  }
}

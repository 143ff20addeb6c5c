import type { Program } from './program.ts'
import { Op } from './program.ts'

/** Steps that one match may take; about 20 ms. PCRE2 has such a limit (10,000,000 of its own steps). */
const stepLimit = 2_000_000

/** A match was given up because it took too many steps. */
export class MatchLimitError extends Error {
  override readonly name = 'MatchLimitError'
}

/**
 * A backtracking matcher with a step limit, for what JavaScript's regular expressions cannot say or cannot do in bounded time. One object per
 * pattern; it keeps its memory from match to match.
 */
export class Machine {
  private readonly program: Program
  private readonly slots: Int32Array
  /** Choice points (address, position) and changed slots (−1 − slot, old value), two words each. */
  private stack = new Int32Array(256)
  private top = 0
  private steps = 0
  private subject = ''
  /** Where the last match begins. */
  position = 0

  constructor(program: Program) {
    this.program = program
    this.slots = new Int32Array(program.slots)
  }

  /** Searches from an offset on; returns the groups (undefined for those that took no part), or null. Throws MatchLimitError. */
  match(subject: string, from = 0): (string | undefined)[] | null {
    this.subject = subject
    this.steps = 0
    const last = this.program.anchored ? 0 : subject.length
    for (let start = from; start <= last; start++) {
      this.top = 0
      this.slots.fill(-1)
      const end = this.run(0, start)
      if (end >= 0) {
        this.position = start
        return this.groups(start, end)
      }
    }
    return null
  }

  private groups(start: number, end: number): (string | undefined)[] {
    const groups: (string | undefined)[] = [this.subject.slice(start, end)]
    for (let i = 1; i <= this.program.captures; i++) {
      const from = this.slots[2 * i]!
      const to = this.slots[2 * i + 1]!
      groups.push(from < 0 || to < 0 ? undefined : this.subject.slice(from, to))
    }
    return groups
  }

  private push(a: number, b: number): void {
    if (this.top + 2 > this.stack.length) {
      const larger = new Int32Array(this.stack.length * 2)
      larger.set(this.stack)
      this.stack = larger
    }
    this.stack[this.top++] = a
    this.stack[this.top++] = b
  }

  private setSlot(slot: number, value: number): void {
    this.push(-1 - slot, this.slots[slot]!)
    this.slots[slot] = value
  }

  /** Undoes changed slots down to the last choice point above `base`; returns whether there is one (still on the stack's top). */
  private unwind(base: number): boolean {
    while (this.top > base) {
      const word = this.stack[this.top - 2]!
      if (word >= 0) return true
      this.slots[-1 - word] = this.stack[this.top - 1]!
      this.top -= 2
    }
    return false
  }

  /** Forgets the choice points above `base` but not how to undo the slots changed since. */
  private commit(base: number): void {
    let kept = base
    for (let i = base; i < this.top; i += 2) {
      if (this.stack[i]! >= 0) continue
      this.stack[kept++] = this.stack[i]!
      this.stack[kept++] = this.stack[i + 1]!
    }
    this.top = kept
  }

  /** Runs from an address at a position to `End`; the end position, or −1 after trying every choice. */
  private run(address: number, position: number): number {
    const { code, sets } = this.program
    const { subject } = this
    const base = this.top
    let pc = address
    let at = position
    for (;;) {
      if (++this.steps > stepLimit) throw new MatchLimitError('too many steps')
      let ok = true
      switch (code[pc]) {
        case Op.End: return at
        case Op.Byte: ok = subject.charCodeAt(at++) === code[pc + 1]; pc += 2; break
        case Op.Set: ok = at < subject.length && sets[code[pc + 1]!]![subject.charCodeAt(at++)] === 1; pc += 2; break
        case Op.Jump: pc = code[pc + 1]!; break
        case Op.Split: this.push(code[pc + 2]!, at); pc = code[pc + 1]!; break
        case Op.Save: case Op.Mark: this.setSlot(code[pc + 1]!, at); pc += 2; break
        case Op.Check: pc = this.slots[code[pc + 1]!] === at ? code[pc + 2]! : pc + 3; break
        case Op.Assert: ok = this.holds(code[pc + 1]!, at); pc += 2; break
        case Op.Reference: {
          const length = this.reference(code[pc + 1]!, at)
          ok = length >= 0
          at += length
          pc += 2
          break
        }
        case Op.Look: ok = this.look(pc, at); pc = code[pc + 2]!; break
        case Op.Atomic: {
          const mark = this.top
          const end = this.run(pc + 2, at)
          ok = end >= 0
          if (ok) this.commit(mark)
          at = end
          pc = code[pc + 1]!
          break
        }
        case Op.Back: at -= code[pc + 1]!; ok = at >= 0; pc += 2; break
        default: ok = false
      }
      if (ok) continue
      if (!this.unwind(base)) return -1
      this.top -= 2
      pc = this.stack[this.top]!
      at = this.stack[this.top + 1]!
    }
  }

  private look(pc: number, at: number): boolean {
    const base = this.top
    const found = this.run(pc + 3, at) >= 0
    const negative = this.program.code[pc + 1] === 1
    if (!found) return negative
    if (!negative) {
      this.commit(base)
      return true
    }
    while (this.unwind(base)) this.top -= 2
    return false
  }

  private isWord(at: number): boolean {
    const c = at < 0 || at >= this.subject.length ? 0 : this.subject.charCodeAt(at)
    return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95
  }

  private holds(assertion: number, at: number): boolean {
    const { subject } = this
    const { length } = subject
    switch (assertion) {
      case 0: return at === 0
      case 1: return at === length
      case 2: return at === length || (at === length - 1 && subject.charCodeAt(at) === 10)
      // PCRE2: not behind a line feed that ends the subject.
      case 3: return at === 0 || (at < length && subject.charCodeAt(at - 1) === 10)
      case 4: return at === length || subject.charCodeAt(at) === 10
      case 5: return this.isWord(at - 1) !== this.isWord(at)
      default: return this.isWord(at - 1) === this.isWord(at)
    }
  }

  /** Length of what a reference matches here, −1 when it does not; a group that took no part matches nothing. */
  private reference(index: number, at: number): number {
    const { numbers, caseless } = this.program.references[index]!
    for (const number of numbers) {
      const from = this.slots[2 * number]!
      const to = this.slots[2 * number + 1]!
      if (from < 0 || to < 0) continue
      const length = to - from
      this.steps += length
      const wanted = this.subject.slice(from, to)
      const there = this.subject.slice(at, at + length)
      if (wanted === there) return length
      return caseless && asciiLower(wanted) === asciiLower(there) ? length : -1
    }
    return -1
  }
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => c.toLowerCase())
}

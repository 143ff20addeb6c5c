import type { Layout } from './layout.ts'
import { Output, signed, unsigned } from './bytes.ts'
import { Op } from './instructions.ts'

/** What a call of the host costs, in the units of `costOf`. */
export const hostCall = 200
/** Memory operations longer than this are done in parts of so many bytes, with a check before each. */
const chunk = 1 << 20

/** What a function with loops pays for at a time; more than any check of a loop takes. */
const advance = 1024

const i32 = 0x7f
const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const constant = (value: number): number[] => [0x41, ...signed(value)]
const add = 0x6a, sub = 0x6b, shru = 0x76, gtu = 0x4b, leu = 0x4d, end = 0x0b

/** Code to insert, and where in it the branch is that is hardly ever taken. */
export interface Check { readonly bytes: readonly number[], readonly branch: number }

interface Function { readonly type: number, readonly body: number[] }

/**
 * The functions that are appended to a module, behind its own so that no index changes: the one that asks the host for
 * more fuel, and those that stand in the place of instructions that take as long as they are told to. Their types are
 * appended likewise.
 */
export class Additions {
  readonly types: number[][] = []
  readonly functions: Function[] = []
  /** Imported functions of which a reference is taken, with the one that stands in their place. */
  readonly wrappers = new Map<number, number>()
  private readonly layout: Layout
  private readonly named = new Map<string, number>()
  private readonly first: number
  /**
   * The global that holds the fuel, the one that is 1 when memory was refused, and the table through which the host is
   * called.
   */
  readonly fuel: number
  readonly refused: number
  readonly table: number
  private readonly tick: number
  /** Pays for the next `advance` units of loops. */
  private readonly refill: number

  constructor(layout: Layout) {
    this.layout = layout
    this.first = layout.functionTypes.length
    this.fuel = layout.globalCount
    this.refused = layout.globalCount + 1
    this.table = layout.importedTables.length + layout.tables.length
    const ask = this.type([0, 1, i32])
    this.tick = this.add([0, 0], [
      ...constant(0), Op.CallIndirect, ...unsigned(ask), ...unsigned(this.table), Op.GlobalSet, ...unsigned(this.fuel),
      // Below zero: the call is over. A trap, unlike an exception, cannot be caught by the guest.
      Op.GlobalGet, ...unsigned(this.fuel), ...constant(0), 0x48, Op.If, 0x40, Op.Unreachable, end,
    ])
    this.refill = this.add([0, 0], this.pay(constant(advance)))
  }

  /**
   * The check of a loop: as `check`, but from a local that holds what the function has paid for in advance. A loop that
   * counted in a global would wait for its memory in each turn (measured: 1.7 ns, several times a short loop's own
   * time).
   */
  checkFrom(local: number, weight: readonly number[]): Check {
    const at = unsigned(local)
    const test = [0x20, ...at, ...weight, sub, 0x22, ...at, ...constant(0), 0x48]
    const more = [Op.Call, ...unsigned(this.refill), 0x20, ...at, ...constant(advance), add, 0x21, ...at]
    return { branch: test.length, bytes: [...test, Op.If, 0x40, ...more, end] }
  }

  /**
   * The check: takes `weight` (bytes of code that leave it on the stack) from the fuel, and asks the host when none is
   * left.
   */
  check(weight: readonly number[]): Check {
    const fuel = unsigned(this.fuel)
    const test = [Op.GlobalGet, ...fuel, ...weight, sub, Op.GlobalSet, ...fuel, Op.GlobalGet, ...fuel, ...constant(0), 0x48]
    return { branch: test.length, bytes: [...test, Op.If, 0x40, Op.Call, ...unsigned(this.tick), end] }
  }

  private pay(weight: readonly number[]): readonly number[] {
    return this.check(weight).bytes
  }


  private type(bytes: readonly number[]): number {
    const key = `type ${bytes.join(' ')}`
    let index = this.named.get(key)
    if (index === undefined) {
      this.named.set(key, index = this.layout.typeCount + this.types.length)
      this.types.push([0x60, ...bytes])
    }
    return index
  }

  /** Adds a function of a type (params and results as bytes) without locals. */
  private add(type: readonly number[], code: readonly number[]): number {
    this.functions.push({ type: this.type(type), body: [0, ...code, end] })
    return this.first + this.functions.length - 1
  }

  private once(key: string, make: () => number): number {
    let index = this.named.get(key)
    if (index === undefined) this.named.set(key, index = make())
    return index
  }

  /** The function to call in the place of a bulk instruction. */
  bulk(op: number, a: number, b: number): number {
    return this.once(`${op} ${a} ${b}`, () => {
      const immediates = [...unsigned(a), ...unsigned(b)]
      switch (op) {
        case Op.MemoryFill: return this.add(three, [...this.inParts(false), ...this.plain(2, 8, [0xfc, 0x0b, 0])])
        case Op.MemoryCopy: return this.add(three, [...this.inParts(true), ...this.plain(2, 8, [0xfc, 0x0a, 0, 0])])
        case Op.MemoryInit: return this.add(three, this.plain(2, 8, [0xfc, 0x08, ...unsigned(a), 0]))
        case Op.TableInit: return this.add(three, this.plain(2, 1, [0xfc, 0x0c, ...immediates]))
        case Op.TableCopy: return this.add(three, this.plain(2, 1, [0xfc, 0x0e, ...immediates]))
        case Op.TableGrow: return this.add([2, ...this.element(a), i32, 1, i32], this.plain(1, 1, [0xfc, 0x0f, ...unsigned(a)]))
        default: return this.add([3, i32, ...this.element(a), i32, 0], this.plain(2, 1, [0xfc, 0x11, ...unsigned(a)]))
      }
    })
  }

  /**
   * The function to call in the place of `memory.grow`: it notes that memory was refused, for the message about what
   * follows from it.
   */
  grow(): number {
    return this.once('grow', () => this.add([1, i32, 1, i32], [
      ...get(0), Op.MemoryGrow, 0, 0x22, 0, ...constant(-1), 0x46, Op.If, 0x40, ...constant(1), Op.GlobalSet, ...unsigned(this.refused), end, ...get(0),
    ]))
  }

  private element(table: number): Uint8Array {
    const { importedTables, tables } = this.layout
    return (importedTables[table] ?? tables[table - importedTables.length]!).type
  }

  /** Pays for a length by `>> shift`, then does the instruction with all parameters. `length` is the last of them. */
  private plain(length: number, shift: number, instruction: readonly number[]): number[] {
    const parameters: number[] = []
    for (let i = 0; i <= length; i++) parameters.push(...get(i))
    return [...this.pay([...get(length), ...constant(shift), shru, ...constant(4), add]), ...parameters, ...instruction]
  }

  /**
   * Does all of a long fill or copy but its last part, each part behind a check. What does not fit into the memory is
   * left to the instruction itself, which traps before it has written anything.
   */
  private inParts(copy: boolean): number[] {
    const size = [0x3f, 0, 0xad, 0x42, 16, 0x86]
    const fits = (at: number): number[] => [...get(at), 0xad, ...get(2), 0xad, 0x7c, ...size, 0x58]
    const instruction = copy ? [0xfc, 0x0a, 0, 0] : [0xfc, 0x0b, 0]
    const pay = this.pay(constant(chunk >>> 8))
    const advance = (local: number): number[] => [...get(local), ...constant(chunk), add, ...set(local)]
    const shorten = [...get(2), ...constant(chunk), sub, ...set(2)]
    const more = [...get(2), ...constant(chunk), gtu]
    const forward = [
      Op.Loop, 0x40, ...pay, ...get(0), ...get(1), ...constant(chunk), ...instruction,
      ...advance(0), ...copy ? advance(1) : [], ...shorten, ...more, Op.BrIf, 0, end,
    ]
    const backward = [
      Op.Loop, 0x40, ...pay, ...shorten, ...get(0), ...get(2), add, ...get(1), ...get(2), add, ...constant(chunk), ...instruction,
      ...more, Op.BrIf, 0, end,
    ]
    const run = copy ? [...get(0), ...get(1), leu, Op.If, 0x40, ...forward, Op.Else, ...backward, end] : forward
    const inside = copy ? [...fits(0), ...fits(1), 0x71] : fits(0)
    return [...more, Op.If, 0x40, ...inside, Op.If, 0x40, ...run, end, end]
  }

  /** The function to refer to in the place of an imported one: it pays for the call. */
  wrapper(imported: number): number {
    let index = this.wrappers.get(imported)
    if (index === undefined) {
      const type = this.layout.types[this.layout.functionTypes[imported]!]!
      const parameters: number[] = []
      for (let i = 0; i < type.params; i++) parameters.push(...get(i))
      this.wrappers.set(imported, index = this.add([...type.bytes], [...parameters, Op.Call, ...unsigned(imported), ...this.pay(constant(hostCall))]))
    }
    return index
  }

  /** Writes the functions behind those of the code section. */
  write(out: Output): void {
    for (const { body } of this.functions) {
      out.u32(body.length)
      out.put(body)
    }
  }
}

/** Three numbers, no result. */
const three = [3, i32, i32, i32, 0]

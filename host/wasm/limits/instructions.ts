import { Input } from './bytes.ts'

/** The opcodes that the rewriter looks at; a prefixed one is prefix × 0x1000 + number (specification §5.4). */
export const Op = {
  Unreachable: 0x00, Block: 0x02, Loop: 0x03, If: 0x04, Else: 0x05, Try: 0x06, Catch: 0x07, Throw: 0x08, Rethrow: 0x09, ThrowRef: 0x0a,
  End: 0x0b, Br: 0x0c, BrIf: 0x0d, BrTable: 0x0e, Return: 0x0f, Call: 0x10, CallIndirect: 0x11, ReturnCall: 0x12, ReturnCallIndirect: 0x13,
  CallRef: 0x14, ReturnCallRef: 0x15, Delegate: 0x18, CatchAll: 0x19, TryTable: 0x1f, GlobalGet: 0x23, GlobalSet: 0x24, MemoryGrow: 0x40,
  RefFunc: 0xd2, BrOnNull: 0xd5, BrOnNonNull: 0xd6,
  MemoryInit: 0xfc008, MemoryCopy: 0xfc00a, MemoryFill: 0xfc00b, TableInit: 0xfc00c, TableCopy: 0xfc00e, TableGrow: 0xfc00f, TableFill: 0xfc011,
} as const

/** A module that is well-formed but cannot be held to limits; `feature` continues "function 3 uses …". */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
  readonly note: string | null

  constructor(feature: string, note: string | null = null) {
    super(feature)
    this.note = note
  }
}

const outside = 'such objects live outside of the plugin\'s memory, where neither a limit nor the snapshot reaches them; compile without them'

/**
 * Reads instructions one by one: `op`, its first two immediates `a` and `b` where they are indices, and the labels of
 * those with several.
 */
export class Instructions extends Input {
  op = 0
  a = 0
  b = 0
  /** Of `br_table` (the default last) and `try_table`. */
  labels: number[] = []

  /**
   * Reads the next instruction. Throws Unsupported for one that cannot be bounded, BinaryError at the end of the bytes.
   */
  next(): void {
    const op = this.op = this.byte()
    if (op >= 0x45 && op <= 0xc4) return
    switch (op) {
      case 0x00: case 0x01: case 0x05: case 0x0a: case 0x0b: case 0x0f: case 0x19: case 0x1a: case 0x1b: case 0xd1: case 0xd4: return
      case 0x02: case 0x03: case 0x04: case 0x06: return this.blockType()
      case 0x07: case 0x08: case 0x09: case 0x0c: case 0x0d: case 0x10: case 0x12: case 0x14: case 0x15: case 0x18:
      case 0x20: case 0x21: case 0x22: case 0x23: case 0x24: case 0x25: case 0x26: case 0xd2: case 0xd5: case 0xd6:
        this.a = this.u32()
        return
      case 0x0e: return this.branchTable()
      case 0x11: case 0x13: this.a = this.u32(); this.b = this.u32(); return
      case 0x1c: for (let n = this.u32(); n > 0; n--) this.skipType(); return
      case 0x1f: return this.tryTable()
      case 0x3f: case 0x40: return this.onlyMemory()
      case 0x41: case 0x42: case 0xd0: return this.skipNumber()
      case 0x43: return this.skip(4)
      case 0x44: return this.skip(8)
      case 0xd3: case 0xfb: throw new Unsupported('garbage-collected objects', outside)
      case 0xfc: return this.miscellaneous()
      case 0xfd: return this.vector()
      case 0xfe: return this.atomic()
    }
    if (op >= 0x28 && op <= 0x3e) return this.memoryArgument()
    throw this.unknown(op)
  }

  private unknown(op: number): Unsupported {
    return new Unsupported(`opcode 0x${op.toString(16)}, which this vespid does not know`, 'compile it for WebAssembly 3.0 or older')
  }

  private blockType(): void {
    const first = this.bytes[this.at] ?? 0
    // One byte for "none" and for a value type, a signed number for a type index.
    if (first === 0x63 || first === 0x64) this.skipType()
    else this.skipNumber()
  }

  private branchTable(): void {
    const count = this.u32()
    if (count > this.end - this.at) this.skip(count)
    this.labels = []
    for (let i = 0; i <= count; i++) this.labels.push(this.u32())
  }

  private tryTable(): void {
    this.blockType()
    this.labels = []
    for (let n = this.u32(); n > 0; n--) {
      if (this.byte() < 2) this.u32()
      this.labels.push(this.u32())
    }
  }

  private onlyMemory(): void {
    if (this.u32() !== 0) throw new Unsupported('a second memory')
  }

  private memoryArgument(): void {
    if (this.u32() >= 0x40) throw new Unsupported('a second memory')
    this.skipNumber()
  }

  private miscellaneous(): void {
    const op = this.u32()
    this.op = 0xfc000 + op
    if (op <= 7) return
    switch (op) {
      case 8: this.a = this.u32(); return this.onlyMemory()
      case 10: this.onlyMemory(); return this.onlyMemory()
      case 11: return this.onlyMemory()
      case 12: case 14: this.a = this.u32(); this.b = this.u32(); return
      case 9: case 13: case 15: case 16: case 17: this.a = this.u32(); return
      default: throw this.unknown(this.op)
    }
  }

  private vector(): void {
    const op = this.u32()
    this.op = 0xfd000 + op
    if (op <= 11 || op === 92 || op === 93) this.memoryArgument()
    else if (op >= 84 && op <= 91) {
      this.memoryArgument()
      this.byte()
    } else if (op === 12 || op === 13) this.skip(16)
    else if (op >= 21 && op <= 34) this.byte()
    else if (op > 0x113) throw this.unknown(this.op)
  }

  private atomic(): void {
    const op = this.u32()
    this.op = 0xfe000 + op
    if (op === 3) this.byte()
    else if (op <= 2 || (op >= 0x10 && op <= 0x4e)) this.memoryArgument()
    else throw this.unknown(this.op)
  }
}

/**
 * What an instruction costs, in units of a simple one (a third of a nanosecond in optimised code). A unit may take some
 * ten nanoseconds in the worst case (a load that misses every cache); `Clock` has room for that.
 */
export function costOf(op: number): number {
  switch (op) {
    case 0x01: case Op.Block: case Op.Loop: case Op.Else: case Op.End: case 0x1a: return 0
    case Op.BrTable: return 4
    case Op.Call: case Op.ReturnCall: return 2
    // A function that pays nothing itself may be behind the reference: see `exempt` in measure.ts.
    case Op.CallIndirect: case Op.ReturnCallIndirect: case Op.CallRef: case Op.ReturnCallRef: return 4 + smallest
    case Op.Throw: case Op.Rethrow: case Op.ThrowRef: case Op.MemoryGrow: return 500
    case 0x25: case 0x26: return 3
    case 0x6d: case 0x6e: case 0x6f: case 0x70: case 0x7f: case 0x80: case 0x81: case 0x82: case 0x91: case 0x95: case 0x9f: case 0xa3: return 8
  }
  if (op >= 0x28 && op <= 0x3e) return 2
  if (op >= 0xfe000) return 10
  return op >= 0xfd000 ? 2 : 1
}

/** Functions that cost no more than this pay nothing at their entry: who calls them has paid. */
export const smallest = 100

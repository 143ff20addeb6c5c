import type { Check, Additions } from './additions.ts'
import type { Layout } from './layout.ts'
import type { Body, Exemptions } from './measure.ts'
import type { OffsetRecorder } from './offsets.ts'
import type { Output } from './bytes.ts'
import { hostCall } from './additions.ts'
import { Instructions, Op, costOf } from './instructions.ts'
import { Input, signed, unsigned } from './bytes.ts'

/** The most that one check pays for, in two bytes of LEB128; longer code gets further checks. */
const longest = 1000

/** No path leads here. */
const dead = -1
const none: readonly number[] = []

/** A block that is open: what has been spent, at most, on the paths that go to its end. */
interface Block {
  readonly op: number
  readonly region: number
  /** At most so much was spent since the last payment on a path to the end; `dead` while none leads there. */
  spent: number
  /** For `if`: what was spent where it begins. */
  readonly entry: number
}

/**
 * The code of one loop, or of the function, without the loops in it. It is paid for where it begins; `outer` is what
 * was spent around it by then.
 */
interface Region {
  readonly outer: number
  /** Where the weight of the check at its beginning stands; −1 when nothing is paid there. */
  readonly weightAt: number
  total: number
}

/**
 * Writes one function's code with the checks. Each region pays for its code where it begins, up to `longest`; on each
 * path on which more than that has been spent since, a further check pays for as much again. So nothing runs that was
 * not paid for, however the code branches, and a loop of a few instructions carries one check.
 */
export class Meter {
  private readonly layout: Layout
  private readonly additions: Additions
  private readonly exemptions: Exemptions
  private readonly out: Output
  private readonly offsets: OffsetRecorder
  private readonly unchecked: boolean
  private blocks: Block[] = []
  private regions: Region[] = []
  private spent = 0
  /** How far the function has been copied. */
  private copied = 0
  /** Which local holds what was paid in advance, −1 when the function has no loops. */
  private local = -1
  private readonly host: Check
  /** Where the function being written begins, and where in it the branches of checks are. */
  private begin = 0
  private branches: number[] = []
  /**
   * For the engine: branches by function index; it then keeps the way to the host out of the loops (measured: a short
   * loop takes half the time).
   */
  readonly hints: { readonly index: number, readonly branches: readonly number[] }[] = []

  constructor(layout: Layout, additions: Additions, exemptions: Exemptions, out: Output, offsets: OffsetRecorder, unchecked: boolean) {
    this.unchecked = unchecked
    this.layout = layout
    this.additions = additions
    this.exemptions = exemptions
    this.out = out
    this.offsets = offsets
    this.host = additions.check([0x41, ...signed(hostCall)])
  }

  /** Writes the function at a position of the code section, with its size. */
  write(body: Body, position: number): void {
    const { out, layout } = this
    const sizeAt = out.placeholder()
    this.begin = out.length
    this.branches = []
    this.copied = body.start
    this.offsets.run(out.length, body.start)
    this.locals(body, position)
    this.blocks = [{ op: Op.Block, region: 0, spent: dead, entry: 0 }]
    this.regions = []
    this.open(this.exemptions.exempt(position), 0, body.code)
    this.spend(body.locals, body.code)
    const r = new Instructions(layout.bytes, body.code, body.end)
    while (r.at < body.end) {
      const from = r.at
      r.next()
      this.instruction(r, from)
    }
    this.flush(body.end)
    this.close()
    out.patch(sizeAt, out.length - this.begin)
    if (this.branches.length > 0) this.hints.push({ index: layout.importedFunctions + position, branches: this.branches })
  }

  /** Copies the locals, with one of ours behind them in a function that has loops. */
  private locals(body: Body, position: number): void {
    const { layout } = this
    this.local = -1
    if (this.unchecked || !this.exemptions.loops(position)) return this.flush(body.code)
    const type = layout.types[layout.functionTypes[layout.importedFunctions + position]!]!
    this.local = type.params + body.locals
    const r = new Input(layout.bytes, body.start, body.code)
    this.out.u32(r.u32() + 1)
    this.copied = r.at
    this.flush(body.code)
    this.out.put([1, 0x7f])
    this.offsets.run(this.out.length, body.code)
  }

  /**
   * The global or local that a check takes from; the function's first check, and one for more than can be paid in
   * advance, take from the global.
   */
  private counter(direct: boolean): number {
    return this.local < 0 || direct ? this.additions.fuel : this.local
  }

  private check(weight: readonly number[], direct: boolean): Check {
    return this.local < 0 || direct ? this.additions.check(weight) : this.additions.checkFrom(this.local, weight)
  }

  /** Copies the function up to `to`. */
  private flush(to: number): void {
    this.out.copy(this.layout.bytes, this.copied, to)
    this.copied = to
  }

  /** Puts bytes of ours before `at`, in the place of what lies between (`at` is where copying goes on). */
  private insert(from: number, at: number, before: readonly number[], check: Check | null = null, after: readonly number[] = none): void {
    this.flush(from)
    this.out.put(before)
    if (check !== null && !this.unchecked) {
      this.branches.push(this.out.length + check.branch - this.begin)
      this.out.put(check.bytes)
    }
    this.out.put(after)
    this.copied = at
    this.offsets.run(this.out.length, at)
  }

  /** A region begins at `at`. */
  private open(free: boolean, outer: number, at: number): void {
    let weightAt = -1
    if (!free && !this.unchecked) {
      this.flush(at)
      const check = this.check([0x41, 0x80, 0], this.regions.length === 0)
      // Behind `global.get` or `local.get`, its index, and `i32.const`.
      weightAt = this.out.length + 2 + unsigned(this.counter(this.regions.length === 0)).length
      this.insert(at, at, none, check)
    }
    this.regions.push({ outer, weightAt, total: 0 })
    this.spent = 0
  }

  private close(): void {
    const { weightAt, total } = this.regions.pop()!
    if (weightAt < 0) return
    const weight = Math.max(1, Math.min(total, longest))
    this.out.set(weightAt, (weight & 0x7f) | 0x80)
    this.out.set(weightAt + 1, weight >> 7)
  }

  /** The instruction that begins at `at` costs `cost`: paid by the region, or by a further check before it. */
  private spend(cost: number, at: number): void {
    const region = this.regions[this.regions.length - 1]!
    region.total += cost
    if (this.spent === dead || region.weightAt < 0) return
    this.spent += cost
    if (this.spent <= longest) return
    const weight = Math.max(cost, longest)
    this.insert(at, at, none, this.check([0x41, ...signed(weight)], cost > longest))
    this.spent = Math.min(cost, longest)
  }

  /** A path goes to the end of the block that many levels out; `spent` on it in the innermost region. */
  private branch(label: number, spent: number): void {
    const block = this.blocks[this.blocks.length - 1 - label]
    if (block === undefined || block.op === Op.Loop || spent === dead) return
    const inner = this.regions.length - 1
    block.spent = Math.max(block.spent, block.region === inner ? spent : this.regions[block.region + 1]!.outer)
  }

  private push(op: number): void {
    this.blocks.push({ op, region: this.regions.length - 1, spent: dead, entry: this.spent })
  }

  private instruction(r: Instructions, from: number): void {
    const { op } = r
    this.spend(this.cost(r), from)
    switch (op) {
      case Op.Block: case Op.If: case Op.Try: return this.push(op)
      case Op.TryTable:
        // Whatever is thrown inside may come from anywhere inside.
        for (const label of r.labels) this.branch(label, this.spent === dead ? dead : longest)
        return this.push(op)
      case Op.Loop: {
        const outer = this.spent
        this.open(false, outer, r.at)
        return this.push(op)
      }
      case Op.Else: return this.elseArm()
      case Op.Catch: case Op.CatchAll: return this.catchArm()
      case Op.End: case Op.Delegate: return this.end()
      case Op.Br: this.branch(r.a, this.spent); this.spent = dead; return
      case Op.BrIf: case Op.BrOnNull: case Op.BrOnNonNull: return this.branch(r.a, this.spent)
      case Op.BrTable:
        for (const label of r.labels) this.branch(label, this.spent)
        this.spent = dead
        return
      case Op.Unreachable: case Op.Return: case Op.Throw: case Op.Rethrow: case Op.ThrowRef: case Op.ReturnCallIndirect: case Op.ReturnCallRef:
        this.spent = dead
        return
      case Op.ReturnCall:
        if (r.a < this.layout.importedFunctions) this.insert(from, r.at, [Op.Call, ...unsigned(r.a)], this.host, [Op.Return])
        this.spent = dead
        return
      case Op.Call:
        // Behind the call: an error that the host reports is seen before the guest goes on.
        if (r.a < this.layout.importedFunctions) this.insert(r.at, r.at, none, this.host)
        return
      case Op.RefFunc:
        if (r.a < this.layout.importedFunctions) this.insert(from, r.at, [Op.RefFunc, ...unsigned(this.additions.wrapper(r.a))])
        return
      case Op.MemoryGrow: return this.insert(from, r.at, [Op.Call, ...unsigned(this.additions.grow())])
      case Op.MemoryInit: case Op.MemoryCopy: case Op.MemoryFill: case Op.TableInit: case Op.TableCopy: case Op.TableGrow: case Op.TableFill:
        this.insert(from, r.at, [Op.Call, ...unsigned(this.additions.bulk(op, r.a, r.b))])
    }
  }

  private cost(r: Instructions): number {
    const cost = costOf(r.op)
    if ((r.op !== Op.Call && r.op !== Op.ReturnCall) || r.a < this.layout.importedFunctions) return cost
    return cost + this.exemptions.price(r.a - this.layout.importedFunctions)
  }

  private elseArm(): void {
    const block = this.blocks[this.blocks.length - 1]!
    this.branch(0, this.spent)
    this.spent = block.entry
    this.blocks[this.blocks.length - 1] = { ...block, op: Op.Else }
  }

  private catchArm(): void {
    this.branch(0, this.spent)
    this.spent = longest
  }

  private end(): void {
    const block = this.blocks.pop()
    if (block === undefined) return
    if (block.op === Op.Loop) {
      const { outer } = this.regions[this.regions.length - 1]!
      this.close()
      if (this.spent !== dead) this.spent = outer
      return
    }
    this.spent = Math.max(this.spent, block.spent, block.op === Op.If ? block.entry : dead)
  }
}

import type { Layout } from './layout.ts'
import { BinaryError } from '../binary.ts'
import { Input } from './bytes.ts'
import { Instructions, Op, Unsupported, costOf, smallest } from './instructions.ts'
import { caps } from './layout.ts'

/** One function's code: from its first byte (the locals) to behind its last `end`. */
export interface Body {
  readonly start: number
  readonly end: number
  /** The first instruction. */
  readonly code: number
  readonly locals: number
}

/** Finds every function of the code section; throws Unsupported for one that is too large. */
export function readBodies(layout: Layout): Body[] {
  const r = layout.input(10)
  const bodies: Body[] = []
  if (r === null) return bodies
  for (let n = r.u32(); n > 0; n--) {
    const size = r.u32()
    const start = r.at
    r.skip(size)
    if (size > caps.body) throw new Unsupported(`${size} bytes of code in ${functionLabel(layout, bodies.length)}; ${caps.body} are allowed`)
    const inner = new Input(layout.bytes, start, r.at)
    let locals = 0
    for (let groups = inner.u32(); groups > 0; groups--) {
      locals += inner.u32()
      inner.skipType()
    }
    bodies.push({ start, end: r.at, code: inner.at, locals })
  }
  return bodies
}

/** How a message names the function at a position of the code section. */
function functionLabel(layout: Layout, position: number): string {
  const index = layout.importedFunctions + position
  const exported = layout.exports.find((e) => e.kind === 0 && e.index === index)
  return exported === undefined ? `function ${index}` : `function ${index} ("${exported.name}")`
}

/** What is known of a function before anything is written. */
interface Fact {
  cost: number
  /** It has a loop, or calls what is not known, or is too large: it pays at its entry. */
  paysOwn: boolean
  loops: boolean
  /** Positions of the functions that it calls, as long as it may be exempt. */
  readonly calls: number[]
}

const Exemption = { Unknown: 0, Open: 1, Pays: 2, Exempt: 3 } as const

/**
 * Which functions pay at their entry, and what a call of one that does not costs its caller. A function is exempt when
 * it is short with everything exempt that it calls, has no loop and calls only functions that are known: so every cycle
 * of calls has one that pays, and the engine can inline the accessors that plugins are full of.
 */
export class Exemptions {
  private readonly facts: Fact[]
  private readonly states: Uint8Array
  /** The module has exception handlers, which could catch what the host throws. */
  catches = false

  constructor(layout: Layout, bodies: readonly Body[]) {
    this.facts = bodies.map((body, position) => this.measure(layout, body, position))
    this.states = new Uint8Array(bodies.length)
    for (let i = 0; i < bodies.length; i++) this.decide(i, 0)
  }

  /** Whether the function at a position of the code section is exempt. */
  exempt(position: number): boolean {
    return this.states[position] === Exemption.Exempt
  }

  /** What calling the function at a position costs the caller besides the call. */
  price(position: number): number {
    return this.exempt(position) ? this.facts[position]!.cost : 0
  }

  /** Whether the function at a position has a loop. */
  loops(position: number): boolean {
    return this.facts[position]!.loops
  }

  private measure(layout: Layout, body: Body, position: number): Fact {
    const fact: Fact = { cost: body.locals, paysOwn: body.locals > smallest, loops: false, calls: [] }
    const r = new Instructions(layout.bytes, body.code, body.end)
    try {
      while (r.at < body.end) {
        r.next()
        fact.cost += costOf(r.op)
        if (r.op === Op.Try || r.op === Op.TryTable) this.catches = true
        if (r.op === Op.Loop) fact.loops = true
        if (fact.paysOwn) continue
        if ((r.op === Op.Call || r.op === Op.ReturnCall) && r.a >= layout.importedFunctions) fact.calls.push(r.a - layout.importedFunctions)
        fact.paysOwn = fact.cost > smallest || r.op === Op.Loop || r.op === Op.CallIndirect || r.op === Op.ReturnCallIndirect ||
          r.op === Op.CallRef || r.op === Op.ReturnCallRef
      }
    } catch (error) {
      if (error instanceof Unsupported) throw new Unsupported(`${error.message} (${functionLabel(layout, position)})`, error.note)
      if (error instanceof BinaryError) throw new BinaryError(`${error.message} (${functionLabel(layout, position)})`)
      throw error
    }
    return fact
  }

  private decide(position: number, depth: number): boolean {
    const fact = this.facts[position]!
    const state = this.states[position]!
    if (state === Exemption.Open) {
      // Somebody whom it calls calls it again: it pays for the cycle.
      fact.paysOwn = true
      return false
    }
    if (state !== Exemption.Unknown) return state === Exemption.Exempt
    if (!fact.paysOwn && depth < smallest) {
      this.states[position] = Exemption.Open
      let cost = fact.cost
      for (const callee of fact.calls) if (this.decide(callee, depth + 1)) cost += this.facts[callee]!.cost
      if (!fact.paysOwn && cost <= smallest) {
        fact.cost = cost
        this.states[position] = Exemption.Exempt
        return true
      }
    }
    this.states[position] = Exemption.Pays
    return false
  }
}

import type { Outline } from './binary.ts'
import { Instructions, Op } from './limits/instructions.ts'
import { Layout } from './limits/layout.ts'
import { readBodies } from './limits/measure.ts'

/**
 * What is known of a function: it may wait whatever it is given; only through the function whose table index is its
 * first argument; or for either reason.
 */
const Fact = { Always: 1, ByData: 2, Somehow: 4 } as const

const LocalGet = 0x20
const LocalSet = 0x21
const LocalTee = 0x22
const TableSet = 0x26
const DataDrop = 0xfc009
const ElemDrop = 0xfc00d

/** What a module's code can reach; cloneable. */
export interface Reach {
  /** By function index, bits of `Fact`; null when the module imports nothing that waits. */
  readonly functions: Uint8Array | null
  /**
   * Memory and globals are all the state that the code can change: an instance can be put back without making a new
   * one.
   */
  readonly resettable: boolean
}

/** What one function does, as far as waiting is concerned. */
interface Body {
  readonly calls: number[]
  /** Types of its indirect calls. */
  readonly types: Set<number>
  /** Types of those whose target is its first argument, which it does not change. */
  readonly byData: Set<number>
}

/**
 * Which functions of a valid module may come to an import that waits: by direct calls, and by indirect ones to any
 * function of the same type that can be in a table. It errs on the safe side, but for one shape that it knows exactly:
 * a function that calls what its first argument names, as the SDK's handlers do; which function that is, is known when
 * it is registered (`mayWait`). Throws Unsupported or BinaryError.
 */
export function reachOf(bytes: Uint8Array, outline: Outline, waits: (module: string, name: string) => boolean): Reach {
  const imported = outline.imports.filter((i) => i.kind === 'func').map((i) => waits(i.module, i.name))
  const layout = new Layout(bytes, outline.sections)
  const keys = typeKeys(layout)
  const taken = new Set<number>()
  let resettable = true
  const bodies = readBodies(layout).map(({ code, end }) => {
    const body: Body = { calls: [], types: new Set(), byData: new Set() }
    const r = new Instructions(bytes, code, end)
    let first = true
    let previous = -1
    while (r.at < end) {
      r.next()
      const { op, a } = r
      if (op === Op.Call || op === Op.ReturnCall) body.calls.push(a)
      else if (op === Op.CallIndirect || op === Op.ReturnCallIndirect) {
        const to = previous === 0 ? body.byData : body.types
        to.add(keys[a]!)
      }
      else if (op === Op.CallRef || op === Op.ReturnCallRef) body.types.add(keys[a]!)
      else if (op === Op.RefFunc) taken.add(a)
      else if (op === LocalSet || op === LocalTee) first &&= a !== 0
      else if (changing.has(op)) resettable = false
      previous = op === LocalGet ? a : -1
    }
    if (!first) for (const type of body.byData.keys()) body.types.add(type)
    if (!first) body.byData.clear()
    return body
  })
  if (!imported.includes(true)) return { functions: null, resettable }
  elements(layout, taken)
  return { functions: solve(layout, keys, imported, bodies, taken), resettable }
}

/** Instructions that change tables, or drop segments: what a snapshot does not hold. */
const changing: ReadonlySet<number> = new Set([
  TableSet, Op.TableInit, Op.TableCopy, Op.TableGrow, Op.TableFill, DataDrop, ElemDrop,
])

/** A number for each type, the same for equal ones. */
function typeKeys(layout: Layout): number[] {
  const seen = new Map<string, number>()
  return layout.types.map(({ bytes }) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    if (!seen.has(text)) seen.set(text, seen.size)
    return seen.get(text)!
  })
}

/** Adds the functions that element segments name (specification §5.5.12) to those that can be in a table. */
function elements(layout: Layout, taken: Set<number>): void {
  const section = layout.sections.get(9)
  if (section === undefined) return
  const r = new Instructions(layout.bytes, section.body, section.end)
  const expression = (): void => {
    do {
      r.next()
      if (r.op === Op.RefFunc) taken.add(r.a)
    } while (r.op !== Op.End)
  }
  for (let n = r.u32(); n > 0; n--) {
    const flags = r.u32()
    const active = (flags & 1) === 0
    if (active && (flags & 2) !== 0) r.u32()
    if (active) expression()
    if ((flags & 3) !== 0) {
      if ((flags & 4) === 0) r.byte()
      else r.skipType()
    }
    for (let count = r.u32(); count > 0; count--) {
      if ((flags & 4) === 0) taken.add(r.u32())
      else expression()
    }
  }
}

function solve(
  layout: Layout, keys: readonly number[], imported: readonly boolean[], bodies: readonly Body[], taken: ReadonlySet<number>,
): Uint8Array {
  const count = imported.length + bodies.length
  const callers: number[][] = Array.from({ length: count }, () => [])
  const indirect = new Map<number, number[]>()
  bodies.forEach((body, i) => {
    for (const callee of body.calls) callers[callee]!.push(imported.length + i)
    for (const types of [body.types, body.byData]) {
      for (const type of types) indirect.set(type, [...indirect.get(type) ?? [], imported.length + i])
    }
  })
  const waiting = new Uint8Array(count)
  const types = new Set<number>()
  const open: number[] = []
  const mark = (f: number): void => {
    if (waiting[f] !== 0) return
    waiting[f] = 1
    open.push(f)
  }
  imported.forEach((waits, f) => { if (waits) mark(f) })
  for (let f = open.pop(); f !== undefined; f = open.pop()) {
    for (const caller of callers[f]!) mark(caller)
    const type = keys[layout.functionTypes[f]!]!
    if (!taken.has(f) || types.has(type)) continue
    types.add(type)
    for (const caller of indirect.get(type) ?? []) mark(caller)
  }
  return facts(waiting, types, imported.length, bodies)
}

function facts(waiting: Uint8Array, types: ReadonlySet<number>, imported: number, bodies: readonly Body[]): Uint8Array {
  return waiting.map((waits, f) => {
    if (waits === 0) return 0
    const body = bodies[f - imported]
    if (body === undefined) return Fact.Always | Fact.Somehow
    const always = body.calls.some((callee) => waiting[callee] !== 0) || [...body.types].some((type) => types.has(type))
    return Fact.Somehow | (always ? Fact.Always : Fact.ByData)
  })
}

/**
 * Whether the table's function at `index`, when it is called with `data` as its first argument, may come to an import
 * that waits.
 */
export function mayWait(reach: Reach, table: WebAssembly.Table, index: number, data: number): boolean {
  const { functions } = reach
  if (functions === null) return false
  const fact = factOf(functions, table, index)
  return fact === Fact.Somehow + Fact.ByData ? factOf(functions, table, data) !== 0 : fact !== 0
}

/**
 * The name of an exported function is its index (JavaScript interface §5.6). What is no function of the module is taken
 * to wait.
 */
function factOf(functions: Uint8Array, table: WebAssembly.Table, index: number): number {
  const f = index >>> 0 < table.length ? table.get(index >>> 0) as { name: string } | null : null
  return f === null ? 0 : functions[Number(f.name)] ?? Fact.Always
}

import type { Outline } from '../binary.ts'
import type { Offsets } from './offsets.ts'
import { Output, nameBytes } from './bytes.ts'
import { Additions } from './additions.ts'
import { Unsupported } from './instructions.ts'
import { Layout } from './layout.ts'
import { Exemptions, readBodies } from './measure.ts'
import { Meter } from './meter.ts'
import { OffsetRecorder } from './offsets.ts'
import { appended, elementSection, exportEntry, globalSection, importSection, memorySection, tableSection } from './sections.ts'

/** What a module is held to from its compilation on. */
export interface ModuleLimits {
  /** Bytes of memory; whole pages of 64 KiB count. */
  readonly memory: number
  /** Entries of each table. */
  readonly table: number
  /** Without the checks of time: to measure what they cost. */
  readonly unchecked?: boolean
}

/** A module that can be held to its limits. */
export interface Rewritten {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly offsets: Offsets
  /** Exported names of the mutable globals: with the memory they are an instance's state. */
  readonly globals: readonly string[]
  /** It had a start function, which is exported instead. */
  readonly started: boolean
  /** It has exception handlers: what the host throws must not reach them. */
  readonly catches: boolean
}

/** Names of what the rewriter exports; a plugin may not use this prefix itself. */
export const exported = {
  prefix: 'vespid:',
  /** The fuel: an i32. */
  fuel: 'vespid:fuel',
  /** 1 when `memory.grow` has failed in this instance. */
  refused: 'vespid:refused',
  /**
   * A table of one function, `() -> i32`, which is called when the fuel is used up: the new fuel, or a negative number
   * to end the call.
   */
  tick: 'vespid:tick',
  start: 'vespid:start',
} as const

/** The export name of a global that the plugin does not export itself. */
function globalExportName(index: number): string {
  return `${exported.prefix}global:${index}`
}

/**
 * Rewrites a valid module: memory and tables get a maximum; every function and loop pays for its code from a fuel
 * global, and asks the host when it is used up; operations that take a length pay by it; the start function becomes an
 * export; all mutable globals are exported. Nothing of the plugin changes its index: everything is added behind. Throws
 * Unsupported or BinaryError; the caller has had the engine validate the module.
 */
export function rewrite(bytes: Uint8Array, outline: Outline, limits: ModuleLimits): Rewritten {
  const layout = new Layout(bytes, outline.sections)
  const reserved = layout.exports.find((e) => e.name.startsWith(exported.prefix))
  if (reserved !== undefined) throw new Unsupported(`an export named "${reserved.name}"`, `names that begin with "${exported.prefix}" are vespid's own`)
  const bodies = readBodies(layout)
  const exemptions = new Exemptions(layout, bodies)
  const additions = new Additions(layout)
  const code = new Output(bytes.length * 2)
  const offsets = new OffsetRecorder()
  const meter = new Meter(layout, additions, exemptions, code, offsets, limits.unchecked === true)
  bodies.forEach((body, position) => meter.write(body, position))
  const globals = globalSection(layout, additions)
  const elements = elementSection(layout, additions)
  offsets.added(code.length)
  additions.write(code)
  const names = globalNames(outline)
  const sections = new Map<number, Output | null>([
    [1, appended(layout, 1, additions.types)], [2, importSection(layout, limits.memory, limits.table)],
    [3, appended(layout, 3, additions.functions.map((f) => [...leb(f.type)]))], [4, tableSection(layout, limits.table)],
    [5, memorySection(layout, limits.memory)], [6, globals], [7, appended(layout, 7, exportsOf(layout, additions, outline))], [9, elements],
  ])
  const { made, codeAt } = assemble(layout, sections, code, bodies.length + additions.functions.length, hintSection(meter))
  return { bytes: made, offsets: offsets.finish(codeAt), globals: names, started: layout.start !== null, catches: exemptions.catches }
}

function leb(value: number): number[] {
  const out = new Output(8)
  out.u32(value)
  return [...out.bytes]
}

/** The export names of a module's mutable globals: the plugin's own where it exports them, ours otherwise. */
function globalNames(outline: Outline): string[] {
  return outline.globals.filter((g) => g.mutable).map((g) =>
    outline.exports.find((e) => e.kind === 'global' && e.index === g.index)?.name ?? globalExportName(g.index))
}

function exportsOf(layout: Layout, additions: Additions, outline: Outline): number[][] {
  const entries = [exportEntry(exported.fuel, 3, additions.fuel), exportEntry(exported.refused, 3, additions.refused), exportEntry(exported.tick, 1, additions.table)]
  if (layout.start !== null) entries.push(exportEntry(exported.start, 0, layout.start))
  const taken = new Set(layout.exports.filter((e) => e.kind === 3).map((e) => e.index))
  for (const { index, mutable } of outline.globals) if (mutable && !taken.has(index)) entries.push(exportEntry(globalExportName(index), 3, index))
  return entries
}

/** The order of sections (specification §5.5.2); 13 holds tags, 12 the number of data segments. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11]

function assemble(layout: Layout, sections: ReadonlyMap<number, Output | null>, code: Output, functions: number, hints: Uint8Array): { made: Uint8Array<ArrayBuffer>, codeAt: number } {
  const { bytes } = layout
  const out = new Output(bytes.length + code.length)
  out.copy(bytes, 0, 8)
  let codeAt = 0
  for (const id of order) {
    if (id === 10) {
      out.put(hints)
      out.byte(10)
      const size = out.placeholder()
      const begin = out.length
      out.u32(functions)
      codeAt = out.length
      out.put(code.bytes)
      out.patch(size, out.length - begin)
      continue
    }
    const made = sections.get(id)
    const old = layout.sections.get(id)
    if (made !== undefined && made !== null) {
      out.byte(id)
      out.u32(made.length)
      out.put(made.bytes)
    } else if (made === undefined && old !== undefined) out.copy(bytes, old.start, old.end)
  }
  for (const custom of layout.customs) if (keep(layout, custom.body, custom.end)) out.copy(bytes, custom.start, custom.end)
  return { made: out.bytes.slice(), codeAt }
}

const hintName = nameBytes('metadata.code.branch_hint')

/** A custom section that tells the engine which branches are hardly ever taken (WebAssembly branch hinting). */
function hintSection(meter: Meter): Uint8Array {
  const body = new Output(1024)
  body.put(hintName)
  body.u32(meter.hints.length)
  for (const { index, branches } of meter.hints) {
    body.u32(index)
    body.u32(branches.length)
    for (const at of branches) {
      body.u32(at)
      body.put([1, 0])
    }
  }
  const out = new Output(body.length + 8)
  out.byte(0)
  out.u32(body.length)
  out.put(body.bytes)
  return out.bytes
}

/** The file's own hints name places in the code, which have moved. */
const moved = nameBytes('metadata.code.').slice(1)

function keep(layout: Layout, body: number, end: number): boolean {
  for (let i = 0; i < moved.length; i++) if (body + 1 + i >= end || layout.bytes[body + 1 + i] !== moved[i]) return true
  return false
}

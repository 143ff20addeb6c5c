import type { Additions } from './additions.ts'
import type { Layout, Limits, Table } from './layout.ts'
import { formatSize } from '../../core/units.ts'
import { Output, nameBytes, unsigned } from './bytes.ts'
import { Instructions, Op, Unsupported } from './instructions.ts'

/** A section's content: what it has, with `more` entries (as bytes) behind. `count` is what it has. */
export function appended(layout: Layout, id: number, more: readonly (readonly number[])[]): Output | null {
  const r = layout.input(id)
  if (r === null && more.length === 0) return null
  const out = new Output()
  const count = r?.u32() ?? 0
  out.u32(count + more.length)
  if (r !== null) out.copy(layout.bytes, r.at, r.end)
  for (const entry of more) out.put(entry)
  return out
}

const page = 65536

/** The limits of a memory, in pages, at most `bytes`. Throws Unsupported when it begins with more. */
function memoryLimits({ minimum, maximum }: Limits, bytes: number): number[] {
  const pages = Math.floor(bytes / page)
  if (minimum > pages) {
    const needed = formatSize(minimum * page)
    throw new Unsupported(`${needed} of memory at its start; plugin_memory_limit allows ${formatSize(bytes)}`, `raise it for this plugin: plugin NAME { memory_limit ${needed}; }`)
  }
  return [1, ...unsigned(minimum), ...unsigned(Math.min(maximum ?? pages, pages))]
}

/** The limits of a table of at most `entries`. */
function tableLimits({ minimum, maximum }: Limits, entries: number): number[] {
  if (minimum > entries) {
    throw new Unsupported(`a table of ${minimum} entries; plugin_table_limit allows ${entries}`, `raise it for this plugin: plugin NAME { table_limit ${minimum}; }`)
  }
  return [1, ...unsigned(minimum), ...unsigned(Math.min(maximum ?? entries, entries))]
}

/** The import section with the limits of imported memories and tables lowered. */
export function importSection(layout: Layout, memory: number, table: number): Output | null {
  const section = layout.sections.get(2)
  if (section === undefined) return null
  const out = new Output()
  let copied = section.body
  const changes = [
    ...layout.importedMemories.map((m) => ({ ...m, made: memoryLimits(m, memory) })),
    ...layout.importedTables.map((t) => ({ ...t, made: tableLimits(t, table) })),
  ].sort((a, b) => a.at - b.at)
  for (const { at, end, made } of changes) {
    out.copy(layout.bytes, copied, at)
    out.put(made)
    copied = end
  }
  out.copy(layout.bytes, copied, section.end)
  return out
}

/** The table section: every table within the limit, and ours, through which the host is asked, behind them. */
export function tableSection(layout: Layout, limit: number): Output {
  const out = new Output()
  const { tables } = layout
  out.u32(tables.length + 1)
  for (const table of tables as readonly Table[]) {
    out.put(table.type)
    out.put(tableLimits(table, limit))
  }
  out.put([0x70, 1, 1, 1])
  return out
}

/** The memory section within the limit. */
export function memorySection(layout: Layout, limit: number): Output | null {
  if (layout.memories.length === 0) return null
  const out = new Output()
  out.u32(layout.memories.length)
  for (const memory of layout.memories) out.put(memoryLimits(memory, limit))
  return out
}

/** Copies a constant expression; a reference to an imported function becomes one to its wrapper. */
function copyExpression(r: Instructions, out: Output, additions: Additions, imported: number): void {
  for (;;) {
    const from = r.at
    r.next()
    if (r.op === Op.RefFunc && r.a < imported) {
      out.byte(Op.RefFunc)
      out.u32(additions.wrapper(r.a))
    } else out.copy(r.bytes, from, r.at)
    if (r.op === Op.End) return
  }
}

/** The global section with references replaced and ours behind: the fuel, and whether memory was refused. */
export function globalSection(layout: Layout, additions: Additions): Output {
  const out = new Output()
  const section = layout.input(6)
  const count = section?.u32() ?? 0
  out.u32(count + 2)
  if (section !== null) {
    const r = new Instructions(layout.bytes, section.at, section.end)
    for (let i = 0; i < count; i++) {
      const from = r.at
      r.skipType()
      r.byte()
      out.copy(layout.bytes, from, r.at)
      copyExpression(r, out, additions, layout.importedFunctions)
    }
  }
  // Mutable, and 0: the first check of an instance asks the host.
  for (let i = 0; i < 2; i++) out.put([0x7f, 1, 0x41, 0, Op.End])
  return out
}

/** The element section with references to imported functions replaced (its eight forms: specification §5.5.12). */
export function elementSection(layout: Layout, additions: Additions): Output | null {
  const section = layout.input(9)
  const count = section?.u32() ?? 0
  const body = new Output()
  if (section !== null) {
    const r = new Instructions(layout.bytes, section.at, section.end)
    for (let i = 0; i < count; i++) copySegment(r, body, additions, layout.importedFunctions)
  }
  const wrappers = [...additions.wrappers.values()]
  if (count === 0 && wrappers.length === 0) return null
  const out = new Output(body.length + 16)
  out.u32(count + (wrappers.length === 0 ? 0 : 1))
  out.put(body.bytes)
  // A reference may be taken in code only to functions that stand in a segment.
  if (wrappers.length > 0) out.put([3, 0, ...unsigned(wrappers.length), ...wrappers.flatMap(unsigned)])
  return out
}

function copySegment(r: Instructions, out: Output, additions: Additions, imported: number): void {
  const flags = r.u32()
  out.u32(flags)
  const from = r.at
  const active = (flags & 1) === 0
  if (active && (flags & 2) !== 0) r.u32()
  out.copy(r.bytes, from, r.at)
  if (active) copyExpression(r, out, additions, imported)
  const expressions = (flags & 4) !== 0
  if ((flags & 3) !== 0) {
    const kind = r.at
    if (expressions) r.skipType()
    else r.byte()
    out.copy(r.bytes, kind, r.at)
  }
  const count = r.u32()
  out.u32(count)
  for (let i = 0; i < count; i++) {
    if (expressions) copyExpression(r, out, additions, imported)
    else {
      const index = r.u32()
      out.u32(index < imported ? additions.wrapper(index) : index)
    }
  }
}

/** One entry of the export section. */
export function exportEntry(name: string, kind: number, index: number): number[] {
  return [...nameBytes(name), kind, ...unsigned(index)]
}

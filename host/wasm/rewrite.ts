import type { Outline } from './binary.ts'

/**
 * What vespid changes in a plugin's module before it is compiled. Now: every mutable global that the module defines
 * is exported under a name of ours, because an instance's state is its memory and its mutable globals, and a snapshot
 * must reach both. (The limits of DESIGN §6 will be added here.)
 */

/** The export name of a global that the plugin does not export itself. */
export function globalExportName(index: number): string {
  return `vespid:global:${index}`
}

/**
 * The changed bytes, and by how many bytes the code section moved (a trap's byte offset minus this is an offset in
 * the file).
 */
export interface Rewritten {
  readonly bytes: Uint8Array
  readonly moved: number
}

/** Exports all mutable globals of a module. Returns the bytes as they are when there is nothing to do. */
export function exportGlobals(bytes: Uint8Array, outline: Outline): Rewritten {
  const taken = new Set(outline.exports.filter((e) => e.kind === 'global').map((e) => e.index))
  const missing = outline.globals.filter((g) => g.mutable && !taken.has(g.index))
  if (missing.length === 0) return { bytes, moved: 0 }
  const entries: number[] = []
  for (const { index } of missing) {
    const name = Buffer.from(globalExportName(index), 'latin1')
    entries.push(...leb(name.length), ...name, 3, ...leb(index))
  }
  const section = outline.sections.find((s) => s.id === 7)
  const count = outline.exports.length + missing.length
  // Sections other than custom ones come in a fixed order; the export section follows the global section directly.
  const at = section ?? insertionPoint(outline)
  const old = section === undefined ? new Uint8Array(0) : bytes.subarray(lebEnd(bytes, section.body), section.end)
  const head = [7, ...leb(leb(count).length + old.length + entries.length), ...leb(count)]
  const out = Buffer.concat([bytes.subarray(0, at.start), Buffer.from(head), old, Buffer.from(entries), bytes.subarray(at.end)])
  return { bytes: out, moved: out.length - bytes.length }
}

/** An empty place behind the last section that must precede an export section. */
function insertionPoint(outline: Outline): { start: number, end: number } {
  let end = 8
  for (const s of outline.sections) if ((s.id >= 1 && s.id <= 6) || s.id === 13) end = s.end
  return { start: end, end }
}

/** Behind the LEB128 number at `at`, which may be padded. */
function lebEnd(bytes: Uint8Array, at: number): number {
  while (bytes[at]! >= 0x80) at++
  return at + 1
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const out: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    out.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return out
}

/** The export names of a module's mutable globals after `exportGlobals`: the plugin's own where it exports them, else ours. */
export function globalNames({ globals, exports }: Outline): string[] {
  return globals.filter((g) => g.mutable).map((g) =>
    exports.find((e) => e.kind === 'global' && e.index === g.index)?.name ?? globalExportName(g.index))
}

import type { Section } from '../binary.ts'
import { Input } from './bytes.ts'
import { Unsupported } from './instructions.ts'

/**
 * Bounds of a module file: what is larger costs the host more at load and at each instantiation than a plugin may cost.
 */
export const caps = {
  /** Bytes of the file. */
  module: 16 << 20,
  /** Functions that the module defines. */
  functions: 65536,
  /** Bytes of one function: the engine compiles a function at its first call, without a break. */
  body: 1 << 20,
  imports: 4096,
  exports: 8192,
  globals: 8192,
  tables: 16,
  types: 65536,
  /** Segments of data, and of table elements. */
  segments: 65536,
} as const

/** A table's or memory's limits as they stand: where the flags byte is, minimum and maximum. */
export interface Limits {
  readonly at: number
  /** Behind the limits. */
  readonly end: number
  readonly minimum: number
  readonly maximum: number | null
}

/** A table of the module: its element type as bytes, and its limits. */
export interface Table extends Limits {
  readonly type: Uint8Array
}

/** Where everything in a module is, and how much there is of it: what the rewriter appends to. */
export class Layout {
  readonly bytes: Uint8Array
  readonly sections = new Map<number, Section>()
  readonly customs: Section[] = []
  typeCount = 0
  /** Parameters of each function type, as the bytes of their count and types; and the bytes of the results. */
  readonly types: { readonly params: number, readonly bytes: Uint8Array }[] = []
  /** Type indices of imported functions, then of those that are defined. */
  readonly functionTypes: number[] = []
  importedFunctions = 0
  importedGlobals = 0
  readonly importedMemories: Limits[] = []
  readonly importedTables: Table[] = []
  readonly memories: Limits[] = []
  readonly tables: Table[] = []
  globalCount = 0
  exportCount = 0
  elementCount = 0
  readonly exports: { readonly name: string, readonly kind: number, readonly index: number }[] = []
  start: number | null = null

  constructor(bytes: Uint8Array, sections: readonly Section[]) {
    this.bytes = bytes
    for (const section of sections) {
      if (section.id === 0) this.customs.push(section)
      else this.sections.set(section.id, section)
    }
    this.readTypes()
    this.readImports()
    this.readFunctions()
    this.readTables()
    this.readMemories()
    this.globalCount = this.importedGlobals + this.counted(6, caps.globals, 'globals')
    this.readExports()
    this.elementCount = this.counted(9, caps.segments, 'element segments')
    this.counted(11, caps.segments, 'data segments')
    const start = this.input(8)
    if (start !== null) this.start = start.u32()
  }

  /** A reader of a section's content; null when there is none. */
  input(id: number): Input | null {
    const section = this.sections.get(id)
    return section === undefined ? null : new Input(this.bytes, section.body, section.end)
  }

  private counted(id: number, limit: number, what: string): number {
    const count = this.input(id)?.u32() ?? 0
    if (count > limit) throw new Unsupported(`${count} ${what}; ${limit} are allowed`)
    return count
  }

  private readTypes(): void {
    const count = this.typeCount = this.counted(1, caps.types, 'types')
    const r = this.input(1)
    if (r === null) return
    r.u32()
    for (let i = 0; i < count; i++) {
      if (r.byte() !== 0x60) throw new Unsupported('garbage-collected types')
      const from = r.at
      const params = r.u32()
      for (let n = params; n > 0; n--) r.skipType()
      for (let n = r.u32(); n > 0; n--) r.skipType()
      this.types.push({ params, bytes: this.bytes.subarray(from, r.at) })
    }
  }

  private readImports(): void {
    const count = this.counted(2, caps.imports, 'imports')
    const r = this.input(2)
    if (r === null) return
    r.u32()
    for (let i = 0; i < count; i++) {
      r.name()
      r.name()
      const kind = r.byte()
      if (kind === 0) this.functionTypes.push(r.u32())
      else if (kind === 1) this.importedTables.push(readTable(r))
      else if (kind === 2) this.importedMemories.push(readLimits(r, 'memory'))
      else if (kind === 3) {
        r.skipType()
        r.byte()
        this.importedGlobals++
      } else if (kind === 4) {
        r.byte()
        r.u32()
      } else throw new Unsupported(`imports of kind ${kind}`)
    }
    this.importedFunctions = this.functionTypes.length
  }

  private readFunctions(): void {
    const count = this.counted(3, caps.functions, 'functions')
    const r = this.input(3)
    if (r === null) return
    r.u32()
    for (let i = 0; i < count; i++) this.functionTypes.push(r.u32())
  }

  private readTables(): void {
    const count = this.counted(4, caps.tables - this.importedTables.length, 'tables')
    const r = this.input(4)
    if (r === null) return
    r.u32()
    for (let i = 0; i < count; i++) {
      // A table whose entries begin with something else than null: 0x40 0x00, then the value behind the type
      // (specification §5.5.7).
      if (r.bytes[r.at] === 0x40) throw new Unsupported('tables with a first value of their own', 'fill the table with an element segment')
      this.tables.push(readTable(r))
    }
  }

  private readMemories(): void {
    const r = this.input(5)
    if (r !== null) for (let n = r.u32(); n > 0; n--) this.memories.push(readLimits(r, 'memory'))
    if (this.memories.length + this.importedMemories.length > 1) throw new Unsupported('a second memory')
  }

  private readExports(): void {
    const count = this.exportCount = this.counted(7, caps.exports, 'exports')
    const r = this.input(7)
    if (r === null) return
    r.u32()
    for (let i = 0; i < count; i++) this.exports.push({ name: r.name(), kind: r.byte(), index: r.u32() })
  }
}

function readTable(r: Input): Table {
  const from = r.at
  r.skipType()
  const type = r.bytes.subarray(from, r.at)
  return { type, ...readLimits(r, 'table') }
}

/** Limits of 32 bits; anything else that the flags may say (shared, 64 bits, pages of another size) is refused. */
function readLimits(r: Input, what: 'memory' | 'table'): Limits {
  const at = r.at
  const flags = r.byte()
  if ((flags & 2) !== 0) throw new Unsupported(`a shared ${what}`)
  if ((flags & 4) !== 0) throw new Unsupported(`a ${what} with 64-bit addresses`)
  if (flags > 1) throw new Unsupported(`a ${what} of a kind that this vespid does not know`)
  const minimum = r.u32()
  const maximum = flags === 1 ? r.u32() : null
  return { at, end: r.at, minimum, maximum }
}

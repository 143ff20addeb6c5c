/** What a core WebAssembly module says about itself, read from its bytes (WebAssembly core specification 3.0 §5.5). */

/**
 * A function type in short: `iif>i` = (i32, i32, f32) → i32, with `I` for i64, `F` for f64, `v` for v128 and `r` for
 * references.
 */
export type Signature = string

/** One import: `signature` is that of a function, null for other kinds. */
export interface Import {
  readonly module: string
  readonly name: string
  readonly kind: 'func' | 'table' | 'memory' | 'global' | 'tag'
  readonly signature: Signature | null
}

/** One export; `index` counts in the index space of its kind. */
export interface Export {
  readonly name: string
  readonly kind: 'func' | 'table' | 'memory' | 'global' | 'tag'
  readonly index: number
  /** Of a function; null for other kinds. */
  readonly signature: Signature | null
}

/** One global that the module defines (imported ones are not listed); `index` counts imported ones too. */
export interface Global {
  readonly index: number
  readonly type: string
  readonly mutable: boolean
}

/**
 * Where one section of a module lies: `start` is its id byte, `body` its first content byte, `end` the byte behind
 * it.
 */
export interface Section {
  readonly id: number
  readonly start: number
  readonly body: number
  readonly end: number
}

/** A custom section: its name, and where its content lies. */
export interface Custom {
  readonly name: string
  readonly body: number
  readonly end: number
}

/** A module's outside. */
export interface Outline {
  readonly imports: readonly Import[]
  readonly exports: readonly Export[]
  readonly globals: readonly Global[]
  readonly sections: readonly Section[]
  readonly customs: readonly Custom[]
}

const kinds = ['func', 'table', 'memory', 'global', 'tag'] as const

/** A file that is not a well-formed module; the message is for users. */
export class BinaryError extends Error {
  override readonly name = 'BinaryError'
}

/** Reads LEB128 numbers, names and types from a byte array; throws BinaryError at the end of the bytes. */
class Reader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  byte(): number {
    if (this.at >= this.end) throw new BinaryError('is truncated')
    return this.bytes[this.at++]!
  }

  /** An unsigned LEB128 number of up to 32 bits (64-bit limits are cut, only their presence matters here). */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      if (shift < 35) value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new BinaryError('has a number that is too long')
  }

  name(): string {
    const length = this.u32()
    if (length > this.end - this.at) throw new BinaryError('is truncated')
    this.at += length
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at - length, length).toString('utf8')
  }

  type(): string {
    switch (this.byte()) {
      case 0x7f: return 'i'
      case 0x7e: return 'I'
      case 0x7d: return 'f'
      case 0x7c: return 'F'
      case 0x7b: return 'v'
      // (ref null ht) and (ref ht): the heap type follows as a signed LEB128 number.
      case 0x63: case 0x64: this.u32(); return 'r'
      default: return 'r'
    }
  }

  limits(): void {
    const flags = this.byte()
    this.u32()
    if (flags & 1) this.u32()
  }

  /** Skips a constant expression by its instructions (specification §3.3.10). */
  expression(): void {
    for (;;) {
      const op = this.byte()
      if (op === 0x0b) return
      if (op === 0x41 || op === 0x42 || op === 0x23 || op === 0xd0 || op === 0xd2) this.u32()
      else if (op === 0x43) this.at += 4
      else if (op === 0x44) this.at += 8
      else if (op === 0xfd) this.at += this.u32() === 12 ? 16 : 0
      else if (op === 0xfb) throw new BinaryError('uses garbage-collected types, which are not supported')
      else if (op < 0x6a || op > 0x7e) throw new BinaryError('has an unknown constant expression')
      if (this.at > this.end) throw new BinaryError('is truncated')
    }
  }
}

/** The four bytes that every WebAssembly file begins with. */
export function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d
}

/**
 * Reads a module's sections, imports, exports and globals. Throws BinaryError; whether the code is valid is the
 * engine's to say.
 */
export function readOutline(bytes: Uint8Array): Outline {
  const sections = readSections(bytes)
  const types: Signature[] = []
  const imports: Import[] = []
  const exports: Export[] = []
  const functions: Signature[] = []
  const globals: Global[] = []
  const customs: Custom[] = []
  let importedGlobals = 0
  for (const section of sections) {
    const r = new Reader(bytes, section.body, section.end)
    if (section.id === 0) customs.push({ name: r.name(), body: r.at, end: section.end })
    else if (section.id === 1) readTypes(r, types)
    else if (section.id === 2) importedGlobals = readImports(r, types, imports, functions)
    else if (section.id === 3) for (let n = r.u32(); n > 0; n--) functions.push(types[r.u32()] ?? '?')
    else if (section.id === 6) readGlobals(r, importedGlobals, globals)
    else if (section.id === 7) readExports(r, functions, exports)
  }
  return { imports, exports, globals, sections, customs }
}

function readSections(bytes: Uint8Array): Section[] {
  const sections: Section[] = []
  const r = new Reader(bytes, 8, bytes.length)
  while (r.at < bytes.length) {
    const start = r.at
    const id = r.byte()
    const size = r.u32()
    if (size > bytes.length - r.at) throw new BinaryError('is truncated')
    sections.push({ id, start, body: r.at, end: r.at + size })
    r.at += size
  }
  return sections
}

function readTypes(r: Reader, types: Signature[]): void {
  for (let n = r.u32(); n > 0; n--) {
    if (r.byte() !== 0x60) throw new BinaryError('uses garbage-collected types, which are not supported')
    let signature = ''
    for (let i = r.u32(); i > 0; i--) signature += r.type()
    signature += '>'
    for (let i = r.u32(); i > 0; i--) signature += r.type()
    types.push(signature)
  }
}

function readImports(r: Reader, types: Signature[], imports: Import[], functions: Signature[]): number {
  let globals = 0
  for (let n = r.u32(); n > 0; n--) {
    const module = r.name()
    const name = r.name()
    const kind = kinds[r.byte()]
    let signature: Signature | null = null
    if (kind === 'func') functions.push(signature = types[r.u32()] ?? '?')
    else if (kind === 'table') { r.type(); r.limits() }
    else if (kind === 'memory') r.limits()
    else if (kind === 'global') { r.type(); r.byte(); globals++ }
    else if (kind === 'tag') { r.byte(); r.u32() }
    else throw new BinaryError('has an import of an unknown kind')
    imports.push({ module, name, kind, signature })
  }
  return globals
}

function readGlobals(r: Reader, imported: number, globals: Global[]): void {
  const count = r.u32()
  for (let i = 0; i < count; i++) {
    const type = r.type()
    const mutable = r.byte() === 1
    r.expression()
    globals.push({ index: imported + i, type, mutable })
  }
}

function readExports(r: Reader, functions: Signature[], exports: Export[]): void {
  for (let n = r.u32(); n > 0; n--) {
    const name = r.name()
    const kind = kinds[r.byte()]
    if (kind === undefined) throw new BinaryError('has an export of an unknown kind')
    const index = r.u32()
    exports.push({ name, kind, index, signature: kind === 'func' ? functions[index] ?? null : null })
  }
}

/** A signature as people write it: `(i32, i32) -> i32`. */
export function describeSignature(signature: Signature): string {
  const names: Record<string, string> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128', r: 'ref' }
  const [params, results] = signature.split('>').map((part) => [...part].map((c) => names[c] ?? '?').join(', '))
  return `(${params}) -> ${results === '' ? '()' : results}`
}

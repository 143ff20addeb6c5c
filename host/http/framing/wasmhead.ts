import type { CoreMemory } from './memory.ts'
import type { HeadLimits, HeadParser, HeadResume } from './parser.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../core/install.ts'
import { noteOutcome, worthParsing } from './parser.ts'

/** What build/core/head.wasm exports. */
interface HeadExports {
  limits(smallBuf: number, largeNum: number, largeSize: number, maxHeaders: number, flags: number): void
  parse(start: number, end: number): number
  copy(to: number, from: number, length: number): void
}

/** Where build-core.ts puts the compiled parser. */
export const headWasmPath = join(packageRoot, 'build/core/head.wasm')

/** The compiled head parser, to be shared among workers; null when it was not built (use TsHead). */
export function loadHeadModule(path: string | URL = headWasmPath): WebAssembly.Module | null {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
}

/** The AssemblyScript head parser, working in place in the core memory. */
export class WasmHead implements HeadParser {
  readonly name = 'wasm'
  readonly table: Int32Array
  private readonly bytes: Buffer
  private readonly run: HeadExports['parse']
  /** memory.copy: 10 ns for a head where TypedArray.set takes 80. */
  readonly copy: HeadExports['copy']
  private readonly setLimits: HeadExports['limits']
  /** The limits that the parser has. */
  private limits: HeadLimits | null = null

  constructor(module: WebAssembly.Module, memory: CoreMemory) {
    this.table = memory.table
    this.bytes = memory.bytes
    const instance = new WebAssembly.Instance(module, { env: { memory: memory.memory } })
    const { parse, limits, copy } = instance.exports as unknown as HeadExports
    this.run = parse
    this.copy = copy
    this.setLimits = limits
  }

  parseHead(start: number, end: number, limits: HeadLimits, resume?: HeadResume): number {
    if (limits !== this.limits) this.take(limits)
    if (resume === undefined) return this.run(start, end)
    if (resume.seen > 0 && !worthParsing(this.bytes, start, end, resume)) {
      resume.seen = end - start
      return 0
    }
    return noteOutcome(this.run(start, end), end - start, this.table, resume)
  }

  private take(limits: HeadLimits): void {
    this.limits = limits
    this.setLimits(limits.smallBuf, limits.largeNum, limits.largeSize, limits.maxHeaders, limits.flags)
  }
}

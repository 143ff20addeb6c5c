import { createHash } from 'node:crypto'
import { PluginError } from '../core/errors.ts'
import { bytesOf } from '../core/text.ts'
import { suggest } from '../core/suggest.ts'
import type { Import, Outline } from './binary.ts'
import type { Abi } from './sniff.ts'
import { BinaryError, describeSignature, hasMagic, readOutline } from './binary.ts'
import { environment, imports, waiting } from './native/abi.ts'
import type { Asked } from './limits/asked.ts'
import { limitsSection, longestLimits, readAsked } from './limits/asked.ts'
import { newCounters } from './limits/faults.ts'
import { Unsupported } from './limits/instructions.ts'
import { caps } from './limits/layout.ts'
import type { Offsets } from './limits/offsets.ts'
import type { Reach } from './reach.ts'
import { reachOf } from './reach.ts'
import type { ModuleLimits, Rewritten } from './limits/rewrite.ts'
import { rewrite } from './limits/rewrite.ts'
import { defaultSettings } from './limits/settings.ts'
import { registrationExport, sniff } from './sniff.ts'
import { TimerBoard } from './timerboard.ts'

/** A plugin file that was read, checked and compiled. Everything in it can be posted to a worker. */
export interface Compiled {
  /** The file's name without `.wasm`: the plugin's name. */
  readonly name: string
  /** Absolute path. */
  readonly path: string
  /** SHA-256 of the file, in hex. */
  readonly hash: string
  /** Bytes of the file. */
  readonly size: number
  readonly abi: Abi
  readonly module: WebAssembly.Module
  /** Export names of the mutable globals: with the memory they are an instance's state. */
  readonly globals: readonly string[]
  readonly assemblyscript: boolean
  /** Where the code's bytes are in the file. */
  readonly offsets: Offsets
  /** Which of its functions may wait. */
  readonly reach: Reach
  /** It has exception handlers. */
  readonly catches: boolean
  /** What its memory and tables are held to. */
  readonly limits: ModuleLimits
  /** What it asks to be held to. */
  readonly asked: Asked
  /** Its faults in all workers (`readCounters`). */
  readonly counters: SharedArrayBuffer
  /** Its timers in all workers (`TimerBoard`). */
  readonly timers: SharedArrayBuffer
}

/** SHA-256 of a file's bytes, in hex: what a compiled module is cached by. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The plugin's name that a path stands for: the file name without `.wasm`. */
export function pluginName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.wasm$/, '')
}

/**
 * Checks and compiles a plugin's bytes; `shown` is the path as messages show it. Throws PluginError that says what
 * the file is or lacks, and in its note what to do. Memory and tables are held to `limits`, or to what the plugin asks for.
 */
export function compilePlugin(path: string, bytes: Uint8Array, shown = path, limits?: ModuleLimits): Compiled {
  const name = pluginName(path)
  const outline = outlineOf(name, bytes, shown)
  const { abi } = checkAbi(name, outline, shown)
  checkImports(name, outline, shown)
  checkExports(name, outline, shown)
  const asked = askedIn(name, bytes, outline, shown)
  const { memory, table, unchecked } = limits ?? { ...defaultSettings, ...asked }
  const held: ModuleLimits = unchecked === true ? { memory, table, unchecked } : { memory, table }
  const { bytes: limited, globals, offsets, catches, reach } = limit(name, bytes, outline, held, shown)
  return {
    name, path, hash: hashOf(bytes), size: bytes.length, abi, module: new WebAssembly.Module(limited), globals, offsets, catches, reach,
    assemblyscript: outline.imports.some((i) => i.module === 'env' && i.name === 'abort'), limits: held, asked, counters: newCounters(), timers: TimerBoard.memory(),
  }
}

/** The module with its limits built in. The engine validates the file first: what is added must not make a wrong module right. */
function limit(name: string, bytes: Uint8Array, outline: Outline, limits: ModuleLimits, shown: string): Rewritten & { readonly reach: Reach } {
  try {
    if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
    return { ...rewrite(bytes, outline, limits), reach: reachOf(bytes, outline, (module, name) => module === 'vespid' && waiting.has(name)) }
  } catch (error) {
    if (error instanceof Unsupported) throw new PluginError(name, `${shown}: has ${error.message}`, error.note)
    if (error instanceof BinaryError) throw new PluginError(name, `${shown}: ${error.message}`, 'copy or compile it again')
    if (!(error instanceof WebAssembly.CompileError)) throw error
    throw new PluginError(name, `${shown}: is not a valid module: ${engineWords(error)}`, 'compile it again; the file may be damaged')
  }
}

function engineWords(error: unknown): string {
  return bytesOf((error as Error).message).replace(/^WebAssembly\.\w+\(\): /, '')
}

/** What a plugin's file asks to be held to. Throws PluginError when it is no file of a plugin, or asks in words that are not known. */
export function askedOf(path: string, bytes: Uint8Array, shown: string): Asked {
  const name = pluginName(path)
  return askedIn(name, bytes, outlineOf(name, bytes, shown), shown)
}

function askedIn(name: string, bytes: Uint8Array, outline: Outline, shown: string): Asked {
  const [section, second] = outline.customs.filter((custom) => custom.name === limitsSection)
  if (section === undefined) return {}
  const { buffer, byteOffset } = bytes
  const text = Buffer.from(buffer, byteOffset + section.body, Math.min(section.end - section.body, longestLimits + 1)).latin1Slice()
  const asked = second !== undefined || text.length > longestLimits ? null : readAsked(text)
  if (asked !== null) return asked
  throw new PluginError(name, `${shown}: asks for limits in words that are not known: "${text.slice(0, 64)}"`,
    'its section "vespid.limits" may say "memory_limit SIZE; time_limit TIME; table_limit N", each once')
}

/** Reads the sections; tells apart what people put into a plugin directory by mistake. */
function outlineOf(name: string, bytes: Uint8Array, shown: string): Outline {
  if (bytes.length > caps.module) throw new PluginError(name, `${shown}: has ${bytes.length} bytes; ${caps.module} are allowed`)
  if (bytes.length === 0) throw new PluginError(name, `${shown}: is empty`, 'was it still being written?')
  if (!hasMagic(bytes)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString('latin1')
    const note = text.trimStart().startsWith('(module') ? 'it looks like WebAssembly text; compile it with wat2wasm' : 'a plugin begins with the bytes 00 61 73 6d'
    throw new PluginError(name, `${shown}: is not a WebAssembly file`, note)
  }
  if (bytes.length < 8) throw new PluginError(name, `${shown}: is truncated`, 'copy or compile it again')
  if (bytes[4] === 0x0d && bytes[6] === 1) {
    throw new PluginError(name, `${shown}: is a component, which is not supported yet`, 'vespid loads core modules: compile without the component step')
  }
  if (bytes[4] !== 1 || bytes[5] !== 0) throw new PluginError(name, `${shown}: has WebAssembly version ${bytes[4]}, which is unknown`)
  try {
    return readOutline(bytes)
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error
    throw new PluginError(name, `${shown}: ${error.message}`, 'copy or compile it again')
  }
}

const abiNames: Partial<Record<Abi, string>> = { 'proxy-wasm': 'proxy-wasm', 'http-wasm': 'http-wasm', extism: 'Extism', 'wasi-command': 'WASI command' }

function checkAbi(name: string, outline: Outline, shown: string): { abi: Abi } {
  const { abi, reason } = sniff(outline)
  if (abi === 'native') return { abi }
  if (abi === 'native-unknown') throw new PluginError(name, `${shown}: was made for another version of the ABI (it ${reason})`, `this vespid serves ${registrationExport}`)
  const known = abiNames[abi]
  if (known !== undefined) throw new PluginError(name, `${shown}: is a ${known} plugin (it ${reason}), which is not supported yet`)
  throw new PluginError(name, `${shown}: no ABI recognised`, `${reason}; a vespid plugin exports ${registrationExport}: compile it with "vespid build"`)
}

/** Every import must be a function that vespid has, with its type. The first that is not is named. */
function checkImports(name: string, outline: Outline, shown: string): void {
  for (const i of outline.imports) {
    const table = i.module === 'vespid' ? imports : i.module === 'env' ? environment : null
    const expected = table !== null && i.kind === 'func' && Object.hasOwn(table, i.name) ? table[i.name] : undefined
    if (expected === undefined) throw new PluginError(name, `${shown}: imports ${i.module}.${i.name}, which vespid does not provide`, missingNote(i))
    if (i.signature !== expected) {
      throw new PluginError(name, `${shown}: imports ${i.module}.${i.name} with type ${describeSignature(i.signature!)}`, `it is ${describeSignature(expected)}`)
    }
  }
}

function missingNote(i: Import): string {
  if (i.module === 'vespid') {
    const meant = suggest(i.name, Object.keys(imports))
    return meant === null ? 'it was made for a newer vespid; the functions of this one are in docs/abi.md' : `did you mean "${meant}"?`
  }
  if (i.kind !== 'func') return `a plugin brings its own ${i.kind}: compile without importing it`
  if (i.module.startsWith('wasi_')) return 'compile without WASI: a plugin has no files, arguments or environment'
  return 'compile it with "vespid build", or leave out the library that needs it'
}

function checkExports(name: string, outline: Outline, shown: string): void {
  const find = (kind: string, ...names: string[]): boolean => outline.exports.some((e) => e.kind === kind && names.includes(e.name))
  if (!find('memory', 'memory')) throw new PluginError(name, `${shown}: does not export its memory`, 'export it as "memory"')
  if (!find('table', 'table', '__indirect_function_table')) {
    throw new PluginError(name, `${shown}: does not export its function table`, 'export it as "table" (or "__indirect_function_table")')
  }
  const registration = outline.exports.find((e) => e.name === registrationExport)!
  if (registration.signature !== '>') {
    throw new PluginError(name, `${shown}: exports ${registrationExport} with type ${describeSignature(registration.signature ?? '?>')}`, 'it is () -> ()')
  }
  const odd = outline.globals.find((g) => g.mutable && (g.type === 'v' || g.type === 'r'))
  if (odd !== undefined) {
    throw new PluginError(name, `${shown}: has a mutable global of type ${odd.type === 'v' ? 'v128' : 'a reference'}`, 'its state could not be restored after a trap; keep such values in memory')
  }
}

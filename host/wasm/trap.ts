import { ConfigError } from '../core/errors.ts'
import type { Program } from './program.ts'

/** A guest broke the ABI's rules; the message continues "it …". It ends the call like a trap. */
export class GuestFault extends Error {
  override readonly name = 'GuestFault'
}

/** A call into a plugin that did not return: what happened in words, and the source place when it is known. */
export class Trap extends Error {
  override readonly name = 'Trap'
  readonly plugin: string
  /** `assembly/index.ts:24:16`, or null. */
  readonly where: string | null
  /** Somebody has written it to a log. */
  logged = false
  /** What the request that met it is to be answered with, where the answer is made by who catches it; 0: as always. */
  status = 0

  constructor(plugin: string, message: string, where: string | null) {
    super(message)
    this.plugin = plugin
    this.where = where
  }

  /** Message and place: `Index out of range (assembly/index.ts:24:16)`. */
  get text(): string {
    return this.where === null ? this.message : `${this.message} (${this.where})`
  }
}

const abortText = /^abort: ([^]*) at ([^]*):(\d+):(\d+)$/
const wasmFrame = /wasm-function\[\d+\]:0x([0-9a-f]+)/g

/** The rest of the sentence. */
const cannotWait = 'where nothing can wait: handlers, header and body filters, log handlers and commands can'

/**
 * Puts what a call into a guest threw into words: an abort with its place, a fault, an engine's trap with its source
 * line. `more` is put behind what happened.
 */
export function describeTrap(program: Program, error: unknown, more = ''): Trap {
  const e = error as Error
  const message = typeof e?.message === 'string' ? e.message : String(error)
  if (error instanceof GuestFault) return new Trap(program.name, `it ${message}`, place(program, e))
  const abort = abortText.exec(message)
  if (abort !== null) {
    const said = `${oneLine(byteString(abort[2]!), 200)}:${abort[3]}:${abort[4]}`
    return new Trap(program.name, oneLine(byteString(abort[1]!), 300) + more, said.startsWith(library) ? place(program, e) ?? said : said)
  }
  if (error instanceof WebAssembly.SuspendError) return new Trap(program.name, `it called a host function that waits, ${cannotWait}`, place(program, e))
  if (error instanceof RangeError && /call stack/i.test(message)) return new Trap(program.name, 'stack overflow', place(program, e))
  if (error instanceof WebAssembly.RuntimeError) return new Trap(program.name, oneLine(message, 300) + more, place(program, e))
  const trap = new Trap(program.name, oneLine(`${e?.name ?? 'error'}: ${message}`, 300), place(program, e))
  if (error instanceof ConfigError) trap.cause = error
  return trap
}

/** What places in AssemblyScript's library and in the SDK begin with. */
const library = '~lib/'

/**
 * The innermost frame of the guest's own code as a source place (what the host added to the module is passed over, and libraries are
 * where the author's code is below them); null without a frame or a source map.
 */
export function place(program: Program, error: unknown): string | null {
  const stack = (error as Error)?.stack
  if (typeof stack !== 'string') return null
  let first: string | null = null
  for (const match of stack.matchAll(wasmFrame)) {
    const where = program.locate(parseInt(match[1]!, 16))
    if (where === null) continue
    if (!where.startsWith(library)) return where
    first ??= where
  }
  return first
}

const ascii = /^[\x00-\x7f]*$/

/** A text as the bytes of its UTF-8 form, one character each, as the host holds all text. */
export function byteString(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** A text of a guest's made fit for one log line: control characters escaped, cut at `limit`. */
export function oneLine(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return cut.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

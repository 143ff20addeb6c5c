import type { HeadLimits, HeadParser } from '../../host/http/framing/parser.ts'
import assert from 'node:assert/strict'
import { TsHead } from '../../host/http/framing/head.ts'
import { CoreMemory } from '../../host/http/framing/memory.ts'
import { WasmHead, loadHeadModule } from '../../host/http/framing/wasmhead.ts'
import {
  O_IGNORE_INVALID, O_UNDERSCORES, TABLE_BYTES, T_ERR_OFF, T_ERR_PREV_LEN, T_WAKE, T_WORDS,
} from '../../host/http/framing/table.ts'
import { buildCore } from '../../tools/build-core.ts'

await buildCore()

/** What a parser made of a head: the result, and the words of the table that mean something after it. */
export interface Outcome { readonly result: number, readonly words: readonly number[] }

/** nginx's defaults; the limits that the recordings were made with; small ones with other options. */
export const limitSets: readonly HeadLimits[] = [
  { smallBuf: 1024, largeNum: 4, largeSize: 8192, maxHeaders: 1000, flags: O_IGNORE_INVALID },
  { smallBuf: 256, largeNum: 2, largeSize: 512, maxHeaders: 1000, flags: O_IGNORE_INVALID },
  { smallBuf: 32, largeNum: 3, largeSize: 48, maxHeaders: 3, flags: O_UNDERSCORES },
  { smallBuf: 64, largeNum: 1, largeSize: 64, maxHeaders: 5, flags: O_IGNORE_INVALID | O_UNDERSCORES },
]

const memory = new CoreMemory(1)
const size = memory.bytes.length

/** The TypeScript parser on the same memory, with a table of its own. */
export const ts: HeadParser = new TsHead(memory.bytes, new Int32Array(TABLE_BYTES / 4))
export const wasm: HeadParser = new WasmHead(loadHeadModule()!, memory)

/**
 * Puts bytes so that they end with the memory: a read beyond them traps in WebAssembly and is no number in TypeScript.
 * Returns where they begin.
 */
export function putLast(bytes: Uint8Array): number {
  memory.bytes.set(bytes, size - bytes.length)
  return size - bytes.length
}

/** Parses bytes at `start` of the shared memory. */
export function outcome(parser: HeadParser, start: number, end: number, limits: HeadLimits): Outcome {
  const result = parser.parseHead(start, end, limits)
  return { result, words: meaning(parser, result) }
}

/** The words that mean something after that result. */
export function meaning(parser: HeadParser, result: number): number[] {
  const { table } = parser
  if (result === 0) return [table[T_WAKE]!]
  if (result < 0) return [...table.subarray(T_ERR_OFF, T_ERR_PREV_LEN + 1)]
  const words = [...table.subarray(0, table[T_WORDS]!)]
  // Only what an error or an incomplete head leaves there.
  words.fill(0, T_ERR_OFF, T_WAKE + 4)
  return words
}

/** Parses with both parsers at the end of memory and amid misleading bytes; all must agree. Returns what they found. */
export function agree(bytes: Uint8Array, limits: HeadLimits): Outcome {
  const start = putLast(bytes)
  const expected = outcome(ts, start, size, limits)
  same(outcome(wasm, start, size, limits), expected, bytes, limits, 'wasm')
  const amid = size - 200000
  memory.bytes.set(misleading, amid - misleading.length)
  memory.bytes.set(bytes, amid)
  memory.bytes.set(misleading, amid + bytes.length)
  same(outcome(ts, amid, amid + bytes.length, limits), expected, bytes, limits, 'ts amid other bytes')
  same(outcome(wasm, amid, amid + bytes.length, limits), expected, bytes, limits, 'wasm amid other bytes')
  return expected
}

const misleading = Buffer.from('\r\n\r\nHost: evil\r\nContent-Length: 7\r\n\r\n')

function same(actual: Outcome, expected: Outcome, bytes: Uint8Array, limits: HeadLimits, who: string): void {
  if (actual.result === expected.result && actual.words.every((word, i) => word === expected.words[i])) return
  const head = JSON.stringify(Buffer.from(bytes).toString('latin1'))
  assert.deepEqual(actual, expected, `${who} differs on ${head} with ${JSON.stringify(limits)}`)
}

/** A seeded generator of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

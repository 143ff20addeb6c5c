/** A module does the same before and after the rewriter: result or trap, memory, globals, tables, calls of the host. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import wabt from 'wabt'
import { readOutline } from '../../host/wasm/binary.ts'
import { fileOffset } from '../../host/wasm/limits/offsets.ts'
import type { Offsets } from '../../host/wasm/limits/offsets.ts'
import { exported, rewrite } from '../../host/wasm/limits/rewrite.ts'
import { tickFunction } from '../../host/wasm/limits/tick.ts'
import { CoreMemory, readOffset } from '../../host/http/framing/memory.ts'
import { headWasmPath } from '../../host/http/framing/wasmhead.ts'
import { buildCore } from '../../tools/build-core.ts'
import { malformed, odd } from './framing-heads.ts'
import { makeModule, random } from './limits-modules.ts'

await buildCore()

const tools = await wabt()
const features = { simd: true, bulk_memory: true, mutable_globals: true, tail_call: true, reference_types: true, sat_float_to_int: true, sign_extension: true, multi_value: true, exceptions: true }

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = tools.parseWat('m.wat', text, features)
  try {
    return new Uint8Array(module.toBinary({}).buffer)
  } finally {
    module.destroy()
  }
}

interface Outcome {
  readonly result: string
  readonly memory: string
  readonly calls: string
  readonly table: string
  /** Where it trapped: the innermost function of the module itself, as an offset in the file. */
  readonly place: number | null
}

function placeOf(error: Error, offsets: Offsets | null): number | null {
  for (const match of (error.stack ?? '').matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)) {
    const at = parseInt(match[1]!, 16)
    const place = offsets === null ? at : fileOffset(offsets, at)
    if (place !== null) return place
  }
  return null
}

/** Runs a module; `fuel` is what each question is answered with, as the rewritten one asks. */
function run(bytes: Uint8Array<ArrayBuffer>, fuel: (() => number) | null, offsets: Offsets | null = null): Outcome {
  const calls: number[] = []
  let result: string
  let place: number | null = null
  let exports: WebAssembly.Exports = {}
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { h: { log: (n: number) => { calls.push(n); return n ^ 1 } } })
    exports = instance.exports
    if (fuel !== null) {
      exports[exported.tick].set(0, tickFunction(fuel))
      exports[exported.start]?.()
    }
    result = String(exports['run']())
  } catch (error) {
    result = String(error)
    place = placeOf(error as Error, offsets)
  }
  const memory = exports['memory'] as WebAssembly.Memory | undefined
  const table = exports['table'] as WebAssembly.Table | undefined
  return {
    result, place, calls: calls.join(' '), memory: memory === undefined ? '' : createHash('sha1').update(new Uint8Array(memory.buffer)).digest('hex'),
    // Functions by whether they are there: a rewritten module has others at the same places.
    table: table === undefined ? '' : Array.from({ length: table.length }, (_, i) => (table.get(i) === null ? '-' : 'f')).join(''),
  }
}

test('generated modules do the same before and after', () => {
  const seen = { results: 0, traps: 0 }
  const next = random(3)
  for (let seed = 1; seed <= 700; seed++) {
    const text = makeModule(seed)
    const bytes = assemble(text)
    const { bytes: limited, offsets } = rewrite(bytes, readOutline(bytes), { memory: 3 * 65536, table: 20 })
    const before = run(bytes, null)
    // A start function that traps leaves nothing to look at in the file's own instance; with the rewriter it is called
    // afterwards.
    const after = run(limited, () => next(50), offsets)
    if (before.memory === '') assert.equal(after.result, before.result, `seed ${seed}\n${text}`)
    else assert.deepEqual(after, before, `seed ${seed}\n${text}`)
    if (/Error/.test(before.result)) seen.traps++
    else seen.results++
  }
  assert.ok(seen.results > 60 && seen.traps > 100, JSON.stringify(seen))
  // Each family of instructions has its share in them.
  const all = Array.from({ length: 700 }, (_, i) => makeModule(i + 1)).join('\n')
  const families = ['i8x16\\.', 'memory\\.copy', 'memory\\.init', 'table\\.init', 'table\\.copy', 'return_call', 'call_indirect', '\\(try ', 'rethrow', 'delegate', 'try_table', 'throw', '\\$pair', 'ref\\.func', 'br_table']
  for (const family of families) assert.ok(all.matchAll(new RegExp(family, 'g')).take(100).toArray().length === 100, family)
})

test('without fuel no generated module gets far', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const bytes = assemble(makeModule(seed))
    const { bytes: limited } = rewrite(bytes, readOutline(bytes), { memory: 3 * 65536, table: 20 })
    let asked = 0
    const { result, calls } = run(limited, () => (asked++, -1))
    // A short start function does not pay at its entry, but behind its first call of the host.
    assert.deepEqual({ result, asked, calls: calls.includes(' ') }, { result: 'RuntimeError: unreachable', asked: 1, calls: false }, `seed ${seed}`)
  }
})

test('optimised AssemblyScript does the same: the parser of request heads', () => {
  const file = new Uint8Array(readFileSync(headWasmPath))
  const { bytes } = rewrite(file, readOutline(file), { memory: 4 * 1024 ** 3, table: 10 })
  const parsers = [file, bytes].map((module) => {
    const core = new CoreMemory(1)
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory: core.memory } })
    exports[exported.tick]?.set(0, tickFunction(() => 100))
    exports['limits'](1024, 4, 8192, 1000, 1)
    return { core, exports }
  })
  const heads = [...malformed.map(([head]) => head), ...odd, `GET / HTTP/1.1\r\n${'A-Header: some value\r\n'.repeat(100)}\r\n`]
  for (const head of heads) {
    const [before, after] = parsers.map(({ core, exports }) => {
      core.bytes.fill(0, readOffset, readOffset + 16384)
      core.bytes.latin1Write(head, readOffset, head.length)
      const result = exports['parse'](readOffset, readOffset + head.length)
      return { result, memory: createHash('sha1').update(core.bytes).digest('hex') }
    })
    assert.deepEqual(after, before, JSON.stringify(head))
  }
})

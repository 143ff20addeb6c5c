import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import wabt from 'wabt'
import { packageRoot } from '../../host/core/install.ts'
import { readOutline } from '../../host/wasm/binary.ts'
import { Unsupported } from '../../host/wasm/limits/instructions.ts'
import { exported, rewrite } from '../../host/wasm/limits/rewrite.ts'
import type { ModuleLimits } from '../../host/wasm/limits/rewrite.ts'
import { tickFunction } from '../../host/wasm/limits/tick.ts'

const tools = await wabt()
const features = {
  simd: true, bulk_memory: true, mutable_globals: true, tail_call: true, reference_types: true, exceptions: true, threads: true, memory64: true, multi_memory: true,
}

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = tools.parseWat('m.wat', text, features)
  try {
    return new Uint8Array(module.toBinary({}).buffer)
  } finally {
    module.destroy()
  }
}

const page = 65536

/**
 * A rewritten module at work: its exports, and how often it asked for fuel; it gets `fuel` each time, −1 after `asks`
 * times.
 */
function load(text: string | Uint8Array<ArrayBuffer>, options: { limits?: ModuleLimits, imports?: WebAssembly.Imports, fuel?: number, asks?: number } = {}): { exports: WebAssembly.Exports, asked: () => number } {
  const { limits = { memory: 100 * page, table: 100 }, imports = {}, fuel = 1_000_000, asks = Infinity } = options
  const bytes = typeof text === 'string' ? assemble(text) : text
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(rewrite(bytes, readOutline(bytes), limits).bytes), imports)
  let asked = 0
  exports[exported.tick].set(0, tickFunction(() => (++asked > asks ? -1 : fuel)))
  return { exports, asked: () => asked }
}

test('a memory grows to the limit and no further, whatever maximum it declares', () => {
  for (const declared of ['1', '1 9', '1 65536']) {
    const { exports } = load(`(module (memory (export "m") ${declared}) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`, { limits: { memory: 3 * page + 5, table: 1 } })
    assert.deepEqual([1, 1, 1, 0].map((n) => exports['grow'](n)), [1, 2, -1, 3])
    assert.equal(exports[exported.refused].value, 1)
  }
  const { exports } = load('(module (memory (export "m") 1 2) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))')
  assert.deepEqual([1, 1].map((n) => exports['grow'](n)), [1, -1])
})

test('an imported memory or table that could grow beyond the limit does not link', () => {
  const text = '(module (import "h" "m" (memory 1)) (import "h" "t" (table 1 funcref)))'
  const make = (memory: number, table: number) => () => load(text, {
    limits: { memory: 2 * page, table: 5 },
    imports: { h: { m: new WebAssembly.Memory({ initial: 1, maximum: memory }), t: new WebAssembly.Table({ element: 'anyfunc', initial: 1, maximum: table }) } },
  })
  make(2, 5)()
  assert.throws(make(3, 5), WebAssembly.LinkError)
  assert.throws(make(2, 6), WebAssembly.LinkError)
})

test('tables grow to the limit', () => {
  const { exports } = load('(module (table (export "t") 1 externref) (table 2 funcref) (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null extern) (local.get 0))))', { limits: { memory: page, table: 4 } })
  assert.deepEqual([3, 1].map((n) => exports['grow'](n)), [1, -1])
})

test('the start function runs when it is called, not before', () => {
  const { exports } = load('(module (global (export "g") (mut i32) (i32.const 1)) (func $s (global.set 0 (i32.const 2))) (start $s))')
  assert.equal(exports['g'].value, 1)
  exports[exported.start]()
  assert.equal(exports['g'].value, 2)
})

test('whatever a module refers to it still refers to', () => {
  // Function references in globals, segments of all kinds, code and exports; an imported function in each place.
  const { exports } = load(`(module
    (import "h" "f" (func $f (param i32) (result i32)))
    (table $t (export "t") 8 funcref)
    (global $g (export "g") funcref (ref.func $f)) (global $own (export "own") funcref (ref.func $one))
    (elem (table $t) (i32.const 0) func $f $one) (elem $p funcref (ref.func $f) (ref.null func) (ref.func $one)) (elem declare func $two)
    (func $one (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $two (param i32) (result i32) (i32.add (local.get 0) (i32.const 2)))
    (func (export "fill") (table.init $t $p (i32.const 2) (i32.const 0) (i32.const 3)) (table.set $t (i32.const 5) (ref.func $f)) (table.set $t (i32.const 6) (ref.func $two)))
    (func (export "call") (param i32) (result i32) (call_indirect $t (param i32) (result i32) (i32.const 10) (local.get 0)))
    (func (export "tail") (param i32) (result i32) (return_call $f (local.get 0)))
    (export "f" (func $f)))`, { imports: { h: { f: (n: number) => n + 100 } } })
  exports['fill']()
  assert.deepEqual([0, 1, 2, 4, 5, 6].map((i) => exports['call'](i)), [110, 11, 110, 11, 110, 12])
  assert.throws(() => exports['call'](3), WebAssembly.RuntimeError)
  assert.deepEqual([exports['tail'](5), exports['f'](5), exports['g'].value(5), exports['own'].value(5)], [105, 105, 105, 6])
})

const endless: Record<string, string> = {
  'a loop': '(func (export "run") (loop $l (br $l)))',
  'a loop that calls': '(func $f) (func (export "run") (loop $l (call $f) (br $l)))',
  'a tail call to itself': '(func $run (export "run") (return_call $run))',
  'two functions that call each other at the end': '(func $a (export "run") (return_call $b)) (func $b (return_call $a))',
  'a tail call through the table': '(table 1 funcref) (elem (i32.const 0) $run) (func $run (export "run") (return_call_indirect (i32.const 0)))',
  'a loop left and entered again': '(func (export "run") (loop $o (block $b (loop $i (br $b))) (br $o)))',
  'a loop by br_table': '(func (export "run") (loop $l (br_table $l $l (i32.const 1))))',
  'a loop that throws and catches': '(tag $e) (func (export "run") (loop $l (try (do (throw $e)) (catch_all)) (br $l)))',
  'a loop in a handler of everything': '(func (export "run") (loop $o (try (do (loop $l (br $l))) (catch_all)) (br $o)))',
  'host calls': '(func (export "run") (loop $l (call $host) (br $l)))',
  'host calls through the table': '(table 1 funcref) (elem (i32.const 0) $host) (func (export "run") (loop $l (call_indirect (i32.const 0)) (br $l)))',
  'fills of the whole memory': '(memory 64) (func (export "run") (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304)) (br $l)))',
  'one long copy': '(memory 64) (func (export "run") (memory.copy (i32.const 0) (i32.const 16) (i32.const 4194288)))',
  'a long way through one function': `(func (export "run") (local i32) ${'(local.set 0 (i32.add (local.get 0) (i32.const 1)))'.repeat(5000)})`,
  'a function with ten thousand locals': `(func $f ${'(local i64)'.repeat(10000)}) (func (export "run") (call $f) (call $f) (call $f))`,
  'growing a table': '(table 1 90 funcref) (func (export "run") (loop $l (drop (table.grow (ref.null func) (i32.const 0))) (br $l)))',
}

for (const [name, text] of Object.entries(endless)) {
  test(`ends: ${name}`, () => {
    const { exports, asked } = load(`(module (import "h" "host" (func $host)) ${text})`, { imports: { h: { host() {} } }, fuel: 2000, asks: 2 })
    assert.throws(() => exports['run'](), (error) => error instanceof WebAssembly.RuntimeError && error.message === 'unreachable')
    assert.equal(asked(), 3)
  })
}

test('what is paid for covers what runs: jumps do not get around the checks', () => {
  // Each round runs two thousand additions; all but one lie behind a jump over a loop that is never entered.
  const work = '(local.set 0 (i32.add (local.get 0) (i32.const 1)))'
  const part = `(block $b ${work.repeat(200)} (br_if $b (i32.const 1)) (loop $never (br $never)))`
  const { exports, asked } = load(`(module (func (export "run") (param $n i32) (result i32) (local i32) (loop $l ${part.replaceAll('local.set 0', 'local.set 1').replaceAll('local.get 0', 'local.get 1').repeat(10)}
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get 1)))`, { fuel: 100_000 })
  assert.equal(exports['run'](100), 200_000)
  // 200,000 additions are 800,000 instructions.
  assert.ok(asked() >= 8 && asked() <= 30, `asked ${asked()} times`)
})

test('small functions without loops are not charged at their entry, their callers are', () => {
  const source = `(module (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "run") (param i32) (result i32) (local i32) (loop $l (local.set 1 (call $leaf (local.get 1))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))`
  const { exports, asked } = load(source, { fuel: 10_000 })
  assert.equal(exports['run'](10_000), 10_000)
  assert.ok(asked() >= 8 && asked() <= 20, `asked ${asked()} times`)
})

test('long copies and fills give the same as short ones, in both directions and up to the end', () => {
  const text = `(module (memory (export "m") 64)
    (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2))))`
  const plain = new WebAssembly.Instance(new WebAssembly.Module(assemble(text))).exports
  const { exports } = load(text)
  const size = 64 * page
  const same = (): void => assert.ok(Buffer.compare(new Uint8Array(plain['m'].buffer), new Uint8Array(exports['m'].buffer)) === 0)
  for (const e of [plain, exports]) for (let i = 0, m = new Uint8Array(e['m'].buffer); i < size; i += 977) m[i] = i
  for (const [to, from, n] of [[0, 100, 3 << 20], [100, 0, 3 << 20], [7, 1 << 20, (2 << 20) + 1], [1 << 20, 3, (2 << 20) + 1], [size - (1 << 20), 5, 1 << 20], [0, 0, size], [size, 0, 0], [5, 6, 1 << 20]] as const) {
    for (const e of [plain, exports]) e['copy'](to, from, n)
    same()
  }
  for (const [at, value, n] of [[0, 7, size], [3, 9, (1 << 20) + 1], [size - 5, 1, 5], [1, 2, 3]] as const) {
    for (const e of [plain, exports]) e['fill'](at, value, n)
    same()
  }
  for (const args of [[1, 0, size], [0, 1, size], [-1, 0, 2 << 20], [0, -1, 2 << 20], [0, 0, -1]] as const) {
    for (const e of [plain, exports]) assert.throws(() => e['copy'](...args), WebAssembly.RuntimeError)
  }
  for (const e of [plain, exports]) assert.throws(() => e['fill'](1, 5, size), WebAssembly.RuntimeError)
  same()
})

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)])
const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body]
const module = (...sections: readonly number[][]): Uint8Array<ArrayBuffer> => new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()])
const voidType = section(1, [1, 0x60, 0, 0])
const code = (...bytes: number[]): number[] => [...section(3, [1, 0]), ...section(10, [1, bytes.length + 2, 0, ...bytes, 0x0b])]

const refusals: [string, string | Uint8Array<ArrayBuffer>, string][] = [
  ['memory beyond the limit', '(module (memory 101))', '6464k of memory at its start; plugin_memory_limit allows 6400k'],
  ['table beyond the limit', '(module (table 101 funcref))', 'a table of 101 entries; plugin_table_limit allows 100'],
  ['two memories', '(module (memory 1) (memory 1))', 'a second memory'],
  ['shared memory', '(module (memory 1 2 shared))', 'a shared memory'],
  ['64-bit memory', '(module (memory i64 1))', 'a memory with 64-bit addresses'],
  ['seventeen tables', `(module ${'(table 1 funcref)'.repeat(17)})`, '17 tables; 16 are allowed'],
  ['a reserved export', '(module (func (export "vespid:tick")))', 'an export named "vespid:tick"'],
  ['garbage-collected objects', module(voidType, code(0xd0, 0x6c, 0xfb, 0x1d, 0x1a)), 'garbage-collected objects (function 0)'],
  ['a function of more than a mebibyte', `(module (func (export "big") ${'(drop (i64.const 0x7fffffffffffffff))'.repeat(90_000)}))`, '1080002 bytes of code in function 0 ("big"); 1048576 are allowed'],
  ['ten thousand exports', `(module (func $f) ${Array.from({ length: 10000 }, (_, i) => `(export "e${i}" (func $f))`).join(' ')})`, '10000 exports; 8192 are allowed'],
]

for (const [name, given, message] of refusals) {
  test(`refused: ${name}`, () => {
    const bytes = typeof given === 'string' ? assemble(given) : given
    assert.ok(WebAssembly.validate(bytes), 'the module itself is wrong')
    assert.throws(() => rewrite(bytes, readOutline(bytes), { memory: 100 * page, table: 100 }), (error) => {
      assert.ok(error instanceof Unsupported, String(error))
      assert.equal(error.message, message)
      return true
    })
  })
}

test('calls through references that carry their type do the same', () => {
  const body = (...bytes: number[]): number[] => [bytes.length + 2, 0, ...bytes, 0x0b]
  // run() adds one to 41 by call_ref, tail() by return_call_ref, none() by br_on_null and call_ref, null() by calling a reference that is none.
  const bytes = module(section(1, [2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f]), section(3, [4, 0, 1, 1, 1]),
    section(7, [3, 3, 0x72, 0x75, 0x6e, 0, 1, 4, 0x74, 0x61, 0x69, 0x6c, 0, 2, 4, 0x6e, 0x75, 0x6c, 0x6c, 0, 3]), section(9, [1, 3, 0, 1, 0]),
    section(10, [4, ...body(0x20, 0, 0x41, 1, 0x6a), ...body(0x41, 41, 0xd2, 0, 0x14, 0), ...body(0x41, 41, 0xd2, 0, 0x15, 0), ...body(0x41, 41, 0xd0, 0, 0x14, 0)]))
  const { exports, asked } = load(bytes, { fuel: 50 })
  assert.deepEqual([exports['run'](), exports['tail']()], [42, 42])
  assert.throws(() => exports['null'](), /dereferencing a null pointer/)
  assert.ok(asked() > 0)
})

test('every shipped plugin is valid afterwards', () => {
  const directory = join(packageRoot, 'build/plugins')
  const files = readdirSync(directory).filter((name) => name.endsWith('.wasm'))
  assert.ok(files.length > 0)
  for (const file of files) {
    const bytes = readFileSync(join(directory, file))
    assert.ok(WebAssembly.validate(rewrite(bytes, readOutline(bytes), { memory: 16 << 20, table: 10_000 }).bytes), file)
  }
})

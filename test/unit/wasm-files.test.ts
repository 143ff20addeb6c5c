/** Reading plugin files: the outline, the rewritten exports, the store that the master shares with workers. */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, PluginError } from '../../host/core/errors.ts'
import { describeSignature, readOutline } from '../../host/wasm/binary.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { Plugins } from '../../host/wasm/plugins.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { rewrite } from '../../host/wasm/limits/rewrite.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { assemble, plugin } from '../abi/kit.ts'
import { random } from './conf-support.ts'

/** A plugin with one directive; `salt` makes its bytes differ. */
function bytes(directive: string, salt = 0): Uint8Array {
  return assemble(plugin({
    data: `(data (i32.const 0) "${directive}") (data (i32.const 100) "${salt}")`,
    functions: '(func $f (param i32 i32) (result i32) (i32.const 0))', table: ['$f'],
    register: `(drop (call $directive (i32.const 0) (i32.const ${directive.length}) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 0)))`,
  }))
}

function folder(t: TestContext, files: Record<string, Uint8Array | string>): string {
  const path = mkdtempSync(join(tmpdir(), 'vespid-wasm-'))
  t.after(() => rmSync(path, { recursive: true }))
  mkdirSync(join(path, 'more'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

const names = (modules: readonly { name: string }[] | null): string[] | null => modules?.map((m) => m.name) ?? null

/** Asserts that `body` throws a PluginError with this message, `<P>` standing for the folder. */
function refused(path: string, message: string, body: () => unknown): void {
  assert.throws(body, (e) => {
    assert.ok(e instanceof PluginError, String(e))
    assert.equal(e.message.replaceAll(path, '<P>'), message)
    return true
  })
}

test('outline: imports with types, exports, globals', () => {
  const outline = readOutline(assemble(`(module
    (import "env" "g" (global i32)) (import "env" "f" (func (param i32 f64) (result i64)))
    (memory (export "m") 1) (table (export "t") 2 funcref) (global $a (mut i64) (i64.const -5)) (global $b (export "b") (mut f32) (f32.const 1.5))
    (global f64 (f64.const 2)) (func (export "x") (param i64) (result i32) (i32.const 1)))`))
  assert.deepEqual(outline.imports.map(({ module, name, kind, signature }) => [module, name, kind, signature]), [['env', 'g', 'global', null], ['env', 'f', 'func', 'iF>I']])
  assert.deepEqual(outline.exports.map(({ name, kind, index, signature }) => [name, kind, index, signature]), [
    ['m', 'memory', 0, null], ['t', 'table', 0, null], ['b', 'global', 2, null], ['x', 'func', 1, 'I>i'],
  ])
  assert.deepEqual(outline.globals, [{ index: 1, type: 'I', mutable: true }, { index: 2, type: 'f', mutable: true }, { index: 3, type: 'F', mutable: false }])
  assert.equal(describeSignature('iF>I'), '(i32, f64) -> i64')
})

test('rewrite: every mutable global can be read and set from outside, also without an export section', () => {
  for (const text of [
    '(module (global (mut i32) (i32.const 7)) (func (export "f")) (global (mut f64) (f64.const 1.5)) (global i32 (i32.const 1)))',
    '(module (global (mut i32) (i32.const 7)) (global (mut f64) (f64.const 1.5)))',
  ]) {
    const module = assemble(text)
    const { bytes: changed, globals } = rewrite(module, readOutline(module), { memory: 65536, table: 1 })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(changed))
    assert.deepEqual(globals, ['vespid:global:0', 'vespid:global:1'])
    assert.deepEqual(Object.keys(exports).filter((name) => name.startsWith('vespid:global')), globals)
    assert.equal((exports['vespid:global:1'] as WebAssembly.Global).value, 1.5)
  }
})

test('any damaged file is a PluginError, never another exception', () => {
  const whole = bytes('probe')
  const next = random(7)
  for (let i = 0; i < 3000; i++) {
    const damaged = Uint8Array.from(whole.subarray(0, i % 3 === 0 ? next(whole.length) : whole.length))
    for (let k = next(4); k >= 0; k--) if (damaged.length > 0) damaged[next(damaged.length)] = next(256)
    try {
      compilePlugin('/p/probe.wasm', damaged)
    } catch (error) {
      assert.ok(error instanceof PluginError, `${(error as Error).stack} for ${Buffer.from(damaged).toString('hex')}`)
    }
  }
})

test('store: a directory in name order, other files left alone', (t) => {
  const path = folder(t, { 'b.wasm': bytes('bb'), 'a.wasm': bytes('aa'), 'notes.txt': 'x', '.hidden.wasm': 'x' })
  const plugins = new Plugins(PluginStore.first(null), {})
  assert.deepEqual(names(plugins.loadDirectory(path, true, null)), ['a', 'b'])
  assert.deepEqual(plugins.watched, [path])
  assert.deepEqual(plugins.facts().map((f) => [f.name, f.directives]), [['a', ['aa']], ['b', ['bb']]])
})

test('store: patterns, one file twice, two files of one name', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'b.wasm': bytes('bb'), 'more/a.wasm': bytes('cc') })
  const plugins = new Plugins(PluginStore.first(null), {})
  assert.deepEqual(names(plugins.loadFile(`${path}/*.wasm`, null)), ['a', 'b'])
  assert.throws(() => plugins.loadFile(`${path}/a.wasm`, null), (e) => e instanceof ConfigError && e.message === `module "${path}/a.wasm" is already loaded`)
  refused(path, 'plugin "a" is already loaded from <P>/a.wasm', () => plugins.loadFile(`${path}/more/a.wasm`, null))
  refused(path, 'open() "<P>/none.wasm" failed (2: No such file or directory)', () => plugins.loadFile(`${path}/none.wasm`, null))
})

test('store: a bad file is named, what was loaded before is there', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'bad.wasm': 'not wasm' })
  const plugins = new Plugins(PluginStore.first(null), {})
  refused(path, '<P>/bad.wasm: is not a WebAssembly file', () => plugins.loadDirectory(path, false, null))
})

test('store: a shipped plugin is loaded by its directive', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'index.json': '{"a":{"directives":["aa"]},"gone":{"directives":["zz"]}}' })
  const plugins = new Plugins(PluginStore.first(path), { order: (name) => (name === 'a' ? 140 : undefined) })
  assert.equal(plugins.providerOf('aa'), 'a')
  assert.equal(plugins.loadFor('nothing'), null)
  const loaded = plugins.loadFor('aa')
  assert.deepEqual([names(loaded), loaded![0]!.order], [['a'], 140])
  assert.equal(plugins.loadFor('aa'), null)
  assert.equal(plugins.providerOf('aa'), null)
})

/** A file that the store has read. */
const known = (store: PluginStore, path: string) => store.file(path, () => defaultSettings)

test('store: workers get what the master read, and nothing else', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'index.json': '{}' })
  const store = PluginStore.first(path)
  new Plugins(store, {}).loadDirectory(path, false, null)
  const shared = structuredClone(store.share())
  writeFileSync(join(path, 'b.wasm'), bytes('bb'))
  writeFileSync(join(path, 'a.wasm'), 'broken meanwhile')
  const worker = new Plugins(PluginStore.shared(shared), {})
  assert.deepEqual(names(worker.loadDirectory(path, false, null)), ['a'])
  refused(path, '<P>/b.wasm: was not read by the master', () => worker.loadFile(`${path}/b.wasm`, null))
})

test('store: the next configuration reads anew; unchanged bytes keep their module', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'b.wasm': bytes('bb') })
  const first = PluginStore.first(null)
  new Plugins(first, {}).loadDirectory(path, false, null)
  writeFileSync(join(path, 'b.wasm'), bytes('bb', 1))
  const second = first.next()
  new Plugins(second, {}).loadDirectory(path, false, null)
  assert.equal(known(second, `${path}/a.wasm`).module, known(first, `${path}/a.wasm`).module)
  assert.notEqual(known(second, `${path}/b.wasm`).hash, known(first, `${path}/b.wasm`).hash)
})

test('store: reload NAME reads that file only; a refused one leaves the store as it was', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'b.wasm': bytes('bb') })
  const first = PluginStore.first(null)
  new Plugins(first, {}).loadDirectory(path, false, null)
  writeFileSync(join(path, 'a.wasm'), bytes('aa', 1))
  writeFileSync(join(path, 'b.wasm'), 'being written')
  const second = first.next({ reload: 'a' })
  assert.deepEqual(names(new Plugins(second, {}).loadDirectory(path, false, null)), ['a', 'b'])
  assert.notEqual(known(second, `${path}/a.wasm`).hash, known(first, `${path}/a.wasm`).hash)
  refused(path, '<P>/b.wasm: is not a WebAssembly file', () => new Plugins(second.next({ reload: 'b' }), {}).loadDirectory(path, false, null))
  assert.deepEqual(names(new Plugins(second, {}).loadDirectory(path, false, null)), ['a', 'b'])
  refused(path, 'plugin "nobody" is not loaded', () => second.next({ reload: 'nobody' }))
})

test('store: load and unload last until the configuration is read anew', (t) => {
  const path = folder(t, { 'a.wasm': bytes('aa'), 'more/c.wasm': bytes('cc') })
  const first = PluginStore.first(null)
  new Plugins(first, {}).loadDirectory(path, false, null)
  const loaded = first.next({ load: `${path}/more/c.wasm` })
  const with2 = new Plugins(loaded, {})
  assert.deepEqual([names(with2.extras()), names(with2.loadDirectory(path, false, null))], [['c'], ['a']])
  const without = new Plugins(loaded.next({ unload: 'a' }), {})
  assert.deepEqual([names(without.extras()), names(without.loadDirectory(path, false, null))], [['c'], []])
  const again = new Plugins(loaded.next({ unload: 'a' }).next(), {})
  assert.deepEqual([names(again.extras()), names(again.loadDirectory(path, false, null))], [[], ['a']])
})

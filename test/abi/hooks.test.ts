/** The functions for hooks and records, as a plugin in WebAssembly text calls them: what is refused, and what a fault costs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginError } from '../../host/core/errors.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { instantiate } from '../../host/wasm/plugins.ts'
import { assemble, load, plugin, serve } from './kit.ts'

const data = '(data (i32.const 0) "pre_connectionfixupshandlerprobe.mineprobe.oneother.mine\\00x")'
const at = { pre_connection: [0, 14], fixups: [14, 6], handler: [20, 7], mine: [27, 10], one: [37, 9], other: [46, 10] } as const
const name = (of: keyof typeof at): string => `(i32.const ${at[of][0]}) (i32.const ${at[of][1]})`

/** `hook` with a function of the table. */
function hook(of: keyof typeof at, handler = 0, more: { conf?: number, flags?: number, after?: string } = {}): string {
  const { conf = -1, flags = 0, after = '(i32.const 0) (i32.const 0)' } = more
  return `(call $hook ${name(of)} (i32.const 10) ${after} (i32.const 0) (i32.const 0) (i32.const ${conf}) (i32.const ${handler}) (i32.const 0) (i32.const ${flags}))`
}

const declined = '(func $f (param i32 i32 i32) (result i32) (i32.const 2))'
const many = `(data (i32.const 1024) "${'a\\00'.repeat(100)}")`

const registrations: [string, string, string][] = [
  ['a name that is none', '(call $hook (i32.const 56) (i32.const 2) (i32.const 10) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))',
    'it attached to a hook named "\0x"'],
  ['a function outside of the table', hook('fixups', 9), 'it gave function 9 for hook fixups, which its table does not have'],
  ['no function', hook('fixups', -1), 'it gave no function for hook fixups'],
  ['an unknown conf', hook('fixups', 0, { conf: 2 }), 'it gave conf 2 for hook "fixups", which it has not registered'],
  ['unknown flags', hook('fixups', 0, { flags: 8 }), 'it attached to hook "fixups" with flags 8'],
  ['a list that is too long', hook('fixups', 0, { after: '(i32.const 1024) (i32.const 200)' }), 'it named 101 modules in the order of a hook; 64 are allowed'],
  ['a list outside of memory', hook('fixups', 0, { after: '(i32.const 65530) (i32.const 200)' }), 'it used a pointer outside of its memory (65530, 200 bytes)'],
  ['a hook of another plugin\'s', `(drop (call $hook_point ${name('other')} (i32.const 0)))`, 'it declared a hook named "other.mine": its name must begin with "probe."'],
  ['a hook of an unknown kind', `(drop (call $hook_point ${name('mine')} (i32.const 3)))`, 'it declared hook "probe.mine" of kind 3'],
  ['a hook twice', `(drop (call $hook_point ${name('mine')} (i32.const 1))) (drop (call $hook_point ${name('mine')} (i32.const 1)))`, 'it declared hook "probe.mine" twice'],
  ['a context', '(drop (call $context_get (i32.const 0)))', 'it called context_get, which may not be called in registration'],
]

for (const [what, register, message] of registrations) {
  test(`registration of ${what} is refused`, () => {
    assert.throws(() => load(plugin({ register, functions: declined, table: ['$f'], data: data + many })),
      (error: PluginError) => (assert.equal(error.message, `probe.wasm: registration trapped: ${message}`), error instanceof PluginError))
  })
}

/** What a handler of `handler` may do wrong: its body, and what the log says. */
const faults: [string, string, string][] = [
  ['runs a hook that it has not declared', '(call $hook_run (i32.const 7))', 'it ran hook 7, which it has not declared'],
  ['asks for a scope that is none', '(call $context_get (i32.const 2))', 'it called context_get for scope 2'],
  ['asks for a connection text that is none', '(call $connection_text (i32.const 9) (i32.const 0) (i32.const 10))', 'it asked for connection text 9'],
  ['asks for a connection number that is none', '(i32.trunc_f64_s (call $connection_number (i32.const 9)))', 'it asked for connection number 9'],
  ['reads a note to nowhere', '(drop (call $note_set (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 5))) (call $note_get (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 65534) (i32.const 100))',
    'it used a pointer outside of its memory (65534, 100 bytes)'],
  ['leaves a note that is too long', '(call $note_set (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 65537))', 'it used a pointer outside of its memory (0, 65537 bytes)'],
  ['takes a name of nothing', '(call $user_set (i32.const 0) (i32.const 300)) (i32.const 1)', 'it gave a text of 300 bytes; 256 are allowed'],
  ['uses an id that is none', '(call $note_get (i32.const 1) (i32.const 4000) (i32.const -1) (i32.const 0) (i32.const 0))', 'it used name 4000, which it has not interned'],
]

for (const [what, body, message] of faults) {
  test(`a handler that ${what} costs its request`, async (t) => {
    const module = load(plugin({
      register: hook('handler'), functions: `(func $f (param i32 i32 i32) (result i32) ${body})`, table: ['$f'], data,
    }))
    const server = await serve(t, '', [module])
    for (let i = 0; i < 2; i++) assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 500 /)
    const line = `[error] plugin probe trapped in hook handler of location /: ${message}`.replace(' of location /', '')
    assert.deepEqual(server.log().map((l) => l.replace(/ \(at .*/, '').replace(' of location /', '')), [line, line])
  })
}

test('a trap in a hook of a connection closes it, or with plugin_on_error pass does not', async (t) => {
  const text = plugin({ register: hook('pre_connection'), functions: '(func $f (param i32 i32 i32) (result i32) (unreachable))', table: ['$f'], data })
  const server = await serve(t, 'return 200 ok;', [load(text)])
  assert.equal(await server.raw('GET / HTTP/1.0\r\n\r\n'), '')
  assert.match(server.lines.join('\n'), /plugin probe trapped in hook pre_connection: unreachable/)
  const passes = instantiate(compilePlugin('probe.wasm', assemble(text)), {}, false, { ...defaultSettings, onError: 'pass' })
  assert.match(await (await serve(t, 'return 200 ok;', [passes])).raw('GET / HTTP/1.0\r\n\r\n'), /\r\n\r\nok$/)
})

test('contexts: kept through a request, told once when they have ended; notes: 256 of them', async (t) => {
  // Answers 200 + what was kept before, and keeps 1 + that; or 300 + what has ended.
  const functions = `(func $f (param i32 i32 i32) (result i32) (local $i i32)
    (local.set $i (call $context_ended))
    (call $context_set (i32.const 0) (i32.const 7))
    (call $context_set (i32.const 0) (i32.const 8))
    (if (i32.ne (call $context_ended) (i32.const 7)) (then (return (i32.const 501))))
    (if (i32.ne (call $context_ended) (i32.const 0)) (then (return (i32.const 502))))
    (if (i32.ne (call $context_get (i32.const 0)) (i32.const 8)) (then (return (i32.const 503))))
    (if (i32.ne (call $context_get (i32.const 1)) (i32.const 0)) (then (return (i32.const 504))))
    (if (i32.eq (local.get $i) (i32.const 8)) (then (return (i32.const 410))))
    (i32.const 404))
  (func $n (param i32 i32 i32) (result i32) (local $i i32)
    (loop $l
      (i32.store (i32.const 512) (local.get $i))
      (if (i32.ne (call $note_set (i32.const 0) (i32.const 512) (i32.const 4) (i32.const 0) (i32.const 4)) (i32.const 0))
        (then (return (select (i32.const 403) (i32.const 500) (i32.eq (local.get $i) (i32.const 256))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (i32.const 300))))
    (i32.const 500))`
  const status = async (register: string): Promise<string[]> => {
    const server = await serve(t, '', [load(plugin({ register, functions, table: ['$f', '$n'], data }))])
    const one = await server.raw('GET / HTTP/1.0\r\n\r\n')
    const two = await server.raw('GET / HTTP/1.0\r\n\r\n')
    return [one, two].map((answer) => answer.slice(9, 12))
  }
  assert.deepEqual(await status(hook('handler')), ['404', '410'])
  assert.deepEqual(await status(hook('handler', 1)), ['403', '403'])
})

test('a hook of its own that leads back into the same plugin', async (t) => {
  const functions = `(func $run (param i32 i32 i32) (result i32) (call $hook_run (i32.const 0)))
    (func $own (param i32 i32 i32) (result i32) (i32.const 418))`
  const register = `(drop (call $hook_point ${name('mine')} (i32.const 2))) ${hook('mine', 1)} ${hook('handler', 0)}`
  const server = await serve(t, '', [load(plugin({ register, functions, table: ['$run', '$own'], data }))])
  assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 418 /)
})

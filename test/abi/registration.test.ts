/** What is wrong with a plugin file or its registration is said when it is loaded, with what to do about it. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { PluginError } from '../../host/core/errors.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { assemble, load, plugin } from './kit.ts'

const name = '(data (i32.const 0) "probe") (data (i32.const 16) "a b") (data (i32.const 32) "core.probe")'
const functions = '(func $f (param i32 i32 i32) (result i32) (i32.const 1))'
const table = ['$f']

/** `message` and `note` of the error that a body throws. */
function errorOf(body: () => unknown): { message: string, note: string | null } {
  try {
    body()
  } catch (error) {
    assert.ok(error instanceof PluginError, String((error as Error).stack))
    return { message: error.message, note: error.note }
  }
  throw new Error('it was accepted')
}

const file = (text: string) => (): unknown => compilePlugin('/p/x.wasm', assemble(text), 'plugins/x.wasm')
const bytes = (...b: number[]) => (): unknown => compilePlugin('/p/x.wasm', new Uint8Array(b), 'plugins/x.wasm')
const rest = '(memory (export "memory") 1) (table (export "table") 1 funcref) (func (export "vespid_abi_1"))'
const whole = assemble(`(module ${rest})`)

const files: [string, () => unknown, string, string | null][] = [
  ['an empty file', bytes(), 'plugins/x.wasm: is empty', 'was it still being written?'],
  ['a text', bytes(...Buffer.from('hello, world')), 'plugins/x.wasm: is not a WebAssembly file', 'a plugin begins with the bytes 00 61 73 6d'],
  ['WebAssembly text', bytes(...Buffer.from('(module)')), 'plugins/x.wasm: is not a WebAssembly file', 'it looks like WebAssembly text; compile it with wat2wasm'],
  ['four bytes', bytes(0, 0x61, 0x73, 0x6d), 'plugins/x.wasm: is truncated', 'copy or compile it again'],
  ['a component', bytes(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), 'plugins/x.wasm: is a component, which is not supported yet', 'vespid loads core modules: compile without the component step'],
  ['a truncated section', () => compilePlugin('/p/x.wasm', whole.subarray(0, whole.length - 3), 'plugins/x.wasm'), 'plugins/x.wasm: is truncated', 'copy or compile it again'],
  ['a module without an ABI', file('(module (import "foo" "bar" (func)) (func (export "run")))'), 'plugins/x.wasm: no ABI recognised', 'it imports from "foo" and exports "run"; a vespid plugin exports vespid_abi_1: compile it with "vespid build"'],
  ['proxy-wasm', file('(module (func (export "proxy_abi_version_0_2_1")))'), 'plugins/x.wasm: is a proxy-wasm plugin (it exports proxy_abi_version_0_2_1), which is not supported yet', null],
  ['http-wasm', file('(module (func (export "handle_request") (result i64) (i64.const 0)) (func (export "handle_response") (param i32 i32)))'), 'plugins/x.wasm: is a http-wasm plugin (it exports handle_request and handle_response), which is not supported yet', null],
  ['Extism', file('(module (import "extism:host/env" "input_length" (func (result i64))))'), 'plugins/x.wasm: is a Extism plugin (it imports extism:host/env.input_length), which is not supported yet', null],
  ['another version', file('(module (func (export "vespid_abi_7")))'), 'plugins/x.wasm: was made for another version of the ABI (it exports vespid_abi_7)', 'this vespid serves vespid_abi_1'],
  ['a missing function', file(`(module (import "vespid" "replay" (func)) ${rest})`), 'plugins/x.wasm: imports vespid.replay, which vespid does not provide', 'did you mean "reply"?'],
  ['a function of the future', file(`(module (import "vespid" "teleport" (func)) ${rest})`), 'plugins/x.wasm: imports vespid.teleport, which vespid does not provide', 'it was made for a newer vespid; the functions of this one are in docs/abi.md'],
  ['WASI', file(`(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) ${rest})`), 'plugins/x.wasm: imports wasi_snapshot_preview1.fd_write, which vespid does not provide', 'compile without WASI: a plugin has no files, arguments or environment'],
  ['an imported memory', file('(module (import "env" "memory" (memory 1)) (table (export "table") 1 funcref) (func (export "vespid_abi_1")))'), 'plugins/x.wasm: imports env.memory, which vespid does not provide', 'a plugin brings its own memory: compile without importing it'],
  ['a function of another type', file(`(module (import "vespid" "now" (func (result i64))) ${rest})`), 'plugins/x.wasm: imports vespid.now with type () -> i64', 'it is () -> f64'],
  ['no memory', file('(module (memory 1) (table (export "table") 1 funcref) (func (export "vespid_abi_1")))'), 'plugins/x.wasm: does not export its memory', 'export it as "memory"'],
  ['no table', file('(module (memory (export "memory") 1) (func (export "vespid_abi_1")))'), 'plugins/x.wasm: does not export its function table', 'export it as "table" (or "__indirect_function_table")'],
  ['a registration of another type', file('(module (memory (export "memory") 1) (table (export "table") 1 funcref) (func (export "vespid_abi_1") (param i32)))'), 'plugins/x.wasm: exports vespid_abi_1 with type (i32) -> ()', 'it is () -> ()'],
]

for (const [what, body, message, note] of files) test(`refused: ${what}`, () => assert.deepEqual(errorOf(body), { message, note }))

test('an invalid body is refused with the engine\'s words', () => {
  const broken = Uint8Array.from(whole)
  broken[broken.length - 1] = 0xff
  assert.match(errorOf(() => compilePlugin('/p/x.wasm', broken, 'plugins/x.wasm')).message, /^plugins\/x\.wasm: is not a valid module: /)
})

const directive = (where: number, args: number, conf: number, set: number, at = 0, length = 5): string =>
  `(drop (call $directive (i32.const ${at}) (i32.const ${length}) (i32.const ${where}) (i32.const ${args}) (i32.const ${conf}) (i32.const ${set}) (i32.const 0)))`

const registrations: [string, string, string][] = [
  ['a directive without a name', directive(16, 1, -1, 0, 0, 0), 'it registered a directive named ""'],
  ['a directive with a blank in its name', directive(16, 1, -1, 0, 16, 3), 'it registered a directive named "a b"'],
  ['a directive at the main level', directive(1, 1, -1, 0), 'it registered directive "probe" for contexts 1, which a plugin may not use'],
  ['a directive nowhere', directive(0, 1, -1, 0), 'it registered directive "probe" for contexts 0, which a plugin may not use'],
  ['a block directive', directive(16, 0x100, -1, 0), 'it registered directive "probe" with argument bits 256, which a plugin may not use'],
  ['a directive twice', directive(16, 1, -1, 0) + directive(24, 1, -1, 0), 'it registered directive "probe" twice'],
  ['a directive with an unknown conf', directive(16, 1, 3, 0), 'it gave conf 3 for directive "probe", which it has not registered'],
  ['a function outside of the table', directive(16, 1, -1, 77), 'it gave function 77 for directive "probe", which its table does not have'],
  ['a name out of range', directive(16, 1, -1, 0, 65534, 5), 'it used a pointer outside of its memory (65534, 5 bytes)'],
  ['a content handler without a directive', '(call $content (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))', 'it gave directive 0 for a content handler, which it has not registered'],
  ['a handler for find_config', '(call $phase (i32.const 2) (i32.const -1) (i32.const 0) (i32.const 0) (i32.const 0))', 'it registered a handler for phase 2, which takes none'],
  ['a phase without a handler', '(call $phase (i32.const 6) (i32.const -1) (i32.const -1) (i32.const 0) (i32.const 0))', 'it gave no function for phase access'],
  ['a conf of an unknown level', '(drop (call $conf (i32.const 3) (i32.const 0) (i32.const -1) (i32.const 0)))', 'it gave level 3 for a conf'],
  ['another level than 0 to 2', '(drop (call $conf (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 0))) (call $conf_level (i32.const 0) (i32.const 3) (i32.const -1) (i32.const 0))', 'it gave conf 0 and level 3 for conf_level'],
  ['a level for no conf', '(call $conf_level (i32.const -1) (i32.const 0) (i32.const -1) (i32.const 0))', 'it gave conf -1 and level 0 for conf_level'],
  ['two levels', '(drop (call $conf (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0))) (call $conf_level (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))', 'it made conf 0 one object for each server and then for all; it needs a class for each'],
  ['two init functions', '(drop (call $conf (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))) (call $conf_level (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (call $conf_level (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))', 'it gave two init functions for conf 0; it takes one'],
  ['two merge functions', '(drop (call $conf (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 0))) (call $conf_merge (i32.const 0) (i32.const 0) (i32.const 1)) (call $conf_merge (i32.const 0) (i32.const 0) (i32.const 2))', 'it gave two merge functions for conf 0; all of its directives must give the same one'],
  ['a variable with a dollar', '(call $variable (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))', 'it registered a variable named "a b"'],
  ['a command without a group', '(call $command (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0))', 'it registered a command named "probe"'],
  ['a command of an unknown effect', '(call $command (i32.const 32) (i32.const 10) (i32.const 0) (i32.const 5) (i32.const 4) (i32.const 0) (i32.const 0))', 'it registered command "core.probe" with effect 4'],
  ['an unknown kind of metric', '(drop (call $metric (i32.const 4) (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))', 'it registered metric "probe" of kind 4'],
  ['buckets that do not ascend', '(drop (call $metric (i32.const 2) (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64) (i32.const 2)))', 'it registered metric "probe" with buckets that do not ascend'],
  ['an unknown lifecycle event', '(call $lifecycle (i32.const 9) (i32.const 0) (i32.const 0))', 'it registered a hook for event 9'],
  ['a request call', '(drop (call $request_number (i32.const 0)))', 'it called request_number, which may not be called in registration'],
  ['an answer', '(call $answer (i32.const 0) (i32.const 1))', 'it called answer, which may not be called in registration'],
  ['too many things', '(local $i i32) (loop $l (call $lifecycle (i32.const 5) (i32.const 0) (i32.const 0)) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_s (local.get $i) (i32.const 2000))))', 'it registered more than 1024 things'],
  ['a trap', '(unreachable)', 'unreachable'],
]

for (const [what, register, message] of registrations) {
  test(`registration of ${what} is refused`, () => {
    assert.deepEqual(errorOf(() => load(plugin({ register, functions, table, data: name }), 'probe')), {
      message: `probe.wasm: registration trapped: ${message}`, note: 'the plugin\'s top-level code runs when it is loaded; something in it failed',
    })
  })
}

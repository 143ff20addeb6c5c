/** Registration of timers and of state in the ABI: what a module may say, and what is a fault. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { PluginError } from '../../host/core/errors.ts'
import type { NativeModule } from '../../host/wasm/native/module.ts'
import { load, plugin } from './kit.ts'

const data = '(data (i32.const 0) "tick") (data (i32.const 16) "a\\nb") (data (i32.const 32) "tock")'
const functions = `(func $job (param i32) (result i32) (i32.const 0))
(func $save (param i32) (result i32) (call $state_put (i32.const 0) (i32.const 4)) (i32.const 0))
(func $restore (param i32 i32 i32) (result i32) (call $state_read (i32.const 1) (i32.const 64) (i32.const 100)))
(func $much (param i32) (result i32) (call $state_put (i32.const 65000) (i32.const 600)) (i32.const 0))
(func $beyond (param i32 i32 i32) (result i32) (call $state_read (i32.const -1) (i32.const 64) (i32.const 100)))
(func $elsewhere (param i32) (result i32) (call $state_put (i32.const 0) (i32.const 4)) (i32.const 0))`
const table = ['$job', '$save', '$restore', '$much', '$beyond', '$elsewhere']

const timer = (interval: number | string, flags = 0, at = 0, length = 4, call = 0): string =>
  `(call $timer (i32.const ${at}) (i32.const ${length}) (f64.const ${interval}) (i32.const ${flags}) (i32.const ${call}) (i32.const 0))`
const state = (version: number, save = 1, restore = 2, flags = 0): string =>
  `(call $state (i32.const ${version}) (i32.const ${save}) (i32.const 0) (i32.const ${restore}) (i32.const 0) (i32.const ${flags}))`

const made = (register: string): NativeModule => load(plugin({ register, functions, table, data }))

function refused(register: string): string {
  try {
    made(register)
  } catch (error) {
    assert.ok(error instanceof PluginError, String((error as Error).stack))
    return error.message.replace(/^.*registration trapped: /, '')
  }
  throw new Error('it was accepted')
}

test('timers: each and one, again and once; without a name they are called after their interval', () => {
  const { timers } = made(timer(1000) + timer(250.4, 1, 0, 0) + timer(90000, 2, 0, 0) + timer(90000, 3, 32) + timer(90000, 0, 0, 0)).plugin
  assert.deepEqual(timers.facts(), [
    { name: 'tick', every: '1s', workers: 'each', runs: 0, skipped: 0, faults: 0 }, { name: 'once after 250ms', once: '250ms', workers: 'each', runs: 0, skipped: 0, faults: 0 },
    { name: 'every 1m30s', every: '1m30s', workers: 'one', runs: 0, skipped: 0, faults: 0 }, { name: 'tock', once: '1m30s', workers: 'one', runs: 0, skipped: 0, faults: 0 },
    { name: 'every 1m30s #2', every: '1m30s', workers: 'each', runs: 0, skipped: 0, faults: 0 },
  ])
})

for (const [what, register, message] of [
  ['too often', timer(9), 'it registered a timer for 9 milliseconds; 10 to 2147483647 are allowed'],
  ['too late', timer(2147483648, 1), 'it registered a timer for 2147483648 milliseconds; 0 to 2147483647 are allowed'],
  ['never', timer('nan'), 'it registered a timer for NaN milliseconds; 10 to 2147483647 are allowed'],
  ['before', timer(-1, 1), 'it registered a timer for -1 milliseconds; 0 to 2147483647 are allowed'],
  ['flags', timer(100, 4), 'it registered a timer with flags 4'],
  ['a line break in its name', timer(100, 0, 16, 3), 'it registered a timer named "a\nb"'],
  ['a name out of memory', timer(100, 0, 65535, 4), 'it used a pointer outside of its memory (65535, 4 bytes)'],
  ['no function', timer(100, 0, 0, 4, -1), 'it gave no function for timer "tick"'],
  ['a function that is not there', timer(100, 0, 0, 4, 99), 'it gave function 99 for timer "tick", which its table does not have'],
  ['twice', timer(100) + timer(200), 'it registered timer "tick" twice'],
  ['too many', Array.from({ length: 33 }, () => timer(100, 0, 0, 0)).join(''), 'it registered more than 32 timers'],
  ['state twice', state(1) + state(2), 'it registered its state twice'],
  ['state with flags', state(1, 1, 2, 2), 'it registered its state with flags 2'],
  ['state without restore', state(1, 1, -1), 'it gave no function for restore of its state'],
  ['saving in registration', '(call $state_put (i32.const 0) (i32.const 4))', 'it called state_put, which may not be called in registration'],
  ['reading in registration', '(drop (call $state_read (i32.const 0) (i32.const 0) (i32.const 4)))', 'it called state_read, which may not be called in registration'],
] as const) {
  test(`refused: ${what}`, () => assert.equal(refused(register), message))
}

/** A plugin whose configuration is complete. */
function ready(register: string, lines: string[] = []): NativeModule {
  const module = load(plugin({ register, functions, table, data }), 'probe', { log: (level, text) => lines.push(`[${level}] ${text}`) })
  module.plugin.instance.freeze()
  return module
}

test('state crosses: what save put is what restore reads, from any offset', () => {
  const lines: string[] = []
  const from = ready(state(7))
  const to = ready(state(7), lines)
  assert.equal(to.takeOver(from, false), undefined)
  assert.deepEqual(lines, ['[7] plugin probe took over its state (version 7, 4 bytes)'])
  assert.equal(to.plugin.instance.text(64, 3), 'ick')
})

test('a plugin that insists is tried first, and put back; others are not', () => {
  const lines: string[] = []
  const to = ready(state(7, 1, 2, 1), lines)
  assert.equal(to.takeOver(ready(state(7)), true), undefined)
  assert.equal(to.plugin.instance.text(64, 3), '\0\0\0')
  assert.equal(to.takeOver(ready(state(7, 3)), true), 'the state of plugin "probe" (version 7) was not taken over: saving it trapped: it used a pointer outside of its memory (65000, 600 bytes)')
  const easy = ready(state(7), lines)
  assert.equal(easy.takeOver(ready(state(7, 3)), true), undefined)
  assert.deepEqual(lines, [])
})

test('bad pointers: the state is lost, and nothing else', () => {
  const lines: string[] = []
  const to = ready(state(7, 1, 4), lines)
  assert.equal(to.takeOver(ready(state(7, 3)), false), undefined)
  assert.equal(to.takeOver(ready(state(7)), false), undefined)
  assert.equal(to.takeOver(ready(''), false), undefined)
  assert.equal(ready('').takeOver(ready(state(7)), false), undefined)
  assert.deepEqual(lines, [
    '[5] the state of plugin "probe" (version 7) was not taken over: saving it trapped: it used a pointer outside of its memory (65000, 600 bytes); it starts afresh',
    '[5] the state of plugin "probe" (version 7, 4 bytes) was not taken over: restoring it trapped: it read its state from -1, 100 bytes; it starts afresh',
  ])
})

/** What plugins ask to be held to, and what becomes of it. */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buildCycle } from '../../host/conf/build.ts'
import { PluginError } from '../../host/core/errors.ts'
import { ErrorLog } from '../../host/core/logfile.ts'
import { mainModules } from '../../host/modules/main/list.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { readAsked } from '../../host/wasm/limits/asked.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { NativeModule } from '../../host/wasm/native/module.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'
import { assemble, plugin } from '../abi/kit.ts'
import { folder } from './conf-support.ts'

/** A plugin whose file asks for limits in these words, in a section each. */
function asking(...texts: string[]): Buffer {
  const name = 'vespid.limits'
  const sections = texts.map((text) => {
    const size = 1 + name.length + text.length
    return Buffer.concat([Buffer.from([0, size & 0x7f | 0x80, size >> 7, name.length]), Buffer.from(name + text, 'latin1')])
  })
  return Buffer.concat([assemble(plugin({})), ...sections])
}

/** What the plugins of a configuration are held to, with the warnings; the folder `own` is that of the shipped plugins. */
function held(t: TestContext, conf: string): { memory: string[], warnings: string[] } {
  const bytes = asking('memory_limit 64m; time_limit 1s')
  const prefix = folder(t, { 'v.conf': conf })
  for (const path of ['own/console.wasm', 'other/console.wasm', 'other/modest.wasm']) folderFile(prefix, path, path.endsWith('modest.wasm') ? asking('time_limit 5ms') : bytes)
  const options = { prefix, confFile: `${prefix}v.conf`, errorLog: 'stderr', globals: '', test: true }
  const built = buildCycle(options, mainModules, pluginsOf(PluginStore.first(`${prefix}own`), {}, options), new ErrorLog())
  t.after(() => built.cycle.openFiles.closeAll())
  return {
    memory: built.cycle.modules.filter((module) => module instanceof NativeModule).map(({ plugin: { name, instance } }) => {
      const { memory, time, table } = instance.program.settings
      return `${name} ${memory >> 20}m ${time}ms ${table}`
    }),
    warnings: built.cycle.problems.flatMap(({ error }) => [error.line, ...(error.note === null ? [] : [error.note])]),
  }
}

function folderFile(prefix: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(prefix + path), { recursive: true })
  writeFileSync(prefix + path, bytes)
}

test('a plugin that comes with vespid has what it asks for, unless the configuration says otherwise', (t) => {
  assert.deepEqual(held(t, 'plugins own; events {}'), { memory: ['console 64m 1000ms 10000'], warnings: [] })
  assert.deepEqual(held(t, 'plugins own; plugin console { time_limit 70ms; table_limit 7; } events {}'), { memory: ['console 64m 70ms 7'], warnings: [] })
  assert.deepEqual(held(t, 'plugins own; plugin_memory_limit 2m; events {}'), {
    memory: ['console 2m 1000ms 10000'],
    warnings: ['plugin "console" asks for memory_limit 64m and is held to 2m', 'add "plugin console { memory_limit 64m; }" to the main context if it may have that, or "memory_limit 2m;" there if not'],
  })
})

test('any other has the defaults, also under the name of one that comes with vespid, and what it lacks is told', (t) => {
  assert.deepEqual(held(t, 'plugins other; events {}'), {
    memory: ['console 16m 50ms 10000', 'modest 16m 50ms 10000'],
    warnings: [
      'plugin "console" asks for memory_limit 64m and is held to 16m', 'add "plugin console { memory_limit 64m; }" to the main context if it may have that, or "memory_limit 16m;" there if not',
      'plugin "console" asks for time_limit 1s and is held to 50ms', 'add "plugin console { time_limit 1s; }" to the main context if it may have that, or "time_limit 50ms;" there if not',
    ],
  })
  assert.deepEqual(held(t, 'load_module other/console.wasm; plugin console { memory_limit 64m; time_limit 60ms; } events {}'), { memory: ['console 64m 60ms 10000'], warnings: [] })
  assert.deepEqual(held(t, 'load_module other/console.wasm; plugin_memory_limit 128m; plugin_time_limit 2s; events {}'), { memory: ['console 128m 2000ms 10000'], warnings: [] })
})

test('the words of amounts, each once; nothing else', () => {
  assert.deepEqual(readAsked('memory_limit 64m; time_limit 1s;\n table_limit 7;'), { memory: 64 << 20, time: 1000, table: 7 })
  assert.deepEqual(readAsked(''), {})
  for (const text of ['memory_limit', 'memory_limit 1', 'memory_limit 1m 2m', 'memory_limit 1m; memory_limit 1m', 'on_error pass', 'fault_limit off', 'isolation worker', '{}']) {
    assert.equal(readAsked(text), null, text)
  }
})

test('a file that asks in other words is refused', () => {
  const note = 'its section "vespid.limits" may say "memory_limit SIZE; time_limit TIME; table_limit N", each once'
  const refused = (bytes: Buffer, words: string): void => assert.throws(() => compilePlugin('/p/x.wasm', bytes, 'p/x.wasm'), (error) => {
    assert.ok(error instanceof PluginError)
    assert.deepEqual([error.message, error.note], [`p/x.wasm: asks for limits in words that are not known: "${words}"`, note])
    return true
  })
  refused(asking('memory_limit all'), 'memory_limit all')
  refused(asking('time_limit 1s', 'time_limit 1s'), 'time_limit 1s')
  refused(asking(`time_limit 1s;${' '.repeat(300)}`), `time_limit 1s;${' '.repeat(50)}`)
  assert.deepEqual(compilePlugin('/p/x.wasm', asking(`time_limit 1s;${' '.repeat(242)}`)).asked, { time: 1000 })
  // Who only looks at a file gives it what it asks for.
  assert.deepEqual(compilePlugin('/p/x.wasm', asking('memory_limit 1m')).limits, { memory: 1 << 20, table: defaultSettings.table })
})

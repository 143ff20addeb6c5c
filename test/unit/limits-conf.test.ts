import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { scanMain } from '../../host/conf/scan.ts'
import { SettingsTable, defaultSettings, isSetting } from '../../host/wasm/limits/settings.ts'
import { build, folder } from './conf-support.ts'

/** The settings of plugins in a configuration of these files. */
function settings(t: TestContext, files: Record<string, string>, globals = ''): SettingsTable {
  const prefix = folder(t, files)
  return new SettingsTable(scanMain({ prefix, confFile: `${prefix}v.conf`, errorLog: 'stderr', globals, test: true }, isSetting))
}

test('directives hold for all plugins, a block for one; the order does not matter', (t) => {
  const table = settings(t, {
    'v.conf': `plugins p;
      plugin a { time_limit 5ms; on_error pass; }
      events {}
      http { server { listen 80; location / { return 200 "plugin_memory_limit 1m;"; } plugin_table_limit 7; } }
      plugin_memory_limit 32m; include more/*.conf;
      plugin a { fault_limit 3 per 1h; }`,
    'more/1.conf': 'plugin_time_limit 1s; plugin_on_error 503;', 'more/2.conf': 'plugin b { table_limit 20; memory_limit 64k; fault_limit off; }',
  }, 'plugin_fault_limit 9 per 2s;')
  const all = { ...defaultSettings, memory: 32 << 20, time: 1000, onError: 503, faults: { count: 9, period: 2000 } }
  assert.deepEqual(table.of('other'), all)
  assert.deepEqual(table.of('a'), { ...all, time: 5, onError: 'pass', faults: { count: 3, period: 3_600_000 } })
  assert.deepEqual(table.of('b'), { ...all, table: 20, memory: 65536, faults: { count: -1, period: 0 } })
})

test('blocks in another language are passed over, what cannot be read changes nothing', (t) => {
  const table = settings(t, {
    'v.conf': `route[X] { if ($ua =~ "}") { xlog("it's { open\\n"); } # }
      }
      plugin_time_limit 7ms; plugin_memory_limit lots; include missing.conf; include v.conf; plugin_table_limit; plugin x { nonsense; time_limit 3ms }`,
  })
  assert.deepEqual(table.of('x'), { ...defaultSettings, time: 7 })
})

const messages: [string, string, string | null][] = [
  ['plugin_memory_limit 1;', 'invalid value "1" in "plugin_memory_limit" directive', 'it takes a size from 64k to 4g'],
  ['plugin_memory_limit 5g;', 'invalid value "5g" in "plugin_memory_limit" directive', 'it takes a size from 64k to 4g'],
  ['plugin_time_limit 0;', 'invalid value "0" in "plugin_time_limit" directive', 'it takes a time from 1ms to 10m'],
  ['plugin_table_limit many;', 'invalid value "many" in "plugin_table_limit" directive', 'it takes a number from 1 to 1000000'],
  ['plugin_on_error 200;', 'invalid value "200" in "plugin_on_error" directive', 'it takes "error", "pass" or a status from 400 to 599'],
  ['plugin_fault_limit 5;', 'invalid value "5" in "plugin_fault_limit" directive', 'it takes "N per TIME" (20 per 1m), or "off"'],
  ['plugin_fault_limit 5 in 1m;', 'invalid value "5 in 1m" in "plugin_fault_limit" directive', 'it takes "N per TIME" (20 per 1m), or "off"'],
  ['plugin_fault_limit 5 per;', 'invalid number of arguments in "plugin_fault_limit" directive', 'it takes 1 or 3 arguments'],
  ['plugin_time_limit 1s; plugin_time_limit 2s;', '"plugin_time_limit" directive is duplicate', null],
  ['plugin x { time_limit 1s; } plugin x { time_limit 1s; }', '"time_limit" directive is duplicate', null],
  ['plugin x { tim_limit 1s; }', 'unknown directive "tim_limit"', 'did you mean "time_limit"?'],
  ['plugin x { plugin_time_limit 1s; }', 'unknown directive "plugin_time_limit"', 'did you mean "time_limit"?'],
  ['plugin x { time_limit; }', 'invalid number of arguments in "time_limit" directive', 'it takes a time from 1ms to 10m'],
  ['plugin x { on_error 99; }', 'invalid value "99" in "on_error" directive', 'it takes "error", "pass" or a status from 400 to 599'],
  ['plugin a/b { }', 'invalid plugin name "a/b"', 'a plugin\'s name is its file\'s, without ".wasm"'],
]

for (const [text, message, note] of messages) {
  test(`refused: ${text}`, (t) => {
    const { messages: found, notes } = build(t, `events {}\n${text}\n`)
    assert.deepEqual([found[0], notes[0]], [`[emerg] ${message} in <P>/v.conf:2`, note])
  })
}

test('a block for a plugin that is not there is a warning', (t) => {
  const { messages: found, ok } = build(t, 'events {}\nplugin acess { time_limit 1s; }\n', { modules: [{ name: 'access' }] })
  assert.deepEqual([found, ok], [['[warn] plugin "acess" is not loaded in <P>/v.conf:2'], true])
})

test('other defaults give way to what the configuration says', (t) => {
  const defaults = { time: 1000, memory: 64 << 20 }
  const silent = settings(t, { 'v.conf': 'plugin a { table_limit 7; }' })
  assert.deepEqual([silent.of('a', defaults), silent.of('b')], [{ ...defaultSettings, ...defaults, table: 7 }, defaultSettings])
  const told = settings(t, { 'v.conf': 'plugin_time_limit 5ms; plugin a { memory_limit 1m; }' })
  assert.deepEqual(told.of('a', defaults), { ...defaultSettings, time: 5, memory: 1 << 20 })
})

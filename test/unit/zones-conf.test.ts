import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from './conf-support.ts'
import { httpZoneModule } from '../../host/modules/main/zone.ts'
import { httpModule } from '../../host/http/block.ts'
import { httpCoreModule } from '../../host/http/core/module.ts'
import { upstreamModule } from '../../host/modules/upstream/module.ts'

const events = 'events {}\n'

test('zone: name, size, what a full one does, file', (t) => {
  const { cycle, messages, prefix } = build(t, `${events}zone a 64k;\nzone b.c-d_1 1m evict=off file=z/b.zone sync=250ms;\nzone c 1g evict=lru;\n`)
  assert.deepEqual(messages, [])
  const zones = cycle.zones.stores()
  assert.deepEqual(zones.map(({ name, size }) => [name, size]), [['a', 65536], ['b.c-d_1', 1 << 20], ['c', 1 << 30]])
  assert.deepEqual(zones.map(({ settings }) => settings), [
    { evict: true, file: null, sync: 1000 }, { evict: false, file: `${prefix}z/b.zone`, sync: 250 }, { evict: true, file: null, sync: 1000 },
  ])
  assert.deepEqual(zones.map(({ journal }) => journal?.byteLength ?? null), [null, 1 << 20, null])
  assert.equal(zones[0]!.store.set('k', Buffer.from('v'), 0), 0)
})

const wrong: [string, string, string | null][] = [
  ['zone a;', 'invalid number of arguments in "zone" directive', 'it takes two arguments or more'],
  ['zone a/b 1m;', 'invalid zone name "a/b"', 'it may have up to 64 letters, digits, "_", "-", "."'],
  ['zone a 1x;', 'invalid zone size "1x"', 'for example 64k, 10m or 1g'],
  ['zone a 31k;', 'zone "a" is too small', 'the smallest is 32k'],
  ['zone a 65g;', 'invalid zone size "65g"', 'for example 64k, 10m or 1g'],
  ['zone a 1m evict=on;', 'invalid parameter "evict=on"', 'it may be evict=lru, evict=off, file=PATH, sync=TIME'],
  ['zone a 1m file=;', 'invalid parameter "file="', 'it may be evict=lru, evict=off, file=PATH, sync=TIME'],
  ['zone a 1m file=a file=b;', 'duplicate parameter "file"', null],
  ['zone a 1m file=a sync=5ms;', 'invalid sync value "sync=5ms"', 'it may be from 10ms to 1h'],
  ['zone a 1m sync=1s;', '"sync" has no effect without "file"', null],
  ['zone a 1m; zone a 1m;', 'duplicate zone "a"', null],
  ['zone a 1m file=x; zone b 1m file=x;', 'zone "a" has the same file', null],
  ['plugin p { allow; }', 'invalid number of arguments in "allow" directive',
    'it may be allow net HOST:PORT …, allow zone NAME …, allow rpc NAME …, allow file PATH …, allow db URL …, allow listen ADDRESS …'],
  ['plugin p { allow zones a; }', 'invalid kind "zones" in "allow" directive', 'did you mean "zone"?'],
  ['plugin p { allow zone; }', 'invalid number of arguments in "allow" directive', 'it is "allow zone NAME …;"'],
]

for (const [text, message, note] of wrong) {
  test(`refused: ${text}`, (t) => {
    const { messages, notes } = build(t, `${text}\n${events}`)
    assert.equal(messages[0], `[emerg] ${message} in <P>/v.conf:1`)
    assert.equal(notes[0], note)
  })
}

test('a zone may stand in http{}; the zone of an upstream is another thing', (t) => {
  const modules = [httpModule, httpCoreModule, httpZoneModule, upstreamModule]
  const { cycle, messages } = build(t, `${events}http {\nzone shared 64k;\nupstream u { zone u 64k; server 127.0.0.1; }\n}\n`, { modules })
  assert.deepEqual(messages, [])
  assert.deepEqual(cycle.zones.stores().map(({ name }) => name), ['shared'])
})

test('what a plugin is allowed is kept by kind', (t) => {
  const { cycle, messages } = build(t, `${events}plugin p { allow zone a b; allow net db:5432 *.example.com:443; memory_limit 1m; }\nplugin p { allow zone c a; }\n`)
  assert.deepEqual(messages, [
    '[warn] plugin "p" is allowed zone "a" already in <P>/v.conf:3', '[warn] plugin "p" is not loaded in <P>/v.conf:2',
  ])
  const { grants } = cycle
  assert.deepEqual([grants.has('p', 'zone', 'b'), grants.has('p', 'zone', 'd'), grants.has('p', 'rpc', 'b'), grants.has('q', 'zone', 'a')], [true, false, false, false])
  assert.deepEqual(grants.list('p', 'net'), ['db:5432', '*.example.com:443'])
})

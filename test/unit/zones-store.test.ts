import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { Outcome } from '../../host/core/zoneentries.ts'
import { ZoneBusy, ZoneStore, complaint } from '../../host/core/zonestore.ts'
import { random } from './conf-support.ts'

const { Done, No, Full, KeyLength, ValueLength, NotInteger, Range } = Outcome
const start = 1_700_000_000_000

interface Clocked { readonly store: ZoneStore, time: number }

function make(size = 65536, evict = true): Clocked {
  const store = new ZoneStore('z', new SharedTable(SharedTable.format(size)), size, evict, null)
  const clocked = { store, time: start }
  store.entries.clock = () => clocked.time
  return clocked
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const value = (store: ZoneStore, key: string): string | null => store.get(key)?.toString('latin1') ?? null

test('set, add, delete, get', () => {
  const { store } = make()
  assert.equal(value(store, 'a'), null)
  assert.deepEqual([store.set('a', bytes('1'), 0), value(store, 'a')], [Done, '1'])
  assert.deepEqual([store.add('a', bytes('2'), 0), value(store, 'a')], [No, '1'])
  assert.deepEqual([store.add('b', bytes(''), 0), value(store, 'b')], [Done, ''])
  assert.deepEqual([store.delete('a'), store.delete('a'), value(store, 'a')], [Done, No, null])
  const all = Buffer.from([...Array(256).keys()])
  assert.equal(store.set('\0\xff', all, 0), Done)
  assert.deepEqual(store.get('\0\xff'), all)
  store.clear()
  assert.equal(store.stats().entries, 0)
})

test('compare and set compares the value, and absence', () => {
  const { store } = make()
  assert.deepEqual([store.cas('k', bytes('x'), bytes('y'), 0), value(store, 'k')], [No, null])
  assert.deepEqual([store.cas('k', null, bytes('1'), 0), value(store, 'k')], [Done, '1'])
  assert.deepEqual([store.cas('k', null, bytes('2'), 0), value(store, 'k')], [No, '1'])
  assert.deepEqual([store.cas('k', bytes('1'), bytes('2'), 0), value(store, 'k')], [Done, '2'])
  store.incr('k', 3, 0, 0)
  assert.deepEqual([store.cas('k', bytes('5'), bytes('new'), 0), value(store, 'k')], [Done, 'new'])
})

test('integers: texts count on, negative ones and large ones too, nothing is lost at the bounds', () => {
  const { store } = make()
  const add = (key: string, by: number, initial = 0): unknown => {
    const outcome = store.incr(key, by, initial, 0)
    return outcome === Done ? store.number : outcome
  }
  assert.deepEqual([add('n', 1), add('n', 1), value(store, 'n')], [1, 2, '2'])
  assert.deepEqual([add('n', -5), value(store, 'n')], [-3, '-3'])
  assert.equal(add('m', 2, 40), 42)
  store.set('t', bytes('4294967295'), 0)
  assert.deepEqual([add('t', 1), value(store, 't')], [4294967296, '4294967296'])
  assert.deepEqual([add('t', -8589934592), value(store, 't')], [-4294967296, '-4294967296'])
  assert.equal(add('top', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
  assert.deepEqual([add('top', 1), value(store, 'top')], [Range, '9007199254740991'])
  assert.equal(add('bottom', -Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER)
  assert.equal(add('bottom', -1), Range)
  for (const text of ['', 'x', '1.5', ' 1', '01', '-0', '9007199254740992', '1'.repeat(40)]) {
    store.set('s', bytes(text), 0)
    assert.deepEqual([add('s', 1), value(store, 's')], [NotInteger, text])
  }
  store.set('n', bytes('a text again'), 0)
  assert.equal(value(store, 'n'), 'a text again')
})

test('what has lived its time is not there, for any operation', () => {
  const clocked = make()
  const { store } = clocked
  store.set('a', bytes('1'), 1000)
  store.set('b', bytes('1'), 0)
  store.incr('n', 1, 0, 1000)
  assert.deepEqual([store.ttl('a'), store.ttl('b'), store.ttl('c')], [1000, 0, -1])
  clocked.time += 600
  store.incr('n', 1, 0, 1000)
  assert.deepEqual([store.ttl('n'), store.number], [400, 2])
  clocked.time += 399
  assert.deepEqual([value(store, 'a'), store.ttl('a')], ['1', 1])
  clocked.time += 1
  assert.deepEqual([value(store, 'a'), value(store, 'b'), value(store, 'n')], [null, '1', null])
  store.incr('n', 1, 0, 1000)
  assert.deepEqual([store.number, store.ttl('n')], [1, 1000])
  store.set('x', bytes('1'), 10)
  clocked.time += 10
  assert.deepEqual([store.delete('x'), store.expire('x', 5)], [No, No])
  store.set('x', bytes('1'), 10)
  clocked.time += 10
  assert.equal(store.add('x', bytes('2'), 10), Done)
  assert.deepEqual([store.expire('x', 5000), store.ttl('x')], [Done, 5000])
  assert.deepEqual([store.expire('x', 0), store.ttl('x')], [Done, 0])
  store.expire('n', 0)
  assert.deepEqual([store.ttl('n'), value(store, 'n')], [0, '1'])
  assert.equal(store.stats().expired, 4)
})

test('a sweep gives the memory of expired entries back, and does nothing when none can have expired', () => {
  const clocked = make()
  const { store } = clocked
  const { free } = store.stats()
  for (let i = 0; i < 200; i++) store.set(`key ${i}`, bytes('v'), i % 2 === 0 ? 5000 + i : 0)
  assert.equal(store.sweep(1000), 0)
  clocked.time += 10_000
  assert.equal(store.sweep(1000), 100)
  assert.equal(store.stats().entries, 100)
  assert.equal(store.entries.overdue(clocked.time), false)
  for (let i = 1; i < 200; i += 2) store.delete(`key ${i}`)
  assert.equal(store.stats().free, free)
})

test('a sweep in parts finds everything, also what is set while it goes on', () => {
  const clocked = make(1 << 20)
  const { store } = clocked
  for (let i = 0; i < 500; i++) store.set(`key ${i}`, bytes('v'), 1000)
  clocked.time += 2000
  store.sweep(100)
  for (let i = 0; i < 500; i++) store.set(`late ${i}`, bytes('v'), 3000)
  for (let i = 0; i < 100; i++) store.sweep(100)
  assert.equal(store.stats().entries, 500)
  clocked.time += 4000
  for (let i = 0; i < 200; i++) store.sweep(100)
  assert.equal(store.stats().entries, 0)
})

test('a full zone that evicts lets go of what was used least recently', () => {
  const { store } = make(32768)
  let n = 0
  while (store.stats().free > 0) store.set(`key ${n++}`, bytes('v'), 0)
  assert.equal(store.stats().entries, n)
  store.get('key 0')
  assert.equal(store.set('new', bytes('v'), 0), Done)
  assert.deepEqual([value(store, 'key 0'), value(store, 'key 1'), value(store, 'new')], ['v', null, 'v'])
  assert.equal(store.set('large', Buffer.alloc(store.longestValue, 'x'), 0), Done)
  assert.equal(store.get('large')!.length, 4096)
  assert.ok(store.stats().evicted > 30)
  // Growing what is there does not evict the entry itself.
  assert.equal(store.set('key 0', Buffer.alloc(4000, 'y'), 0), Done)
  assert.equal(store.get('key 0')!.length, 4000)
})

test('a full zone that does not evict refuses, keeps what it has, and takes the place of the expired', () => {
  const clocked = make(32768, false)
  const { store } = clocked
  let n = 0
  while (store.stats().free > 0) store.set(`key ${n++}`, bytes('v'), n === 7 ? 1000 : 0)
  assert.deepEqual([store.set('new', bytes('v'), 0), store.add('new', bytes('v'), 0), store.incr('new', 1, 0, 0), store.cas('new', null, bytes('v'), 0)],
    [Full, Full, Full, Full])
  assert.equal(store.set('key 1', Buffer.alloc(500), 0), Full)
  assert.equal(value(store, 'key 1'), 'v')
  assert.equal(store.set('key 1', bytes('w'), 0), Done)
  assert.equal(store.incr('key 2', 1, 0, 0), NotInteger)
  assert.deepEqual([store.stats().refused, store.stats().evicted], [5, 0])
  assert.equal(complaint(store, Full, 3, 1), 'zone "z" is full; make it larger, or let it evict (evict=lru)')
  clocked.time += 1000
  assert.equal(store.set('new', bytes('v'), 0), Done)
  assert.deepEqual([store.stats().entries, value(store, 'key 6')], [n, null])
})

test('keys and values have bounds, which are told', () => {
  const { store } = make(65536)
  assert.equal(store.longestValue, 8192)
  const long = 'k'.repeat(1024)
  assert.deepEqual([store.set(long, Buffer.alloc(8192), 0), store.get(long)!.length], [Done, 8192])
  assert.deepEqual([store.set(long + 'k', bytes(''), 0), store.set('', bytes(''), 0), store.incr('', 1, 0, 0)], [KeyLength, KeyLength, KeyLength])
  assert.equal(store.set('k', Buffer.alloc(8193), 0), ValueLength)
  assert.equal(complaint(store, KeyLength, 1025, 0), 'a key of 1025 bytes is not taken by zone "z": 1 to 1024 are allowed')
  assert.equal(complaint(store, ValueLength, 1, 8193), 'a value of 8193 bytes is too large for zone "z": 8192 are allowed')
  assert.equal(make(64 << 20).store.longestValue, 1 << 20)
})

test('a value is read into a buffer when it fits', () => {
  const { store } = make()
  store.set('k', bytes('x'.repeat(300)), 0)
  store.incr('n', 1234, 0, 0)
  const out = Buffer.alloc(302, '.')
  assert.deepEqual([store.read('k', out, 1, 299), out.toString('latin1')], [300, '.'.repeat(302)])
  assert.deepEqual([store.read('k', out, 1, 300), out.toString('latin1')], [300, `.${'x'.repeat(300)}.`])
  assert.deepEqual([store.read('n', out, 0, 3), store.read('n', out, 0, 4), out.toString('latin1', 0, 5)], [4, 4, '1234x'])
  assert.equal(store.read('none', out, 0, 10), -1)
})

test('a list shows every key once', () => {
  const { store } = make(1 << 20)
  for (let i = 0; i < 1000; i++) store.set(`key ${i}`, bytes(String(i)), 0)
  const seen: string[] = []
  let calls = 0
  for (let cursor = 0, first = true; first || cursor !== 0; first = false) {
    calls++
    cursor = store.each(cursor, 50, (key, entry) => { seen.push(`${key}=${store.entries.value(entry).toString()}`) })
  }
  assert.ok(calls > 10)
  assert.deepEqual(seen.sort(), Array.from({ length: 1000 }, (_, i) => `key ${i}=${i}`).sort())
})

test('random use agrees with a model, and no memory is lost', () => {
  const next = random(11)
  const clocked = make(1 << 18)
  const { store } = clocked
  const { free } = store.stats()
  const model = new Map<string, { value: string, deadline: number }>()
  const known = (key: string): string | null => {
    const entry = model.get(key)
    if (entry !== undefined && entry.deadline !== 0 && entry.deadline <= clocked.time) model.delete(key)
    return model.get(key)?.value ?? null
  }
  for (let step = 0; step < 20_000; step++) {
    const key = `${next(40)}${'k'.repeat(next(3) * 100)}`
    const text = next(3) === 0 ? String(next(1000) - 500) : 'v'.repeat(next(5) === 0 ? next(2000) : next(90))
    const ttl = next(3) === 0 ? 1 + next(500) : 0
    const before = known(key)
    clocked.time += next(10)
    const now = known(key)
    const deadline = ttl === 0 ? 0 : clocked.time + ttl
    const what = next(8)
    if (what === 0) assert.equal(value(store, key), now)
    else if (what === 1) {
      assert.equal(store.set(key, bytes(text), ttl), Done)
      model.set(key, { value: text, deadline })
    } else if (what === 2) {
      assert.equal(store.add(key, bytes(text), ttl), now === null ? Done : No)
      if (now === null) model.set(key, { value: text, deadline })
    } else if (what === 3) {
      const expected = next(4) === 0 ? text : before
      const same = expected === now
      assert.equal(store.cas(key, expected === null ? null : bytes(expected), bytes(text), ttl), same ? Done : No)
      if (same) model.set(key, { value: text, deadline })
    } else if (what === 4) {
      assert.equal(store.delete(key), now === null ? No : Done)
      model.delete(key)
    } else if (what === 5) {
      assert.equal(store.expire(key, ttl), now === null ? No : Done)
      if (now !== null) model.set(key, { value: now, deadline })
    } else if (what === 6) {
      const number = now === null ? 10 : /^(0|-?[1-9]\d*)$/.test(now) ? Number(now) : NaN
      assert.equal(store.incr(key, 7, 10, ttl), Number.isNaN(number) ? NotInteger : Done)
      if (!Number.isNaN(number)) model.set(key, { value: String(number + 7), deadline: now === null ? deadline : model.get(key)!.deadline })
    } else store.sweep(20)
  }
  for (const key of [...model.keys()]) assert.equal(value(store, key), known(key))
  for (const key of model.keys()) store.delete(key)
  for (let i = 0; i < 100; i++) store.sweep(1000)
  clocked.time += 1000
  for (let i = 0; i < 100; i++) store.sweep(1000)
  assert.deepEqual([store.stats().entries, store.stats().free, store.stats().evicted, store.stats().refused], [0, free, 0, 0])
})

test('the main thread does not wait for a thread that has died with the zone', () => {
  const memory = SharedTable.format(32768)
  const store = new ZoneStore('z', new SharedTable(memory), 32768, true, null)
  store.set('a', bytes('1'), 0)
  // The lock's word says that thread 76 has it.
  Atomics.store(new Int32Array(memory), 0, 77)
  assert.throws(() => store.get('a'), new ZoneBusy('z'))
  let refilled = 0
  assert.equal(new SharedTable(memory).threadEnded(76, () => { refilled++ }), true)
  assert.deepEqual([refilled, value(store, 'a')], [1, null])
})

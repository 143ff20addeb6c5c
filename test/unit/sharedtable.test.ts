import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { Zones } from '../../host/core/zones.ts'
import { random } from './conf-support.ts'

test('a table keeps words and values by key, and its room', () => {
  const table = new SharedTable(SharedTable.format(8192))
  const room = table.room
  assert.ok(room >= 55 && room <= 63, `room ${room}`)
  assert.equal(table.find('a'), 0)
  const a = table.insert('a')
  table.set(a, 0, -5)
  table.set(a, 3, 7)
  assert.equal(table.find('a'), a)
  assert.deepEqual([table.get(a, 0), table.get(a, 1), table.get(a, 3), table.key(a), table.value(a).length],
    [-5, 0, 7, 'a', 0])
  assert.equal(table.count, 1)
  const long = 'k\xff'.repeat(400)
  const b = table.insert(long)
  assert.equal(table.find(long), b)
  assert.equal(table.find(long.slice(0, -1) + 'x'), 0)
  assert.equal(table.key(b), long)
  for (const size of [0, 10, 83, 84, 85, 500, 1000, 20, 0]) {
    const value = Buffer.alloc(size, size & 255)
    assert.equal(table.setValue(b, value), true)
    assert.deepEqual(table.value(b), value)
    assert.equal(table.find(long), b)
  }
  assert.equal(table.setValue(b, Buffer.alloc(9000)), false)
  assert.equal(table.value(b).length, 0)
  table.remove(a)
  table.remove(b)
  assert.deepEqual([table.find('a'), table.count, table.room, table.oldest()], [0, 0, room, 0])
})

test('entries are ordered by last use', () => {
  const table = new SharedTable(SharedTable.format(4096))
  const entries = ['a', 'b', 'c'].map((key) => table.insert(key))
  table.find('a')
  const order = []
  for (let e = table.oldest(); e !== 0; e = table.newer(e)) order.push(table.key(e))
  assert.deepEqual(order, ['b', 'c', 'a'])
  table.remove(entries[2]!)
  assert.equal(table.newer(entries[1]!), entries[0])
})

test('a full table says so and works on after a removal', () => {
  const table = new SharedTable(SharedTable.format(2048))
  let n = 0
  while (table.insert(`key ${n}`) !== 0) n++
  assert.equal(table.room, 0)
  assert.equal(table.count, n)
  assert.equal(table.key(table.oldest()), 'key 0')
  table.remove(table.oldest())
  assert.notEqual(table.insert('new'), 0)
  assert.equal(table.find('key 0'), 0)
  assert.equal(table.insert('k'.repeat(1000)), 0)
})

test('random use agrees with a Map', () => {
  const next = random(7)
  const table = new SharedTable(SharedTable.format(65536))
  const room = table.room
  const model = new Map<string, string>()
  for (let step = 0; step < 5000; step++) {
    const key = 'x'.repeat(next(200)) + next(50)
    const entry = table.find(key)
    assert.equal(entry !== 0, model.has(key))
    if (entry !== 0 && next(3) === 0) {
      table.remove(entry)
      model.delete(key)
      continue
    }
    const value = String(next(1000)).repeat(next(120))
    const into = entry !== 0 ? entry : table.insert(key)
    if (into === 0) {
      const old = table.oldest()
      model.delete(table.key(old))
      table.remove(old)
      continue
    }
    if (table.setValue(into, Buffer.from(value))) model.set(key, value)
    else if (entry === 0) table.remove(into)
  }
  assert.equal(table.count, model.size)
  for (const [key, value] of model) assert.equal(table.value(table.find(key)).toString(), value)
  while (table.oldest() !== 0) table.remove(table.oldest())
  assert.equal(table.room, room)
})

test('threads count together', async () => {
  const memory = SharedTable.format(4096)
  const code = `
    import { workerData } from 'node:worker_threads'
    const { SharedTable } = await import(workerData.url)
    const table = new SharedTable(workerData.memory)
    for (let i = 0; i < 5000; i++) {
      table.lock()
      const e = table.find('n') || table.insert('n')
      table.set(e, 0, table.get(e, 0) + 1)
      table.unlock()
    }`
  const url = new URL('../../host/core/sharedtable.ts', import.meta.url).href
  const workers = [1, 2].map(() => new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    { workerData: { memory, url } }))
  await Promise.all(workers.map((w) => new Promise((resolve, reject) => w.once('error', reject).once('exit', resolve))))
  const table = new SharedTable(memory)
  assert.equal(table.get(table.find('n'), 0), 10000)
})

test('the table of a thread that died with the lock is emptied and free', () => {
  const table = new SharedTable(SharedTable.format(4096))
  const room = table.room
  table.lock()
  table.insert('half')
  table.threadEnded(77)
  assert.equal(table.count, 1)
  table.threadEnded(0)
  table.lock()
  assert.deepEqual([table.count, table.room, table.find('half')], [0, room, 0])
  table.unlock()
})

test('zones keep their memory while name, kind, size and key stay', () => {
  const first = new Zones()
  first.add('a', 8192, 'limit_req').binding = '$uri'
  first.add('b', 8192, 'limit_req')
  assert.deepEqual(first.open([]), [])
  const again = new Zones()
  again.add('a', 0, 'limit_req')
  again.add('a', 8192, 'limit_req').binding = '$uri'
  again.add('b', 4096, 'limit_req')
  again.add('c', 0, 'limit_conn')
  assert.deepEqual(again.open(first.shared()).map((e) => e.message), ['zero size shared memory zone "c"'])
  assert.equal(again.get('a')!.memory, first.get('a')!.memory)
  assert.notEqual(again.get('b')!.memory, first.get('b')!.memory)
  const other = new Zones()
  const zone = other.add('a', 8192, 'limit_req')
  zone.binding = '$args'
  zone.rebound = (previous) => `${previous} to ${zone.binding}`
  assert.deepEqual(other.open(first.shared()).map((e) => e.message), ['$uri to $args'])
  assert.throws(() => other.add('a', 8192, 'limit_conn'),
    { message: 'the shared memory zone "a" is already declared for a different use' })
  assert.throws(() => other.add('a', 1, 'limit_req'),
    { message: 'the size 1 of shared memory zone "a" conflicts with already declared size 8192' })
})

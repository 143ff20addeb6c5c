/**
 * Zones under several threads. Each thread does random operations and notes what each answered and the number of the
 * last change at that moment, which is read while the zone is held. Changes in the order of their numbers, and each look
 * after the change that it saw, are then one history: played on a Map, it must give every answer that was noted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Journal } from '../../host/core/journal.ts'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { Outcome, ZoneEntries } from '../../host/core/zoneentries.ts'
import { fileRecords } from '../../host/core/zonefile.ts'
import { ZoneStore } from '../../host/core/zonestore.ts'

interface Job { readonly memory: SharedArrayBuffer, readonly size: number, readonly journal: SharedArrayBuffer | null, readonly seed: number, readonly steps: number }
/** What was done, to which key, with which texts, what it answered, the last change after it. */
type Step = readonly [op: string, key: string, text: string, other: string | null, answer: string | number | null, sequence: number]

const code = `
  import { parentPort, workerData } from 'node:worker_threads'
  const { SharedTable } = await import(workerData.url + 'sharedtable.ts')
  const { ZoneStore } = await import(workerData.url + 'zonestore.ts')
  const { memory, size, journal, seed, steps, gate } = workerData
  const store = new ZoneStore('z', new SharedTable(memory), size, true, journal)
  let s = seed
  const next = (below) => { s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff; return (s >>> 8) % below }
  const log = []
  const bytes = (text) => Buffer.from(text, 'latin1')
  const run = {
    get: (key) => store.get(key)?.toString('latin1') ?? null,
    set: (key, text) => store.set(key, bytes(text), 0),
    add: (key, text) => store.add(key, bytes(text), 0),
    delete: (key) => store.delete(key),
    cas: (key, text, other) => store.cas(key, other === null ? null : bytes(other), bytes(text), 0),
    incr: (key) => { const o = store.incr(key, 1, 0, 0); return o === 0 ? 'n' + store.number : o },
  }
  // All begin together.
  Atomics.sub(gate, 0, 1)
  Atomics.notify(gate, 0)
  for (let left; (left = Atomics.load(gate, 0)) > 0;) Atomics.wait(gate, 0, left)
  const ops = ['get', 'set', 'add', 'delete', 'cas', 'cas', 'incr', 'incr']
  for (let i = 0; i < steps; i++) {
    const op = ops[next(ops.length)]
    const key = 'k'.repeat(1 + next(4) * 60) + next(3)
    const text = next(2) === 0 ? String(next(9)) : 'v'.repeat(next(300)) + i
    const other = next(3) === 0 ? null : String(next(9))
    const answer = run[op](key, text, other)
    log.push([op, key, text, other, answer, store.sequence])
  }
  parentPort.postMessage(log)`

async function steps(jobs: readonly Job[]): Promise<Step[][]> {
  const url = new URL('../../host/core/', import.meta.url).href
  const module = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const gate = new Int32Array(new SharedArrayBuffer(4)).fill(jobs.length)
  return Promise.all(jobs.map((job) => new Promise<Step[]>((resolve, reject) => {
    const worker = new Worker(module, { workerData: { ...job, url, gate } })
    worker.once('error', reject).once('message', resolve)
  })))
}

const changing = (step: Step): boolean => step[0] !== 'get' && (step[4] === 0 || typeof step[4] === 'string')

/** Plays a step on the model: what it must have answered. */
function play(model: Map<string, string>, [op, key, text, other]: Step): string | number | null {
  const now = model.get(key) ?? null
  const { Done, No, NotInteger } = Outcome
  const put = (to: string): number => {
    model.set(key, to)
    return Done
  }
  switch (op) {
    case 'get': return now
    case 'set': return put(text)
    case 'add': return now === null ? put(text) : No
    case 'delete': return model.delete(key) ? Done : No
    case 'cas': return now === other ? put(text) : No
    default: {
      if (now !== null && !/^(0|-?[1-9]\d{0,15})$/.test(now)) return NotInteger
      put(String(Number(now ?? '0') + 1))
      return `n${model.get(key)}`
    }
  }
}

for (const seed of [1, 2, 3]) {
  test(`what four threads do is one history (${seed})`, async () => {
    const size = 1 << 18
    const memory = SharedTable.format(size)
    const logs = await steps([1, 2, 3, 4].map((n) => ({ memory, size, journal: null, seed: seed * 100 + n, steps: 10_000 })))
    const all = logs.flat()
    // Of one number there is one change; what only looked at it comes after it.
    all.sort((a, b) => a[5] - b[5] || Number(changing(b)) - Number(changing(a)))
    const model = new Map<string, string>()
    let last = 0
    for (const step of all) {
      if (changing(step)) assert.equal(step[5], ++last)
      assert.deepEqual(play(model, step), step[4], `step ${step[5]}: ${step[0]} ${step[1]}`)
    }
    assert.ok(last > 4000)
    const store = new ZoneStore('z', new SharedTable(memory), size, true, null)
    for (const [key, text] of model) assert.equal(store.get(key)!.toString('latin1'), text)
    assert.equal(store.stats().entries, model.size)
    for (const key of model.keys()) store.delete(key)
    assert.equal(store.stats().free, store.stats().capacity)
  })
}

test('each thread alone sees numbers that never go back', async () => {
  const size = 65536
  const memory = SharedTable.format(size)
  for (const log of await steps([5, 6].map((seed) => ({ memory, size, journal: null, seed, steps: 2000 })))) {
    for (let i = 1; i < log.length; i++) assert.ok(log[i]![5] >= log[i - 1]![5])
  }
})

test('the journal of what four threads do gives the same zone', async () => {
  const size = 1 << 18
  const memory = SharedTable.format(size)
  const journal = new SharedArrayBuffer(16 << 20)
  await steps([1, 2, 3, 4].map((n) => ({ memory, size, journal, seed: n, steps: 3000 })))
  const batch = new Journal(journal).take()!
  const records = fileRecords(batch)
  assert.ok(records.length < batch.length / 10)
  const copy = new ZoneEntries(new SharedTable(SharedTable.format(size)), true, null)
  const { readRecord } = await import('../../host/core/journal.ts')
  for (let at = 0; at < records.length;) {
    const end = at + 8 + records.readUInt32LE(at)
    assert.equal(copy.restore(readRecord(records, at + 8, end)!), true)
    at = end
  }
  const store = new ZoneStore('z', new SharedTable(memory), size, true, null)
  const contents = (of: ZoneStore): [string, string][] => {
    const list: [string, string][] = []
    for (let cursor = 0, first = true; first || cursor !== 0; first = false) {
      cursor = of.each(cursor, 1000, (key, entry) => { list.push([key, of.entries.value(entry).toString('latin1')]) })
    }
    return list.sort()
  }
  assert.ok(contents(store).length > 3)
  assert.deepEqual(contents(new ZoneStore('z', copy.table, size, true, null)), contents(store))
})

test('a zone that is full and under contention never holds more than it can, and counts what it lets go', async () => {
  const size = 32768
  const memory = SharedTable.format(size)
  const filler = `
    import { workerData } from 'node:worker_threads'
    const { SharedTable } = await import(workerData.url + 'sharedtable.ts')
    const { ZoneStore } = await import(workerData.url + 'zonestore.ts')
    const { memory, size, seed } = workerData
    const store = new ZoneStore('z', new SharedTable(memory), size, true, null)
    for (let i = 0; i < 3000; i++) {
      if (store.set('key ' + seed + ' ' + i, Buffer.alloc(i * 7 % 3000), i % 3) !== 0) throw new Error('refused')
      store.get('key ' + (3 - seed) + ' ' + (i - 3))
      if (i % 50 === 0) store.sweep(64)
    }`
  const url = new URL('../../host/core/', import.meta.url).href
  const module = new URL(`data:text/javascript,${encodeURIComponent(filler)}`)
  await Promise.all([1, 2].map((seed) => new Promise((resolve, reject) => {
    new Worker(module, { workerData: { memory, size, seed, url } }).once('error', reject).once('exit', resolve)
  })))
  const store = new ZoneStore('z', new SharedTable(memory), size, true, null)
  const { entries, evicted, expired } = store.stats()
  assert.equal(entries + evicted + expired, 6000)
  assert.ok(evicted > 0 && expired > 0)
  store.clear()
  assert.equal(store.stats().free, store.stats().capacity)
})

test('a thread that is ended at any moment leaves a sound zone, or an empty one', async () => {
  const size = 65536
  const memory = SharedTable.format(size)
  const code = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { SharedTable } = await import(workerData.url + 'sharedtable.ts')
    const { ZoneStore } = await import(workerData.url + 'zonestore.ts')
    const store = new ZoneStore('z', new SharedTable(workerData.memory), workerData.size, true, null)
    for (let i = 0; ; i++) {
      if (i === 100) parentPort.postMessage('begun')
      store.set('key ' + i % 300, Buffer.alloc(i * 31 % 3000, i % 256), 0)
      store.incr('n' + i % 50, 1, 0, 0)
      store.delete('key ' + i * 7 % 300)
    }`
  const url = new URL('../../host/core/', import.meta.url).href
  const module = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const table = new SharedTable(memory)
  const store = new ZoneStore('z', table, size, true, null)
  for (let round = 0; round < 12; round++) {
    const worker = new Worker(module, { workerData: { memory, size, url } })
    const thread = worker.threadId
    await new Promise((resolve, reject) => worker.once('error', reject).once('message', resolve))
    await worker.terminate()
    if (table.threadEnded(thread)) assert.equal(table.count, 0)
    let seen = 0
    for (let cursor = 0, first = true; first || cursor !== 0; first = false) {
      cursor = store.each(cursor, 1000, (key, entry) => {
        seen++
        assert.match(key, /^(key |n)\d+$/)
        if (key.startsWith('n')) return assert.ok(store.entries.integer(entry) > 0)
        const value = store.entries.value(entry)
        assert.equal(value.every((byte) => byte === value[0]), true)
      })
    }
    assert.equal(seen, store.stats().entries)
    if (round % 4 === 3) {
      store.clear()
      assert.equal(store.stats().free, store.stats().capacity)
    }
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetricDefinition } from '../../host/core/metrics.ts'
import { MetricBoard } from '../../host/core/metricboard.ts'
import { RuntimeSettings } from '../../host/core/settings.ts'
import { Stat, Statistics } from '../../host/core/statistics.ts'

test('statistics are summed over workers, survive their replacement, and states do not', () => {
  const master = new Statistics()
  const workers = [0, 1].map((slot) => {
    const worker = new Statistics()
    worker.attach(master.memory, slot)
    return worker
  })
  workers[0]!.add(Stat.rcvRequests)
  workers[1]!.change(Stat.rcvRequests, 2)
  for (const worker of workers) worker.put(Stat.open, 3)
  assert.deepEqual([master.read(Stat.rcvRequests), master.read(Stat.open), workers[0]!.workers], [3, 6, 2])
  const next = new Statistics()
  next.attach(master.memory, 1)
  next.add(Stat.rcvRequests)
  assert.deepEqual([master.read(Stat.rcvRequests), master.read(Stat.open)], [4, 3])
  master.ended(0)
  assert.deepEqual([master.read(Stat.rcvRequests), master.read(Stat.open)], [4, 0])
})

test('a reset begins anew for everybody; states stay', () => {
  const statistics = new Statistics()
  statistics.attach(statistics.memory, 0)
  statistics.reply(200)
  statistics.reply(299)
  statistics.put(Stat.open, 2)
  statistics.reset(Stat.sentReplies)
  statistics.reset(Stat.open)
  statistics.reply(200)
  const of = (name: string): number => statistics.read(statistics.index('sl', name))
  assert.deepEqual([of('sent_replies'), of('200_replies'), of('2xx_replies'), statistics.read(Stat.open)], [1, 2, 1, 2])
  const listed = statistics.list().find(({ name }) => name === '200_replies')!
  listed.reset!()
  assert.deepEqual([listed.group, listed.read(), statistics.list().find(({ name }) => name === 'current_opened_connections')!.reset], ['sl', 0, undefined])
})

test('replies count under their status, else their class; what is no status counts nowhere else', () => {
  const statistics = new Statistics()
  for (const code of [199, 202, 204, 404, 418, 483, 503, 700, 999, 0]) statistics.reply(code)
  for (const odd of [1000, -1, NaN]) statistics.reply(odd)
  const counted = statistics.list().filter(({ group, read }) => group === 'sl' && read() !== 0).map(({ name, read }) => `${name} ${read()}`)
  assert.deepEqual(counted.sort(), ['1xx_replies 1', '202_replies 1', '2xx_replies 1', '404_replies 1', '483_replies 1', '4xx_replies 1', '5xx_replies 1', 'sent_replies 13', 'xxx_replies 3'])
})

test('Kamailio\'s names', () => {
  const list = new Statistics().list()
  const count = (group: string): number => list.filter((one) => one.group === group).length
  assert.deepEqual(['core', 'dns', 'sl', 'tcp'].map(count), [85, 2, 24, 11])
  assert.equal(new Statistics().index('core', 'nope'), -1)
})

const calls: MetricDefinition = { name: 'calls_total', kind: 'counter', help: '', labels: ['path'] }
const level: MetricDefinition = { name: 'level', kind: 'gauge', help: '' }
const sizes: MetricDefinition = { name: 'sizes', kind: 'histogram', help: '', buckets: [1, 2] }

test('metrics are summed over workers by series, in the order of first use', () => {
  const master = new MetricBoard()
  const workers = [0, 1].map((slot) => {
    const board = new MetricBoard()
    board.attach(master.memory, slot)
    return board
  })
  workers[1]!.cells(calls, '/b')[0] = 1
  workers[0]!.cells(calls, '/a')[0] = 2
  workers[0]!.cells(calls, '/b')[0] = 5
  workers[0]!.cells(level, '')[0] = 7
  workers[1]!.cells(sizes, '').set([1, 0, 2, 9.5, 3])
  assert.deepEqual(master.read([level, calls, sizes, { ...calls, labels: ['other'] }]), [
    [{ labels: [], cells: [7] }], [{ labels: ['/b'], cells: [6] }, { labels: ['/a'], cells: [2] }], [{ labels: [], cells: [1, 0, 2, 9.5, 3] }], [],
  ])
  master.ended(1, 0)
  const next = new MetricBoard()
  next.attach(master.memory, 0)
  next.cells(calls, '/a')[0]!++
  assert.deepEqual(master.read([level, calls]), [[{ labels: [], cells: [0] }], [{ labels: ['/b'], cells: [6] }, { labels: ['/a'], cells: [3] }]])
})

test('a full board loses series, not the server', () => {
  const board = new MetricBoard()
  const labels = 'x'.repeat(4000)
  for (let i = 0; i < 2000; i++) board.cells(calls, labels + i)[0] = 1
  const [series] = board.read([calls])
  assert.ok(series!.length > 500 && series!.length < 2000)
})

test('settings that are changed at run time', () => {
  const one = new RuntimeSettings()
  const other = new RuntimeSettings()
  other.attach(one.memory)
  assert.equal(other.get(1, 'g.a'), undefined)
  assert.ok(one.set(1, 'g.a', 5, false))
  assert.ok(one.set(1, 'g.b', 'text ü', true))
  assert.deepEqual([other.get(1, 'g.a'), other.get(1, 'g.b'), other.delayed(1)], [5, undefined, [['g.b', 'text ü']]])
  assert.ok(other.commit(1))
  assert.deepEqual([one.get(1, 'g.b'), one.delayed(1)], ['text ü', []])
  one.set(1, 'g.a', 6, true)
  one.rollback(1)
  one.reset(1, (key) => key === 'g.b')
  assert.deepEqual([other.get(1, 'g.a'), other.get(1, 'g.b'), other.get(1, 'toString')], [5, undefined, undefined])
  assert.equal(one.set(1, 'g.c', 'x'.repeat(100_000), false), false)
  assert.deepEqual([other.get(2, 'g.a'), one.get(2, 'g.a')], [undefined, undefined])
})

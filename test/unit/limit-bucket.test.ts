import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { Buckets, Take } from '../../host/modules/limit_req/bucket.ts'

const start = 1700000000000

test('a bucket leaks at its rate', () => {
  const buckets = new Buckets(new SharedTable(SharedTable.format(32768)), 2000)
  const take = (burst: number, at: number) => [buckets.take('k', burst, start + at, true), buckets.excess]
  assert.deepEqual(take(0, 0), [Take.Passed, 0])
  assert.deepEqual(take(0, 499), [Take.Over, 2])
  assert.deepEqual(take(0, 500), [Take.Passed, 0])
  assert.deepEqual(take(2000, 500), [Take.Passed, 1000])
  assert.deepEqual(take(2000, 500), [Take.Passed, 2000])
  assert.deepEqual(take(2000, 501), [Take.Over, 2998])
  assert.deepEqual(take(2000, 10000), [Take.Passed, 0])
  assert.equal(buckets.delay(1996, 1000), 498)
})

test('clocks that differ a little do not count backwards, one that was set back counts anew', () => {
  const buckets = new Buckets(new SharedTable(SharedTable.format(32768)), 1000)
  assert.equal(buckets.take('k', 5000, start, true), Take.Passed)
  buckets.take('k', 5000, start - 10, true)
  assert.equal(buckets.excess, 1000)
  buckets.take('k', 5000, start - 100000, true)
  assert.equal(buckets.excess, 1999)
})

test('a pinned bucket counts when it is settled, not when it is dropped', () => {
  const table = new SharedTable(SharedTable.format(32768))
  const buckets = new Buckets(table, 1000)
  assert.equal(buckets.take('k', 0, start, false), Take.Pinned)
  buckets.drop(buckets.pinned)
  assert.equal(buckets.take('k', 0, start, false), Take.Pinned)
  buckets.settle(buckets.pinned, start)
  assert.equal(buckets.excess, 0)
  assert.equal(buckets.take('k', 0, start + 1, false), Take.Over)
  assert.equal(buckets.excess, 999)
})

test('a full zone gives up idle buckets first, then the oldest, never a pinned one', () => {
  const table = new SharedTable(SharedTable.format(2048))
  const buckets = new Buckets(table, 1000)
  assert.equal(buckets.take('pinned', 0, start, false), Take.Pinned)
  let n = 0
  while (table.room > 0) assert.equal(buckets.take(`k${n++}`, 0, start, true), Take.Passed)
  assert.equal(buckets.take('one more', 0, start, true), Take.Passed)
  assert.notEqual(table.find('pinned'), 0)
  assert.equal(table.find('k0'), 0)
  assert.notEqual(table.find('k1'), 0)
  buckets.drop(table.find('pinned'))
  const before = table.count
  assert.equal(buckets.take('later', 0, start + 60000, true), Take.Passed)
  assert.equal(table.count, before - 1)
  assert.equal(buckets.take('x'.repeat(10000), 0, start, true), Take.NoRoom)
})

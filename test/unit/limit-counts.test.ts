import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { enter, leave, release } from '../../host/modules/limit_conn/counts.ts'

/** A table in which threads from 1 on each have as many requests of `key` as `counts` says. */
function tableOf(size: number, key: string, counts: readonly number[]): SharedTable {
  const table = new SharedTable(SharedTable.format(size))
  table.lock()
  const pairs = new Int32Array(counts.flatMap((count, i) => [i + 1, count]))
  assert.ok(table.setValue(table.insert(key), Buffer.from(pairs.buffer)))
  table.unlock()
  return table
}

test('a key has as many requests as it is allowed, and its memory is free when the last has left', () => {
  const table = new SharedTable(SharedTable.format(32768))
  const { room } = table
  assert.deepEqual([enter(table, 'a', 2), enter(table, 'a', 2), enter(table, 'a', 2), enter(table, 'b', 1)], [true, true, false, true])
  leave(table, 'a')
  assert.deepEqual([enter(table, 'a', 2), enter(table, 'a', 2)], [true, false])
  for (const key of ['a', 'a', 'b', 'b', 'unknown']) leave(table, key)
  assert.deepEqual([table.count, table.room], [0, room])
})

test('requests of other threads count too, however many threads there are', () => {
  const table = tableOf(32768, 'k', new Array<number>(100).fill(1))
  assert.deepEqual([enter(table, 'k', 100), enter(table, 'k', 101), enter(table, 'k', 101)], [false, true, false])
  leave(table, 'k')
  leave(table, 'k')
  assert.deepEqual([enter(table, 'k', 100), enter(table, 'k', 101)], [false, true])
})

test('what a thread had taken is given back when it has died, and nothing else', () => {
  const table = tableOf(32768, 'shared', [2, 3, 1])
  table.lock()
  assert.ok(table.setValue(table.insert('its own'), Buffer.from(new Int32Array([2, 7]).buffer)))
  table.unlock()
  assert.equal(enter(table, 'shared', 7), true)
  table.lock()
  release(table, 2)
  release(table, 99)
  table.unlock()
  assert.equal(table.count, 1)
  // Of thread 1 two, of thread 3 and of this one another each.
  assert.deepEqual([enter(table, 'shared', 4), enter(table, 'shared', 5)], [false, true])
})

test('where there is no room for a key, it is refused and leaves nothing behind', () => {
  const table = new SharedTable(SharedTable.format(2048))
  const key = (i: number): string => `${i}`.padEnd(84, '.')
  let entered = 0
  while (enter(table, key(entered), 1)) entered++
  // Each takes two pieces of memory: one for the key, one for the numbers.
  assert.deepEqual([table.count, table.room < 2], [entered, true])
  for (let i = 0; i < entered; i++) leave(table, key(i))
  assert.deepEqual([table.count, table.room], [0, table.chunks])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ActivityBoard } from '../../host/core/activity.ts'

const some = (n: number) => ({ accepted: n, handled: n + 1, requests: n + 2, active: n + 3, reading: n + 4, writing: n + 5, waiting: n + 6 })
const none = { accepted: 0, handled: 0, requests: 0, active: 0, reading: 0, writing: 0, waiting: 0 }

test('the numbers of all workers are summed, across threads', () => {
  const board = new ActivityBoard()
  assert.deepEqual(board.total(), none)
  new ActivityBoard(board.memory).write(2, some(100), none)
  board.write(0, some(10), none)
  assert.deepEqual(board.read(2), some(100))
  assert.deepEqual(board.read(1), none)
  assert.deepEqual(board.total(), { accepted: 110, handled: 112, requests: 114, active: 116, reading: 118, writing: 120, waiting: 122 })
})

test('a worker that ended has no connections, and what it counted is added to its successor\'s', () => {
  const board = new ActivityBoard()
  board.write(0, some(10), none)
  board.ended(0)
  const before = board.read(0)
  assert.deepEqual(before, { ...none, accepted: 10, handled: 11, requests: 12 })
  board.write(0, some(1), before)
  assert.deepEqual(board.total(), { ...some(1), accepted: 11, handled: 13, requests: 15 })
})

test('workers beyond the board are left out', () => {
  const board = new ActivityBoard()
  board.write(1024, some(1), none)
  board.ended(1024)
  assert.deepEqual([board.total(), board.read(1024)], [none, none])
})

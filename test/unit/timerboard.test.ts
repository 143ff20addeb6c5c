import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Leader } from '../../host/core/leader.ts'
import { TimerBoard } from '../../host/wasm/timerboard.ts'

test('a timer has the same row in every thread; two that fall on one have two, until there is no more room', () => {
  const memory = TimerBoard.memory()
  const one = new TimerBoard(memory)
  const other = new TimerBoard(memory)
  const rows = new Set<number>()
  for (let i = 0; i < 64; i++) {
    const row = one.row(`timer ${i}`)
    assert.equal(other.row(`timer ${i}`), row)
    rows.add(row)
  }
  assert.equal(rows.size, 64)
  assert.equal(one.row('one more'), -1)
  // What has no row runs all the same, without numbers.
  assert.equal(one.take(-1, 3), true)
  assert.equal(one.claim(-1, 1), true)
  assert.deepEqual(one.counts(-1), { runs: 0, skipped: 0, faults: 0 })
})

test('one call at a time in all threads; a thread that dies lets go', () => {
  const memory = TimerBoard.memory()
  const board = new TimerBoard(memory)
  const row = board.row('x')
  // Thread 0 is the only one without a master.
  for (const thread of [0, 7]) {
    assert.equal(board.take(row, thread), true)
    assert.equal(new TimerBoard(memory).take(row, 8), false)
    board.release(row, 8)
    assert.equal(board.take(row, thread), false)
    board.release(row, thread)
  }
  assert.equal(board.take(row, 7), true)
  new TimerBoard(memory).died(9)
  assert.equal(board.take(row, 8), false)
  new TimerBoard(memory).died(7)
  assert.equal(board.take(row, 8), true)
})

test('once in each configuration', () => {
  const board = new TimerBoard(TimerBoard.memory())
  const row = board.row('x')
  assert.deepEqual([board.done(row, 1), board.claim(row, 1), board.claim(row, 1), board.done(row, 1)], [false, true, false, true])
  assert.deepEqual([board.done(row, 2), board.claim(row, 3), board.claim(row, 2), board.done(row, 2)], [false, true, false, true])
})

test('counts add up', () => {
  const memory = TimerBoard.memory()
  const board = new TimerBoard(memory)
  const row = board.row('x')
  for (let i = 0; i < 3; i++) new TimerBoard(memory).count(row, 'runs')
  board.count(row, 'skipped')
  assert.deepEqual([board.counts(row), board.counts(board.row('y'))], [{ runs: 3, skipped: 1, faults: 0 }, { runs: 0, skipped: 0, faults: 0 }])
})

test('one leader, or none', () => {
  const leader = new Leader()
  assert.equal(leader.is(0), false)
  leader.name(0)
  assert.deepEqual([leader.is(0), leader.is(1), new Leader(leader.memory).is(0)], [true, false, true])
  leader.name(-1)
  assert.equal(leader.is(0), false)
})

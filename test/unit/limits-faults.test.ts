import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Clock } from '../../host/wasm/limits/clock.ts'
import { Faults, newCounters, readCounters } from '../../host/wasm/limits/faults.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'

const held = (count: number, period: number) => ({ ...defaultSettings, faults: { count, period } })

/** Faults at a time that the test says, with what `onChange` was told. */
function at(count: number, period: number) {
  const time = { now: 1_000_000 }
  const counters = newCounters()
  const told: number[] = []
  const faults = new Faults(held(count, period), counters, () => time.now)
  faults.onChange = (milliseconds) => told.push(milliseconds)
  const closed = (): boolean => faults.blocked
  return { time, counters, told, faults, closed }
}

test('more faults than the limit within the period: quarantine for the period', () => {
  const { time, faults, told, closed, counters } = at(2, 1000)
  faults.add('trap')
  time.now += 600
  faults.add('timeout')
  time.now += 600
  faults.add('trap')
  assert.equal(closed(), false)
  time.now += 300
  faults.add('trap')
  assert.equal(closed(), true)
  assert.deepEqual(readCounters(counters, time.now), { traps: 3, timeouts: 1, quarantines: 1, quarantined: 2 })
  time.now += 999
  assert.equal(closed(), true)
  time.now += 1
  assert.equal(closed(), false)
  assert.deepEqual(told, [1000, 0])
  assert.deepEqual(readCounters(counters, time.now + 2000), { traps: 3, timeouts: 1, quarantines: 1 })
})

test('a fault soon after the return doubles the quarantine, up to an hour; a quiet period forgives', () => {
  const { time, faults, told, closed } = at(0, 60_000)
  for (let i = 0; i < 9; i++) {
    faults.add('trap')
    time.now = faults.until
    assert.equal(closed(), false)
  }
  assert.deepEqual(told.filter((ms) => ms > 0), [60_000, 120_000, 240_000, 480_000, 960_000, 1_920_000, 3_600_000, 3_600_000, 3_600_000])
  time.now += 60_001
  faults.add('trap')
  assert.equal(told.at(-1), 60_000)
})

test('faults during a quarantine neither extend nor repeat it', () => {
  const { faults, told } = at(0, 1000)
  for (let i = 0; i < 5; i++) faults.add('trap')
  assert.deepEqual(told, [1000])
})

test('without a limit faults are only counted', () => {
  const { faults, counters, told } = at(-1, 0)
  for (let i = 0; i < 1000; i++) faults.add('trap')
  assert.deepEqual([readCounters(counters), told, faults.until], [{ traps: 1000, timeouts: 0, quarantines: 0 }, [], 0])
})

test('counters of all threads add up, and go on in the next configuration without the quarantine', () => {
  const counters = newCounters()
  for (let i = 0; i < 3; i++) new Faults(held(0, 5000), counters).add('timeout')
  assert.deepEqual({ ...readCounters(counters), quarantined: true }, { traps: 0, timeouts: 3, quarantines: 3, quarantined: true })
  assert.deepEqual(readCounters(newCounters(counters)), { traps: 0, timeouts: 3, quarantines: 3 })
})

/** Burns this thread's time. */
function run(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

test('the clock of a call starts at its first question, and a question beyond the limit ends it', () => {
  const clock = new Clock()
  clock.call++
  run(5)
  assert.ok(clock.tick(2) > 0)
  assert.equal(clock.ended, false)
  run(5)
  assert.equal(clock.tick(2), -1)
  assert.equal(clock.ended, true)
  assert.equal(clock.tick(2), -1, 'it stays ended, whatever it does')
  clock.call++
  assert.equal(clock.ended, false)
  assert.ok(clock.tick(2) > 0)
})

test('waiting does not count', () => {
  const clock = new Clock()
  clock.call++
  clock.tick(1000)
  const ran = clock.pause()
  run(200)
  clock.resume(ran)
  assert.ok(clock.tick(150) > 0)
})

test('fuel is in proportion to the limit', () => {
  const clock = new Clock()
  assert.deepEqual([0.001, 1, 10, 50, 1000].map((limit) => (clock.call++, clock.tick(limit))), [10_000, 20_000, 200_000, 1_000_000, 1_000_000])
})

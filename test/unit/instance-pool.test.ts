import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Instance } from '../../host/wasm/instance.ts'
import { Pool, PoolFull } from '../../host/wasm/pool.ts'

/** A pool of instances that are numbered, and do nothing. */
function pool(most = 100, longest = 2) {
  let made = 0
  const made_ = (): Instance => ({ number: ++made }) as unknown as Instance
  const it = new Pool(made_, most, longest)
  const take = (n: number): Instance[] => Array.from({ length: n }, () => it.take()!)
  const give = (list: Instance[]): void => { for (const one of list) it.release(one) }
  const numbers = (list: Instance[]): number[] => list.map((one) => (one as unknown as { number: number }).number)
  return { it, take, give, numbers }
}

test('what nobody needed for a while goes, by halves, and one stays', () => {
  const { it, take, give } = pool()
  give(take(40))
  assert.deepEqual([it.size, it.taken, it.peak], [40, 0, 40])
  const sizes: number[] = []
  for (let i = 0; i < 9; i++) {
    it.shrink()
    sizes.push(it.size)
  }
  // The first look only begins to watch.
  assert.deepEqual(sizes, [40, 20, 10, 5, 2, 1, 1, 1, 1])
  it.close()
})

test('what was needed since the last look stays, the last used is taken first', () => {
  const { it, take, give, numbers } = pool()
  give(take(10))
  it.shrink()
  const busy = take(6)
  assert.deepEqual(numbers(busy), [10, 9, 8, 7, 6, 5])
  give(busy)
  // Four were never needed: two of them go, those that were used longest ago.
  it.shrink()
  assert.equal(it.size, 8)
  assert.deepEqual(numbers(take(8)).sort((a, b) => a - b), [3, 4, 5, 6, 7, 8, 9, 10])
  assert.equal(it.peak, 10)
  it.shrink()
  assert.deepEqual([it.size, it.taken], [8, 8])
})

test('a pool that had to grow was needed as a whole', () => {
  const { it, take, give } = pool()
  give(take(4))
  it.shrink()
  give(take(6))
  it.shrink()
  assert.equal(it.size, 6)
  it.close()
})

test('the queue goes on as before', () => {
  const { it, take, give } = pool(2, 1)
  const [first, second] = take(2)
  assert.equal(it.take(), null)
  let given: Instance | null = null
  it.wait((instance) => { given = instance })
  assert.throws(() => it.wait(() => {}), PoolFull)
  assert.deepEqual([it.length, it.queued, it.refused], [1, 1, 1])
  give([first!])
  assert.equal(given, first)
  give([second!, first!])
  it.shrink()
  it.shrink()
  assert.deepEqual([it.size, it.taken, it.length, it.peak], [1, 0, 0, 2])
  it.close()
})

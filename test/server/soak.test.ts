/** The soak test (`npm run soak`), with a fixed number of reloads. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { soak } from '../../bench/soak/soak.ts'

test('reloads of every kind under clients of every kind lose nothing', async (t) => {
  const { seconds, reloads, answers, losses, memory } = await soak({ reloads: 16, between: 2 })
  t.diagnostic(`${seconds} s; answers: ${JSON.stringify(answers)}; resident kB: ${memory.join(' ')}`)
  assert.deepEqual(losses, [])
  assert.deepEqual(reloads, { 'plugin.reload': 4, 'core.reload': 4, SIGHUP: 4, refused: 4 })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelNames } from '../../host/core/log.ts'
import { Pool } from '../../host/master/pool.ts'
import type { PoolHost } from '../../host/master/pool.ts'
import type { Next } from '../../host/worker/messages.ts'

const entry = new URL('./pool-worker.ts', import.meta.url)
const context = { transport: 'test', caller: 'test' }
const next = (number: number) => ({ number, options: {} }) as unknown as Next

/** A pool of workers that do what a test asks; `lines` is its log, `seen` waits for a line. */
function makePool(t: { after(fn: () => Promise<void>): void }) {
  const lines: string[] = []
  const waiting: { pattern: RegExp, resolve: () => void }[] = []
  let busy: Promise<unknown> = Promise.resolve()
  let current: Next | null = null
  const host: PoolHost = {
    log: {
      level: 8,
      write(level, message) {
        lines.push(`[${levelNames[level]}] ${message}`)
        for (const { pattern, resolve } of waiting) if (pattern.test(lines.at(-1)!)) resolve()
      },
    },
    call: (method, params) => ({ method, params, from: 'master' }),
    current: () => current,
    exclusive(work) {
      const turn = busy.then(work)
      busy = turn.catch(() => {})
      return turn
    },
  }
  const pool = new Pool(host, entry, null)
  t.after(() => pool.stop(false, 0))
  const deploy = async (number: number, count: number) => {
    const problems = await pool.deploy(next(number), count)
    if (problems.length === 0) current = next(number)
    return problems.map(({ error }) => error.line)
  }
  const seen = (pattern: RegExp) => lines.some((line) => pattern.test(line)) ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ pattern, resolve }))
  return { pool, lines, deploy, seen, run: (method: string, params?: unknown) => pool.run(method, params, context) }
}

test('commands run in a worker, and a worker may call the master', async (t) => {
  const { deploy, run } = makePool(t)
  assert.deepEqual(await deploy(1, 2), [])
  assert.deepEqual(await run('number'), 1)
  assert.deepEqual(await run('master', { a: 1 }), { method: 'core.x', params: { a: 1 }, from: 'master' })
  await assert.rejects(run('refuse'), { name: 'RpcError', code: -32000, message: 'refused', data: { note: 'why' } })
})

test('a configuration that one worker refuses is taken by none', async (t) => {
  const { pool, deploy, run } = makePool(t)
  await deploy(1, 2)
  assert.deepEqual(await deploy(13, 2), ['the worker does not like 13'])
  assert.equal(await run('number'), 1)
  assert.deepEqual(await deploy(13, 4), ['the worker does not like 13'])
  assert.equal(pool.threads.length, 2)
  assert.deepEqual(await deploy(2, 4), [])
  assert.equal(pool.threads.length, 4)
  assert.equal(await run('number'), 2)
})

test('a worker that dies over a configuration refuses it, and is replaced with the old one', async (t) => {
  const { pool, lines, deploy, seen, run } = makePool(t)
  await deploy(1, 1)
  const [thread] = pool.threads
  assert.deepEqual(await deploy(666, 1), [`worker process ${thread} failed to take the configuration: worker process ${thread} exited`])
  await seen(new RegExp(`^\\[alert\\] worker process ${thread} exited with code 1: RangeError: cannot do 666 at .*pool-worker\\.ts:\\d+:\\d+$`))
  await seen(new RegExp(`^\\[notice\\] start worker process ${thread! + 1}$`))
  while (await run('number').catch(() => 0) !== 1) assert.ok(lines.length < 9, lines.join('\n'))
})

test('an uncaught error is told with its place, and the worker is replaced', async (t) => {
  const { pool, deploy, seen, run } = makePool(t)
  await deploy(1, 1)
  const [thread] = pool.threads
  await assert.rejects(run('throw'), { message: `worker process ${thread} exited` })
  await seen(new RegExp(`^\\[alert\\] worker process ${thread} exited with code 1: TypeError: boom at .*pool-worker\\.ts:\\d+:\\d+$`))
  await seen(new RegExp(`^\\[notice\\] start worker process ${thread! + 1}$`))
})

test('a worker that ends by itself is replaced too', async (t) => {
  const { pool, deploy, seen, run } = makePool(t)
  await deploy(1, 1)
  const [thread] = pool.threads
  await assert.rejects(run('exit'))
  await seen(new RegExp(`^\\[alert\\] worker process ${thread} exited with code 3$`))
  await seen(new RegExp(`^\\[notice\\] start worker process ${thread! + 1}$`))
})

test('a worker that hangs is ended by force', async (t) => {
  const { pool, lines, deploy, run } = makePool(t)
  await deploy(1, 1)
  const [thread] = pool.threads
  const hanging = run('hang')
  await pool.stop(false, 0)
  await assert.rejects(hanging)
  assert.equal(lines.at(-1), `[notice] worker process ${thread} exited with code 1`)
})

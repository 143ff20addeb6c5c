/** The worker of pool.test.ts: speaks the protocol of host/worker.ts, and does what it is asked. */
import { parentPort } from 'node:worker_threads'
import { RpcError } from '../../host/rpc/command.ts'
import { Channel } from '../../host/worker/channel.ts'

const master = new Channel(parentPort!)
let prepared = 0
let current = 0

const commands: Record<string, (params: unknown) => unknown> = {
  number: () => current,
  master: (params) => master.ask('call', { method: 'core.x', params, context: {} }),
  refuse: () => { throw new RpcError(-32000, 'refused', { note: 'why' }) },
  throw: () => new Promise(() => { setTimeout(() => { throw new TypeError('boom') }, 1) }),
  exit: () => process.exit(3),
  hang: () => { for (;;); },
}

master.handle('prepare', ({ number }) => {
  if (number === 13) return [{ level: 'emerg', message: 'the worker does not like 13', place: null, note: null }]
  if (number === 666) setTimeout(() => { throw new RangeError('cannot do 666') }, 1)
  prepared = number
  return number === 666 ? new Promise(() => {}) : []
})
master.handle('commit', () => { current = prepared })
master.handle('abort', () => {})
master.handle('run', ({ method, params }) => commands[method]!(params))
master.handle('stop', () => process.exit(0))

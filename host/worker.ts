/** A worker thread: makes configurations ready and serves them, as the master asks. */
import { parentPort, workerData } from 'node:worker_threads'
import { ActivityBoard } from './core/activity.ts'
import { attachBoards } from './core/boards.ts'
import { Leader } from './core/leader.ts'
import { Descriptors } from './net/epoll/descriptors.ts'
import { threadBuild } from './worker/build.ts'
import { Channel } from './worker/channel.ts'
import type { Next, WireProblem, WorkerData } from './worker/messages.ts'
import { toWire } from './worker/messages.ts'
import { plain } from './rpc/command.ts'
import { ThreadRpc } from './worker/rpc.ts'
import { Serving } from './worker/serving.ts'

const { slot, head, activity, leader, boards, descriptors } = workerData as WorkerData
attachBoards(boards, slot)
const master = new Channel(parentPort!)
const leading = new Leader(leader)
const serving = new Serving(slot, head, new ActivityBoard(activity), () => leading.is(slot), new Descriptors(descriptors))
const rpc = new ThreadRpc((method, params, context) => master.ask('call', { method, params, context }))
const services = { ...rpc.services, activity: () => serving.activity() }

master.handle('prepare', async (next: Next): Promise<WireProblem[]> => {
  const { cycle, ok } = threadBuild(next, services)
  if (!ok) return toWire(cycle.problems.filter((problem) => problem.level === 'emerg'))
  const problems = await serving.prepare(cycle)
  if (problems.length > 0) cycle.openFiles.closeAll()
  return toWire(problems)
})
master.handle('commit', () => {
  serving.commit()
  rpc.use(serving.cycle)
})
master.handle('abort', () => serving.abort())
master.handle('reopen', () => serving.reopen())
master.handle('level', (level: number) => serving.setLevel(level))
master.handle('status', () => serving.status('worker'))
master.handle('connections', () => serving.connections())
master.handle('report', (module: string) => serving.report(module))
master.handle('document', ({ module, address, document, peer }: { module: string, address: string, document: Uint8Array, peer: string }) =>
  serving.document(module, address, Buffer.from(document.buffer, document.byteOffset, document.length), peer))
master.handle('run', async ({ method, params, context }) => plain(await rpc.run(method, params, context)))
master.handle('stop', async ({ graceful, timeout }) => {
  await serving.stop(graceful, timeout)
  process.exit(0)
})

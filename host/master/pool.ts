import { Worker, threadId } from 'node:worker_threads'
import type { Problem } from '../conf/report.ts'
import type { Activity } from '../core/activity.ts'
import { ActivityBoard } from '../core/activity.ts'
import { sharedBoards, workerEnded } from '../core/boards.ts'
import { ConfigError } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import { Descriptors } from '../net/epoll/descriptors.ts'
import type { TransportAnswer } from '../net/transports/spec.ts'
import type { CallContext } from '../rpc/command.ts'
import { Leader } from '../core/leader.ts'
import type { ConnectionFacts, ModuleReport, ThreadStatus } from '../rpc/server.ts'
import { TimerBoard } from '../wasm/timerboard.ts'
import { Channel } from '../worker/channel.ts'
import { heapFacts } from '../worker/heap.ts'
import { fromWire } from '../worker/messages.ts'
import type { Next, WireProblem, WorkerData } from '../worker/messages.ts'
import type { Crew } from './crew.ts'

/** How long a worker may take to end at once before its thread is ended by force (nginx: KILL a second after TERM). */
const patience = 1000
/** The longest pause before a worker is started again, and how long one must have lived to count as healthy. */
const longestPause = 10_000
const healthyAge = 10_000

/** One worker thread. */
class WorkerThread {
  readonly slot: number
  readonly thread: number
  readonly channel: Channel
  readonly born = Date.now()
  readonly #worker: Worker
  /** Resolves when the thread has ended: its exit code and what it died of. */
  readonly ended: Promise<{ code: number, error: Error | null }>
  /** What it opens past Node.js. */
  readonly descriptors = new Descriptors()
  /** It serves. */
  ready = false
  /** It was told to end, so its end is no accident. */
  ending = false

  constructor(entry: URL, data: Omit<WorkerData, 'descriptors'>) {
    this.slot = data.slot
    this.#worker = new Worker(entry, { workerData: { ...data, descriptors: this.descriptors.memory } satisfies WorkerData, name: `vespid worker ${data.slot}` })
    this.thread = this.#worker.threadId
    this.channel = new Channel(this.#worker)
    let failure: Error | null = null
    this.#worker.on('error', (error) => { failure = error instanceof Error ? error : new Error(String(error)) })
    this.ended = new Promise((resolve) => this.#worker.once('exit', (code) => {
      this.descriptors.closeAll()
      this.channel.fail(new Error(`worker process ${this.thread} exited`))
      resolve({ code, error: failure })
    }))
  }

  terminate(): void {
    void this.#worker.terminate()
  }
}

/** What the pool needs of the master. */
export interface PoolHost {
  readonly log: Log
  /** Answers an RPC call that a worker received and that concerns the whole server. */
  call(method: string, params: unknown, context: CallContext): unknown
  /** The configuration that a new worker is to serve; null while there is none. */
  current(): Next | null
  /** Runs `work` when no reload and no other change of workers is in progress. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** A worker has ended: what it had taken of the zones is free. */
  threadEnded?(thread: number): void
}

/** The worker threads: as many as the configuration says, each replaced when it dies. */
export class Pool implements Crew {
  readonly servesMasterCycle = false
  readonly #host: PoolHost
  readonly #entry: URL
  readonly #head: WebAssembly.Module | null
  readonly #board = new ActivityBoard()
  readonly #leader = new Leader()
  readonly #workers = new Map<number, WorkerThread>()
  readonly #deaths = new Map<number, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #wanted = 0
  #stopping = false

  /** `entry` is the module that each thread runs; it speaks the protocol of host/worker.ts. */
  constructor(host: PoolHost, entry: URL, head: WebAssembly.Module | null) {
    this.#host = host
    this.#entry = entry
    this.#head = head
  }

  /** Thread numbers of the living workers, by slot. */
  get threads(): number[] {
    return [...this.#workers].sort(([a], [b]) => a - b).map(([, worker]) => worker.thread)
  }

  /**
   * Lets every worker make a configuration ready, then take it; starts workers that are missing for `count` and ends those too many.
   * Returns the problems of the first that fails; then every worker goes on with what it had.
   */
  async deploy(next: Next, count: number): Promise<Problem[]> {
    const standing = [...this.#workers.values()].filter((worker) => worker.slot < count)
    const fresh: WorkerThread[] = []
    for (let slot = 0; slot < count; slot++) if (!this.#workers.has(slot)) fresh.push(this.#spawn(slot))
    const all = [...standing, ...fresh]
    const outcomes = await Promise.all(all.map((worker) => prepare(worker, next)))
    const failed = outcomes.find((problems) => problems.length > 0)
    if (failed !== undefined) {
      for (const worker of fresh) this.#discard(worker)
      await Promise.allSettled(standing.map((worker) => worker.channel.ask('abort')))
      return failed
    }
    // Before anybody begins with it: who comes first must find a leader.
    this.#nameLeader(count, all)
    await Promise.allSettled(all.map((worker) => worker.channel.ask('commit')))
    this.#wanted = count
    for (const worker of all) worker.ready = true
    this.#nameLeader(count)
    for (const worker of this.#workers.values()) if (worker.slot >= count) void this.#end(worker, true, 0)
    return []
  }

  /** The living worker of the lowest slot that serves, or is one of those that are about to, does what only one may do. */
  #nameLeader(count: number, soon: readonly WorkerThread[] = []): void {
    const able = [...this.#workers.values()].filter((worker) => !worker.ending && worker.slot < count && (worker.ready || soon.includes(worker)))
    this.#leader.name(able.length === 0 ? -1 : Math.min(...able.map(({ slot }) => slot)))
  }

  #spawn(slot: number): WorkerThread {
    const worker = new WorkerThread(this.#entry, { slot, head: this.#head, activity: this.#board.memory, leader: this.#leader.memory, boards: sharedBoards() })
    this.#workers.set(slot, worker)
    worker.channel.handle('call', ({ method, params, context }) => this.#host.call(method, params, context))
    this.#host.log.write(Level.notice, `start worker process ${worker.thread}`)
    void worker.ended.then(({ code, error }) => this.#ended(worker, code, error))
    return worker
  }

  #ended(worker: WorkerThread, code: number, error: Error | null): void {
    if (this.#workers.get(worker.slot) === worker) this.#workers.delete(worker.slot)
    this.#board.ended(worker.slot)
    workerEnded(worker.slot, worker.thread)
    // What it had taken is free before another worker may want it.
    for (const { timers } of this.#host.current()?.plugins?.files ?? []) new TimerBoard(timers).died(worker.thread)
    if (!this.#stopping) this.#nameLeader(this.#wanted)
    this.#host.threadEnded?.(worker.thread)
    const { log } = this.#host
    if (worker.ending && error === null) return log.write(Level.notice, `worker process ${worker.thread} exited with code ${code}`)
    log.write(Level.alert, `worker process ${worker.thread} exited with code ${code}${error === null ? '' : `: ${cause(error)}`}`)
    if (worker.ending || this.#stopping || worker.slot >= this.#wanted) return
    const deaths = Date.now() - worker.born > healthyAge ? 1 : (this.#deaths.get(worker.slot) ?? 0) + 1
    this.#deaths.set(worker.slot, deaths)
    this.#replaceAfter(worker.slot, deaths === 1 ? 0 : Math.min(longestPause, 100 * 2 ** (deaths - 2)))
  }

  #replaceAfter(slot: number, pause: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#host.exclusive(() => this.#replace(slot))
    }, pause)
    this.#timers.add(timer)
  }

  async #replace(slot: number): Promise<void> {
    const next = this.#host.current()
    if (this.#stopping || next === null || slot >= this.#wanted || this.#workers.has(slot)) return
    const worker = this.#spawn(slot)
    const problems = await prepare(worker, next)
    if (problems.length === 0) {
      await worker.channel.ask('commit').catch(() => {})
      worker.ready = true
      return this.#nameLeader(this.#wanted)
    }
    for (const { error } of problems) this.#host.log.write(Level.emerg, error.line)
    // Its end, an accident like any other, brings the next try.
    if (this.#workers.get(slot) === worker) worker.terminate()
  }

  #discard(worker: WorkerThread): void {
    worker.ending = true
    this.#workers.delete(worker.slot)
    worker.terminate()
  }

  /** Ends one worker as the operator's last means; false when no living worker has this thread number. */
  terminate(thread: number): boolean {
    const worker = [...this.#workers.values()].find((candidate) => candidate.thread === thread)
    worker?.terminate()
    return worker !== undefined
  }

  /** Asks every living worker the same; those that die meanwhile are left out. */
  async #askAll<T>(kind: string, data?: unknown): Promise<T[]> {
    const answers = await Promise.allSettled([...this.#workers.values()].map((worker) => worker.channel.ask<T>(kind, data)))
    return answers.flatMap((answer) => answer.status === 'fulfilled' ? [answer.value] : [])
  }

  status(): Promise<ThreadStatus[]> {
    return this.#askAll('status')
  }

  async connections(): Promise<readonly ConnectionFacts[]> {
    return (await this.#askAll<readonly ConnectionFacts[]>('connections')).flat()
  }

  activity(): Activity {
    return this.#board.total()
  }

  async reports(module: string): Promise<readonly ModuleReport[]> {
    return (await this.#askAll<ModuleReport | null>('report', module)).filter((report) => report !== null)
  }

  async reopen(): Promise<void> {
    await this.#askAll('reopen')
  }

  async setLevel(level: number): Promise<void> {
    await this.#askAll('level', level)
  }

  /** Runs a module's command in the first living worker. */
  run(method: string, params: unknown, context: CallContext): Promise<unknown> {
    const [first] = [...this.#workers].sort(([a], [b]) => a - b)
    return first === undefined ? Promise.reject(new Error('no worker is running')) : first[1].channel.ask('run', { method, params, context })
  }

  /** Gives a document of a transport to the first living worker. */
  document(module: string, address: string, document: Buffer, peer: string): Promise<TransportAnswer | null> {
    const [first] = [...this.#workers].sort(([a], [b]) => a - b)
    if (first === undefined) return Promise.reject(new Error('no worker is running'))
    return first[1].channel.ask('document', { module, address, document: new Uint8Array(document), peer })
  }

  /** Ends all workers; a second call with `graceful` false overtakes a graceful one. Resolves when all have ended. */
  async stop(graceful: boolean, timeout: number): Promise<void> {
    this.#stopping = true
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all([...this.#workers.values()].map((worker) => this.#end(worker, graceful, timeout)))
  }

  async #end(worker: WorkerThread, graceful: boolean, timeout: number): Promise<void> {
    worker.ending = true
    const limit = graceful ? (timeout > 0 ? timeout + patience : 0) : patience
    const timer = limit > 0 ? setTimeout(() => worker.terminate(), limit) : null
    worker.channel.ask('stop', { graceful, timeout }).catch(() => {})
    await worker.ended
    if (timer !== null) clearTimeout(timer)
  }
}

/** Asks a worker to make a configuration ready; a worker that dies over it counts as a problem. */
async function prepare(worker: WorkerThread, next: Next): Promise<Problem[]> {
  try {
    return fromWire(await worker.channel.ask<WireProblem[]>('prepare', next))
  } catch (error) {
    return [{ level: 'emerg', error: new ConfigError(`worker process ${worker.thread} failed to take the configuration: ${(error as Error).message}`) }]
  }
}

/** What a thread died of in one line: the error and where it was thrown. */
function cause(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out of memory (JavaScript heap)'
  const at = /\n\s+at (?:.*\()?(?:file:\/\/)?([^\s()]+:\d+:\d+)\)?/.exec(error.stack ?? '')
  return `${error.name}: ${error.message}${at === null ? '' : ` at ${at[1]}`}`
}

/** The master's own line in `worker.list`. */
export function masterStatus(cycle: number): ThreadStatus {
  return {
    pid: process.pid, thread: threadId, role: 'master', cycle, cycles: 1, accepted: 0, requests: 0, connections: 0,
    reading: 0, writing: 0, waiting: 0, ...heapFacts(),
  }
}

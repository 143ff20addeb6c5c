import type { Problem } from '../conf/report.ts'
import type { Activity } from '../core/activity.ts'
import type { Cycle } from '../cycle.ts'
import type { TransportAnswer } from '../net/transports/spec.ts'
import type { CallContext } from '../rpc/command.ts'
import type { ConnectionFacts, ModuleReport, ThreadStatus } from '../rpc/server.ts'
import type { Next } from '../worker/messages.ts'
import { ThreadRpc } from '../worker/rpc.ts'
import type { ServerCall } from '../worker/rpc.ts'
import { Serving } from '../worker/serving.ts'

/** Who serves: the pool of worker threads, or this thread alone (`master_process off`). */
export interface Crew {
  /** Makes a configuration ready everywhere, then takes it everywhere; the problems when that failed, and then nothing has changed. */
  deploy(next: Next, count: number, cycle: Cycle): Promise<Problem[]>
  status(): Promise<ThreadStatus[]>
  /** The open connections of all who serve. */
  connections(): Promise<readonly ConnectionFacts[]>
  /** Connections and requests of all who serve. */
  activity(): Activity
  reopen(): Promise<void>
  setLevel(level: number): Promise<void>
  /** How a module is doing, in each thread that serves. */
  reports(module: string): Promise<readonly ModuleReport[]>
  /** Runs a command that a module brings. */
  run(method: string, params: unknown, context: CallContext): unknown
  /** Gives a document that a transport has received to its module. */
  document(module: string, address: string, document: Buffer, peer: string): Promise<TransportAnswer | null>
  terminate(thread: number): boolean
  stop(graceful: boolean, timeout: number): Promise<void>
  /** The master's own cycle object is what serves, so the crew closes it. */
  readonly servesMasterCycle: boolean
}

/** `master_process off`: the thread that controls the server also serves. */
export class Single implements Crew {
  readonly servesMasterCycle = true
  readonly rpc: ThreadRpc
  readonly #serving: Serving

  constructor(server: ServerCall, head: WebAssembly.Module | null) {
    this.rpc = new ThreadRpc(server)
    this.#serving = new Serving(0, head)
  }

  async deploy(_next: Next, _count: number, cycle: Cycle): Promise<Problem[]> {
    const problems = await this.#serving.prepare(cycle)
    if (problems.length > 0) return problems
    this.#serving.commit()
    this.rpc.use(cycle)
    return []
  }

  async status(): Promise<ThreadStatus[]> {
    return [this.#serving.status('single')]
  }

  async connections(): Promise<readonly ConnectionFacts[]> {
    return this.#serving.connections()
  }

  activity(): Activity {
    return this.#serving.activity()
  }

  async reopen(): Promise<void> {
    this.#serving.reopen()
  }

  async setLevel(level: number): Promise<void> {
    this.#serving.setLevel(level)
  }

  async reports(module: string): Promise<readonly ModuleReport[]> {
    const report = this.#serving.report(module)
    return report === null ? [] : [report]
  }

  run(method: string, params: unknown, context: CallContext): unknown {
    return this.rpc.run(method, params, context)
  }

  async document(module: string, address: string, document: Buffer, peer: string): Promise<TransportAnswer | null> {
    return this.#serving.document(module, address, document, peer)
  }

  terminate(): boolean {
    return false
  }

  stop(graceful: boolean, timeout: number): Promise<void> {
    return this.#serving.stop(graceful, timeout)
  }
}

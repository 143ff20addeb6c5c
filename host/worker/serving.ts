import { threadId } from 'node:worker_threads'
import type { Problem } from '../conf/report.ts'
import { collectSoon } from '../core/collect.ts'
import type { Activity } from '../core/activity.ts'
import { ActivityBoard } from '../core/activity.ts'
import { ConfigError, systemFailure } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import { ErrorLog } from '../core/logfile.ts'
import { heapFacts } from './heap.ts'
import type { Cycle } from '../cycle.ts'
import { Descriptors } from '../net/epoll/descriptors.ts'
import { Poller } from '../net/epoll/poller.ts'
import { HttpEngine } from '../http/engine.ts'
import { runProcessHook } from '../http/hooks/configure.ts'
import type { ListenAddress } from '../http/servers.ts'
import { SipEngine } from '../sip/engine.ts'
import type { Module } from '../module.ts'
import { addressOf } from '../net/transports/spec.ts'
import type { TransportAnswer } from '../net/transports/spec.ts'
import { coreConf } from '../modules/main/core.ts'
import { eventConf } from '../modules/main/events.ts'
import { publishPools } from '../rpc/metrics.ts'
import type { ConnectionFacts, ThreadStatus } from '../rpc/server.ts'

/** After how many replaced cycles a worker collects garbage. */
const collectEvery = 8

/**
 * What serves: one thread's listeners, and the cycles that it works with. A cycle is made ready (`prepare`), then taken (`commit`) or
 * dropped (`abort`); the one before goes on until its last request has ended. Runs in a worker thread, or in the only thread.
 */
export class Serving {
  readonly slot: number
  readonly #head: WebAssembly.Module | null
  readonly #board: ActivityBoard
  /** What the worker that this one replaces had counted. */
  readonly #before: Activity
  #engine: HttpEngine | null = null
  #sip: SipEngine | null = null
  #current: Cycle | null = null
  #prepared: Cycle | null = null
  /** Cycles that were replaced and still have requests. */
  readonly #retired = new Set<Cycle>()
  /** How many replaced cycles were let go. */
  #released = 0

  /** When the plugins' numbers were put down last. */
  #published = 0

  /** Whether this worker is the one that does what only one may do. */
  readonly #leads: () => boolean
  readonly #descriptors: Descriptors

  /** `descriptors`: where what this thread opens past Node.js is noted. */
  constructor(slot: number, head: WebAssembly.Module | null, board = new ActivityBoard(), leads: () => boolean = () => true, descriptors = new Descriptors()) {
    this.slot = slot
    this.#leads = leads
    this.#descriptors = descriptors
    this.#head = head
    this.#board = board
    this.#before = board.read(slot)
  }

  /** The cycle that new requests get; throws before the first commit (a bug). */
  get cycle(): Cycle {
    return this.#current!
  }

  get engine(): HttpEngine | null {
    return this.#engine
  }

  /**
   * Opens the addresses that a cycle adds and starts its modules (init_thread, init_process). Returns the problems, none when it is ready;
   * with problems nothing has changed.
   */
  async prepare(cycle: Cycle): Promise<Problem[]> {
    const fail = (message: string): Problem[] => [{ level: 'emerg', error: new ConfigError(message) }]
    const started: number[] = []
    try {
      for (const [index, module] of cycle.modules.entries()) {
        started.push(index)
        module.initThread?.(cycle)
        module.initProcess?.(cycle)
      }
    } catch (error) {
      const name = cycle.modules[started.pop()!]!.name
      this.#exitModules(cycle, started)
      return fail(error instanceof ConfigError ? error.line : `init_process() of module "${name}" failed: ${(error as Error).message}`)
    }
    const refusal = this.#beginHooks(cycle) ?? this.#takeOver(cycle, true)
    if (refusal !== null) {
      this.#exitModules(cycle, started)
      return fail(refusal)
    }
    if (cycle.servers !== null) {
      this.#engine ??= await this.#newEngine(cycle)
      let address: ListenAddress | null = null
      try {
        // A unix socket has one listener: the first worker's.
        await this.#engine.open(cycle, (candidate) => {
          if (candidate.path !== null && this.slot !== 0) return false
          address = candidate
          return true
        })
      } catch (error) {
        this.#exitModules(cycle, started)
        const { name } = address ?? { name: '' }
        return fail(systemFailure(`bind() to ${name}`, error))
      }
      const refusal = await this.#openSip(cycle, this.#engine)
      if (refusal !== null) {
        if (this.#current !== null) this.#engine.commit(this.#current)
        this.#exitModules(cycle, started)
        return fail(refusal)
      }
    }
    this.#prepared = cycle
    return []
  }

  /** Opens what a cycle adds for SIP; why that failed, or null. */
  async #openSip(cycle: Cycle, engine: HttpEngine): Promise<string | null> {
    if (cycle.sip === null && this.#sip === null) return null
    let at = ''
    try {
      await (this.#sip ??= new SipEngine(engine)).open(cycle, (name) => { at = name })
      return null
    } catch (error) {
      return systemFailure(`bind() to ${at}`, error)
    }
  }

  /** Runs child_init; why a cycle cannot be used, or null. */
  #beginHooks(cycle: Cycle): string | null {
    try {
      runProcessHook(cycle, 'child_init')
      return null
    } catch (error) {
      return (error as Error).message
    }
  }

  /** Lets the modules of a new cycle take over what those of the present one know; why it cannot be used, or null. */
  #takeOver(cycle: Cycle, trial: boolean): string | null {
    if (this.#current === null) return null
    const before = new Map<string, Module>()
    for (const module of this.#current.modules) if (module.takeOver !== undefined) before.set(module.name, module)
    for (const module of cycle.modules) {
      const from = before.get(module.name)
      const text = from === undefined ? undefined : module.takeOver?.(from, trial)
      if (typeof text === 'string') return text
    }
    return null
  }

  async #newEngine(cycle: Cycle): Promise<HttpEngine> {
    const engine = new HttpEngine(cycle, this.#head, await this.#poller(cycle))
    engine.onRetired = (old) => this.#release(old)
    engine.onActivity = () => this.#publish(engine)
    return engine
  }

  /** The event method that `use` names, as it was when this thread began to listen; null: Node's own. */
  async #poller(cycle: Cycle): Promise<Poller | null> {
    if (eventConf(cycle).use !== 'epoll') return null
    const poller = await Poller.open(this.#descriptors)
    if (typeof poller !== 'string') return poller
    cycle.log.write(Level.notice, `the event method "epoll" ${poller}; using that of Node.js`)
    return null
  }

  #publish(engine: HttpEngine): void {
    this.#board.write(this.slot, engine.activity(), this.#before)
    if (this.#current === null || engine.now - this.#published < 1000) return
    this.#published = engine.now
    publishPools(this.#current)
  }

  /** Connections and requests of all workers: this one's as they are now, those of the others as they were a tenth of a second ago. */
  activity(): Activity {
    if (this.#engine !== null) this.#publish(this.#engine)
    return this.#board.total()
  }

  /** Takes the prepared cycle: new requests begin with it. */
  commit(): void {
    const cycle = this.#prepared
    if (cycle === null) throw new Error('no cycle is prepared')
    this.#prepared = null
    const old = this.#current
    if (old !== null) for (const module of old.modules) module.retire?.(old)
    this.#takeOver(cycle, false)
    this.#current = cycle
    if (old !== null) {
      this.#retired.add(old)
      const limit = coreConf(old).shutdownTimeout
      if (limit > 0) setTimeout(() => this.#engine?.abortCycle(old), limit).unref()
    }
    if (this.#engine === null) {
      if (old !== null) this.#release(old)
      return
    }
    const engine = this.#engine
    engine.room = { connections: eventConf(cycle).connections, reserved: coreConf(cycle).masterProcess ? 1 : 0, told: 0 }
    engine.commit(cycle)
    if (this.#sip !== null) {
      this.#sip.mostStreams = eventConf(cycle).connections
      this.#sip.commit(cycle)
    }
    if (cycle.http === null) return
    const thread = { engine, leads: this.#leads }
    for (const module of cycle.modules) module.begin?.(cycle, thread)
  }

  /** Gives a document to the transport of a module in the cycle in use; null when it is not there any more. */
  document(module: string, address: string, document: Buffer, peer: string): TransportAnswer | null | Promise<TransportAnswer | null> {
    const found = this.#current?.modules.find(({ name }) => name === module)?.transports?.find(({ spec }) => addressOf(spec) === address)
    return found === undefined ? null : found.receive(document, peer)
  }

  /** How a module is doing in this thread and the cycle in use; null when it does not tell. */
  report(module: string): Record<string, unknown> | null {
    const found = this.#current?.modules.find(({ name, report }) => name === module && report !== undefined)
    return found === undefined ? null : { thread: threadId, ...found.report!() as object }
  }

  /** Drops the prepared cycle: what it opened is closed again. */
  abort(): void {
    const cycle = this.#prepared
    if (cycle === null) return
    this.#prepared = null
    // Committing the present cycle again closes the listeners that it does not name.
    if (this.#current !== null) {
      this.#engine?.commit(this.#current)
      this.#sip?.commit(this.#current)
    }
    runProcessHook(cycle, 'child_stopping')
    this.#exitModules(cycle, cycle.modules.keys())
    cycle.openFiles.closeAll()
  }

  /** The last request of a replaced cycle has ended. */
  #release(cycle: Cycle): void {
    if (!this.#retired.delete(cycle)) return
    runProcessHook(cycle, 'child_stopping')
    this.#exitModules(cycle, cycle.modules.keys())
    cycle.openFiles.closeAll()
    // Each costs requests some milliseconds, so not after every one.
    if (++this.#released % collectEvery === 0) collectSoon()
  }

  #exitModules(cycle: Cycle, indexes: Iterable<number>): void {
    for (const index of [...indexes].reverse()) {
      const module = cycle.modules[index]!
      try {
        module.exitProcess?.(cycle)
        module.exitThread?.(cycle)
      } catch (error) {
        cycle.log.write(Level.alert, `exit_process() of module "${module.name}" failed: ${(error as Error).message}`)
      }
    }
  }

  /** Opens the log files again (USR1). */
  reopen(): void {
    const cycle = this.#current!
    cycle.log.write(Level.notice, 'reopening logs')
    for (const one of [cycle, ...this.#retired]) {
      for (const complaint of one.openFiles.openAll()) one.log.write(Level.emerg, complaint)
    }
  }

  /** Makes the main error log take lines up to `level`. */
  setLevel(level: number): void {
    const { log } = this.#current!
    if (log instanceof ErrorLog) log.setLevel(level)
  }

  /** Ends: with `graceful` requests in progress may finish, for at most `timeout` milliseconds when that is not 0. */
  async stop(graceful: boolean, timeout: number): Promise<void> {
    const cycle = this.#current
    if (cycle === null) return
    for (const module of cycle.modules) module.retire?.(cycle)
    if (graceful) cycle.log.write(Level.notice, 'gracefully shutting down')
    if (graceful) {
      await this.#sip?.close(true, timeout)
      await this.#engine?.close(true, timeout)
    }
    cycle.log.write(Level.notice, 'exiting')
    if (!graceful) {
      await this.#sip?.close(false, 0)
      await this.#engine?.close(false, 0)
    }
    for (const old of [...this.#retired]) this.#release(old)
    runProcessHook(cycle, 'child_stopping')
    this.#exitModules(cycle, cycle.modules.keys())
    cycle.log.write(Level.notice, 'exit')
  }

  status(role: ThreadStatus['role']): ThreadStatus {
    const { accepted, requests, active, reading, writing, waiting } = this.#engine?.activity() ??
      { accepted: 0, requests: 0, active: 0, reading: 0, writing: 0, waiting: 0 }
    return {
      pid: process.pid, thread: threadId, role, cycle: this.#current?.number ?? 0, cycles: this.#retired.size + 1,
      accepted, requests, connections: active, reading, writing, waiting, ...heapFacts(),
    }
  }

  /** The open connections of this thread. */
  connections(): ConnectionFacts[] {
    const now = Date.now()
    return [...this.#engine?.connections ?? []].map((c) => {
      const lifetime = Math.round(c.listen.defaultServer.location.keepaliveTimeout / 1000)
      return {
        id: c.serial, type: c.secure === null ? 'TCP' : 'TLS', state: 'CONN_OK', timeout: Number.isFinite(c.deadline) ? Math.max(0, Math.round((c.deadline - now) / 1000)) : lifetime,
        lifetime, ref_count: 1, src_ip: c.remoteAddress, src_port: c.remotePort, dst_ip: c.localAddress, dst_port: c.localPort,
      }
    })
  }
}

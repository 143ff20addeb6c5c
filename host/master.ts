/**
 * The master: owns configuration, pid file, control socket and signals, and leads whoever serves (DESIGN §2). One change at a time:
 * start, reload, plugin change and the replacement of a worker never overlap.
 */
import type { Problem } from './conf/report.ts'
import { Level } from './core/log.ts'
import type { Log } from './core/log.ts'
import type { Cycle, CycleOptions } from './cycle.ts'
import { banner } from './master/banner.ts'
import { checkAddresses } from './master/bind.ts'
import { checkSipAddresses } from './master/sipbind.ts'
import { masterRegistry } from './master/commands.ts'
import { Configurations } from './master/configurations.ts'
import type { Candidate } from './master/configurations.ts'
import { Control } from './master/control.ts'
import type { Controlled } from './master/control.ts'
import { Single } from './master/crew.ts'
import type { Crew } from './master/crew.ts'
import { Guard } from './master/guard.ts'
import { Pool } from './master/pool.ts'
import { PluginWatch } from './master/watch.ts'
import { problem, problemsOf, refusal } from './master/report.ts'
import { logStart } from './master/startlog.ts'
import { Transports } from './master/transports.ts'
import { ZoneKeeper } from './master/zonekeeper.ts'
import { coreConf } from './modules/main/core.ts'
import type { CallContext } from './rpc/command.ts'
import { RpcCode, RpcError } from './rpc/command.ts'
import { readDialect } from './rpc/dialect.ts'
import { serveDocument } from './rpc/documents.ts'
import { dispatch } from './rpc/jsonrpc.ts'
import { Registry, unknownCommand } from './rpc/registry.ts'
import type { ReloadReport } from './rpc/server.ts'
import type { PluginChange } from './wasm/store.ts'

export class Master implements Controlled {
  /** What may be asked of it. */
  readonly control = new Control(this)
  readonly #configurations: Configurations
  readonly #head: WebAssembly.Module | null
  /** Who serves; there from the start on. */
  crew!: Crew
  #guard!: Guard
  /** The configuration in use with its plugin files; null before the start. */
  candidate: Candidate | null = null
  #registry = new Registry()
  readonly #zones = new ZoneKeeper(() => this.log)
  readonly #transports = new Transports((...document) => this.crew.document(...document), () => this.log)
  readonly #watch = new PluginWatch((paths) => this.#pluginFilesChanged(paths))
  #busy: Promise<unknown> = Promise.resolve()
  #ending: 'no' | 'gracefully' | 'at once' = 'no'
  #end!: () => void
  /** Resolves when the server has ended. */
  readonly ended = new Promise<void>((resolve) => { this.#end = resolve })

  constructor(options: CycleOptions, head: WebAssembly.Module | null) {
    this.#configurations = new Configurations(options, {
      call: (method, params, context) => this.call(method, params, context),
      dispatch: (document, context, start, end) => this.#dispatch(document, context, start, end),
      serve: (document, context, dialect, start, end) => serveDocument(this.#registry, document, context, readDialect(dialect), this.#onFault, start, end),
      activity: () => this.crew.activity(),
      log: (level, message) => this.log.write(level as Level, message),
    })
    this.#head = head
  }

  /** The configuration in use; throws before the start. */
  get cycle(): Cycle {
    return this.candidate!.built.cycle
  }

  get log(): Log {
    return this.cycle.log
  }

  /** Builds the first configuration; the caller looks at its problems before `start`. */
  build(log: Log): Candidate {
    return this.#configurations.build({}, log)
  }

  /**
   * Takes the first configuration into use: addresses, modules, control socket, workers, pid file. Returns the problems; when there are
   * any, everything is as before. `log` gets what is to be told before the server is ready.
   */
  async start(candidate: Candidate, log: Log): Promise<Problem[]> {
    const { cycle } = candidate.built
    const conf = coreConf(cycle)
    this.candidate = candidate
    this.crew = conf.masterProcess ? this.#newPool() : new Single((method, params, context) => this.call(method, params, context), this.#head)
    this.#guard = new Guard((document) => this.#dispatch(document, { transport: 'control', caller: 'control socket' }))
    return this.exclusive(async () => {
      try {
        const taken = await this.#guard.take(conf.pid, log)
        if (taken !== null) return [problem(taken)]
        await checkAddresses(cycle.servers?.addresses ?? [], [], log)
        await checkSipAddresses(cycle, null)
        const complaints = [...this.#zones.prepare(cycle), ...await this.#transports.prepare(cycle)]
        if (complaints.length > 0) {
          await this.#abandon()
          return complaints.map((message) => problem(message))
        }
        this.#registry = masterRegistry(cycle, this.control, () => this.log, (...call) => this.crew.run(...call))
        for (const module of cycle.modules) module.initMaster?.(cycle)
        for (const module of cycle.modules) module.initModule?.(cycle)
        logStart(this.log)
        const problems = await this.crew.deploy(candidate.next, conf.workerProcesses, cycle)
        const complaint = problems.length > 0 ? null : this.#guard.write()
        if (complaint !== null) problems.push(problem(complaint))
        if (problems.length > 0) await this.#abandon()
        else this.#accept(candidate)
        return problems
      } catch (error) {
        await this.#abandon()
        return problemsOf(error)
      }
    })
  }

  async #abandon(): Promise<void> {
    await this.crew.stop(false, 0)
    this.#transports.close()
    this.#zones.drop()
    this.#guard.release()
  }

  #newPool(): Pool {
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
    const master = this
    return new Pool({
      get log() { return master.log },
      call: (method, params, context) => this.call(method, params, context),
      current: () => this.candidate?.next ?? null,
      exclusive: (work) => this.exclusive(work),
      threadEnded: (thread) => this.cycle.zones.threadEnded(thread, (zone) => this.#zones.emptied(zone, thread)),
    }, entry, this.#head)
  }

  /** Runs one change after another. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(work)
    this.#busy = turn.catch(() => {})
    return turn
  }

  /** What the server says of itself once it is ready. */
  banner(): string {
    const conf = coreConf(this.cycle)
    return banner(this.cycle, {
      workers: conf.masterProcess ? conf.workerProcesses : 0, plugins: this.control.plugins(), control: this.#guard.control,
      milliseconds: performance.now(),
    })
  }

  // --- commands ---------------------------------------------------------------------------------------------------------------------

  /** Runs a command that a worker, or a plugin in this thread, calls. */
  call(method: string, params: unknown, context: CallContext): unknown {
    const command = this.#registry.find(method)
    if (command === undefined) throw unknownCommand(this.#registry, method)
    return command.run(params, context)
  }

  #dispatch(document: Buffer, context: CallContext, start?: number, end?: number): string | Promise<string> {
    return dispatch(this.#registry, document, context, this.#onFault, start, end)
  }

  readonly #onFault = (name: string, error: unknown): void => {
    this.log.write(Level.error, `command "${name}" failed: ${error instanceof Error ? error.message : String(error)}`)
  }

  // --- changes ----------------------------------------------------------------------------------------------------------------------

  /** Builds the next configuration and takes it into use; rejects with RpcError and the problems when it is refused. `keep`: see Configurations. */
  async change(change: PluginChange, keep: boolean): Promise<ReloadReport> {
    if (this.#ending !== 'no') throw new RpcError(RpcCode.Failed, 'the server is shutting down')
    return this.exclusive(async () => {
      const start = performance.now()
      const candidate = this.#configurations.build(change, this.log, keep)
      const { cycle, ok } = candidate.built
      const problems = ok ? await this.#replace(candidate) : [...cycle.problems]
      if (!ok || problems.length > 0) {
        for (const { level, error } of problems) this.log.write(Level[level], error.line)
        throw refusal(problems)
      }
      for (const { level, error } of cycle.problems) this.log.write(Level[level], error.line)
      this.log.write(Level.notice, `configuration ${cycle.number} is in use`)
      return {
        configuration: cycle.number, milliseconds: Math.round(performance.now() - start),
        warnings: cycle.problems.map(({ error }) => error.line),
      }
    })
  }

  /** Takes a sound configuration into use in the place of the present one; its problems when that failed. */
  async #replace(candidate: Candidate): Promise<Problem[]> {
    const { cycle } = candidate.built
    const conf = coreConf(cycle)
    const old = this.cycle
    try {
      const registry = masterRegistry(cycle, this.control, () => this.log, (...call) => this.crew.run(...call))
      await checkAddresses(cycle.servers?.addresses ?? [], old.servers?.addresses ?? [], this.log)
      await checkSipAddresses(cycle, old)
      const complaints = [...this.#zones.prepare(cycle), ...await this.#transports.prepare(cycle)].map((message) => problem(message))
      if (complaints.length === 0) for (const module of cycle.modules) module.initModule?.(cycle)
      const problems = complaints.length > 0 ? complaints : await this.crew.deploy(candidate.next, conf.workerProcesses, cycle)
      if (problems.length > 0) {
        this.#zones.drop()
        this.#transports.drop()
        cycle.openFiles.closeAll()
        return problems
      }
      this.#registry = registry
    } catch (error) {
      this.#zones.drop()
      this.#transports.drop()
      cycle.openFiles.closeAll()
      return problemsOf(error)
    }
    this.#accept(candidate)
    await this.#guard.move(conf.pid, this.log)
    if (!this.crew.servesMasterCycle) old.openFiles.closeAll()
    return []
  }

  #accept(candidate: Candidate): void {
    this.candidate = candidate
    this.#configurations.accept(candidate)
    this.#watch.use(candidate.watched)
    this.#zones.use(candidate.built.cycle)
    this.#transports.use()
  }

  /** Files of a watched plugin directory have changed: whatever comes of it stands in the log. */
  #pluginFilesChanged(paths: readonly string[]): void {
    this.log.write(Level.notice, `plugin files changed: ${paths.join(', ')}`)
    void this.change({}, true).catch(() => {})
  }

  /** The last thing before the process ends by accident: nothing that says a server is here stays behind. */
  abandon(): void {
    this.#transports.close()
    this.#zones.close()
    this.#guard?.release()
  }

  /** Begins to end the server; a second call at once overtakes a graceful one. */
  shutdown(graceful: boolean): void {
    if (this.#ending === 'at once' || (graceful && this.#ending === 'gracefully')) return
    const first = this.#ending === 'no'
    this.#ending = graceful ? 'gracefully' : 'at once'
    // The caller's answer goes out first.
    setImmediate(() => void this.#stop(graceful, first))
  }

  async #stop(graceful: boolean, first: boolean): Promise<void> {
    this.#transports.close()
    const stopped = this.crew.stop(graceful, coreConf(this.cycle).shutdownTimeout)
    if (!first) return
    await stopped
    const { cycle } = this
    for (const module of [...cycle.modules].reverse()) module.exitMaster?.(cycle)
    this.#zones.close()
    this.#watch.close()
    this.#guard.release()
    if (!this.crew.servesMasterCycle) this.log.write(Level.notice, 'exit')
    this.#end()
  }
}

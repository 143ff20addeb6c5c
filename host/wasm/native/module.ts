import type { BodyFilter, HeaderFilter, Module, PhaseHandler, SelectDefinition, ServingThread, TransportDefinition, VariableDefinition, Verdict } from '../../module.ts'
import type { Cycle } from '../../cycle.ts'
import type { MetricDefinition } from '../../core/metrics.ts'
import type { Listed } from '../../core/statistics.ts'
import { Level as LogLevel } from '../../core/log.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { NativePlugin } from './plugin.ts'
import type { GuestFunction } from '../program.ts'
import { OK, Phase } from '../../module.ts'
import { keptVerdict } from '../../http/kept.ts'
import { keptLines } from './kept.ts'
import { Kind } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import { PluginError } from '../../core/errors.ts'
import type { OpenBody } from './bodycalls.ts'
import { Calls, withBody } from './calls.ts'
import { Waiting } from './waiting.ts'
import { Confs, PluginConf, makeDirectives } from './confs.ts'
import { makeCommands } from './commands.ts'
import { makeTransports } from './transports.ts'
import { Scripts } from './scripts.ts'
import { metricName } from './metrics.ts'
import { makeStatistics } from './statistics.ts'
import { LifecycleEvent, VariableFlag, levels } from './abi.ts'
import { SmallParts, isLarge } from './parts.ts'
import { bodyPlace, guarded, makeInputFilter } from './filters.ts'
import { makeHooks } from './hooks.ts'
import { makeSelects } from './selects.ts'
import type { PluginReport } from './report.ts'
import { reportOf } from './report.ts'
import { takeOver } from './state.ts'

/** Indices of `levels`. */
const Level = { Server: 1, Location: 2 } as const

interface OpenFilter { readonly index: number, readonly body: OpenBody }

/**
 * The adapter of the native ABI: a plugin that has registered itself, as the Module that the rest of the server
 * knows.
 */
export class NativeModule implements Module {
  readonly name: string
  readonly type = 'http'
  readonly order: number | undefined
  readonly directives: Module['directives']
  readonly phases: PhaseHandler<PluginConf>[]
  readonly headerFilters: HeaderFilter<PluginConf>[]
  readonly bodyFilters: BodyFilter<PluginConf, OpenFilter>[]
  readonly inputFilters: Module['inputFilters']
  readonly hooks: Module['hooks']
  readonly hookPoints: Module['hookPoints']
  readonly variables: VariableDefinition[]
  readonly selects: SelectDefinition[]
  readonly functions: Module['functions']
  readonly pseudoVariables: Module['pseudoVariables']
  readonly transformations: Module['transformations']
  readonly parameters: Module['parameters']
  readonly eventRoutes: Module['eventRoutes']
  readonly commands: Module['commands']
  readonly metrics: MetricDefinition[]
  readonly statistics: Listed[]
  /** The plugin behind it, for `plugin.show` and the metrics. */
  readonly plugin: NativePlugin
  private readonly confs: Confs
  private readonly calls: Calls
  /** The calls that may wait; null when the plugin has none. */
  waiting: Waiting | null
  /** By class, as a number that is compared quickly: an index of `levels`. */
  private readonly confLevels: readonly number[]
  private madeTransports: TransportDefinition[] | null = null
  private index = -1
  private mainConf: PluginConf | null = null
  private mainCf: Cf | null = null
  /**
   * Handlers run everywhere: the plugin has no directives, or one of its own was used at the main level or in a
   * server's conf.
   */
  private everywhere: boolean

  constructor(plugin: NativePlugin, order: number | undefined) {
    this.plugin = plugin
    this.name = plugin.name
    this.order = order
    const { registration } = plugin
    this.everywhere = registration.directives.length === 0
    this.confs = new Confs(plugin)
    this.confLevels = registration.confs.map(({ level }) => levels.indexOf(level))
    this.calls = new Calls(plugin)
    const fresh = plugin.instance.program.settings.isolation === 'request' && registration.bodyFilters.length + registration.inputFilters.length > 0
    const waiting = this.waiting = fresh || plugin.instance.functions.some((f) => f.waits) ? new Waiting(plugin, this.calls) : null
    plugin.confOf = (r, type) => {
      if (type < 0 || type >= registration.confs.length) throw new GuestFault(`asked for conf class ${type}`)
      return this.handle(r, r.loc[this.index] as PluginConf, type)
    }
    this.directives = makeDirectives(registration, this.confs, (_conf, entry) => {
      const { handler, body, conf: type } = entry.content!
      const calls = handler.waits ? waiting! : this.calls
      return body
        ? (r, conf) => withBody(calls, handler, r, this.handle(r, conf, type), true)
        : (r, conf) => calls.handler(handler, r, this.handle(r, conf, type), true, null)
    })
    this.phases = this.makePhases()
    this.headerFilters = this.makeHeaderFilters()
    this.bodyFilters = this.makeBodyFilters()
    this.inputFilters = registration.inputFilters.map((entry) => makeInputFilter(entry, {
      calls: this.calls, waiting, active: this.active, leases: (f) => this.leases(f), handle: (r, conf, type) => this.handle(r, conf as PluginConf, type),
    }))
    this.hooks = makeHooks({
      name: plugin.name, plugin, calls: this.calls, waiting, active: this.active, handle: (place, conf, type) => this.handle(place, conf, type),
    })
    this.hookPoints = registration.hookPoints
    this.variables = registration.variables.map(({ name, flags, get, set }) => ({
      name, get: (r, rest) => this.calls.text(get, r, rest),
      ...(set === null ? {} : { set: (r: Request, value: string) => this.calls.effect(set, r, value, 0) }),
      prefix: (flags & VariableFlag.Prefix) !== 0, nocache: (flags & VariableFlag.NoCache) !== 0, changeable: (flags & VariableFlag.Changeable) !== 0,
    }))
    this.selects = makeSelects(plugin, this.calls)
    const scripts = new Scripts({ plugin, calls: this.calls, waiting, confs: this.confs, main: () => ({ cf: this.mainCf, conf: this.mainConf }) })
    this.functions = scripts.functions()
    this.pseudoVariables = scripts.pseudoVariables()
    this.transformations = scripts.transformations()
    this.parameters = scripts.parameters()
    this.eventRoutes = scripts.eventRoutes()
    this.commands = makeCommands(plugin.instance, registration, waiting)
    this.statistics = makeStatistics(plugin.instance, registration.statistics, (trap, { label }) =>
      plugin.services.log?.(LogLevel.error, `plugin ${trap.plugin} trapped in ${label}: ${trap.text}`))
    this.metrics = registration.metrics.map((m) => ({ ...m, name: metricName(plugin.name, m.name) }))
  }

  /** The transports that the plugin asked for while it was configured. */
  get transports(): TransportDefinition[] { return this.madeTransports ??= makeTransports(this.plugin) }

  private readonly active = (conf: PluginConf): boolean => this.everywhere || conf.touched

  /** The guest's conf for a request: of the location, the server or the whole, as the class was registered. */
  private handle(r: Pick<Request, 'srv'>, conf: PluginConf, type: number): number {
    if (type < 0) return 0
    const level = this.confLevels[type]!
    return this.confs.handle(level === Level.Location ? conf : level === Level.Server ? r.srv[this.index] as PluginConf : this.mainConf!, type)
  }

  private makePhases(): PhaseHandler<PluginConf>[] {
    const { registration } = this.plugin
    const handlers = registration.phases.map(({ phase, handler, body, conf: type }): PhaseHandler<PluginConf> => {
      const content = phase === Phase.Content
      if (phase === Phase.Log) {
        const log = (r: Request, at: number): void => {
          if (handler.waits) this.waiting!.log(handler, r, at)
          else this.calls.effect(handler, r, null, at, Kind.Log)
        }
        return { phase, handler: (r, conf) => (log(r, this.handle(r, conf, type)), 0), active: this.active }
      }
      const calls = handler.waits ? this.waiting! : this.calls
      const run: PhaseHandler<PluginConf>['handler'] = body
        ? (r, conf) => withBody(calls, handler, r, this.handle(r, conf, type), content)
        : content || handler.waits ? (r, conf) => calls.handler(handler, r, this.handle(r, conf, type), content, null)
          : (r, conf) => {
            const kept = r.kept === null || this.plugin.instance.faults.blocked ? null : keptVerdict(r, handler.id, conf.id)
            return kept === null ? this.calls.handler(handler, r, this.handle(r, conf, type), false, null, conf.id) : kept.verdict
          }
      return { phase, handler: run, active: this.active }
    })
    return handlers
  }

  private makeHeaderFilters(): HeaderFilter<PluginConf>[] {
    const { headerFilters, bodyFilters } = this.plugin.registration
    const filters = headerFilters.map(({ handler, conf: type }): HeaderFilter<PluginConf> => {
      if (handler.waits) return { filter: (r, conf) => this.waiting!.headerFilter(handler, r, this.handle(r, conf, type)), active: this.active }
      const filter = (r: Request, conf: PluginConf): Verdict => {
        const kept = conf.kept === null || this.plugin.instance.faults.blocked ? null : keptLines(conf, handler, r.headersOut.status)
        if (kept === null) return this.calls.headerFilter(handler, r, this.handle(r, conf, type), conf)
        kept.addTo(r.headersOut)
        return OK
      }
      return { filter, active: this.active }
    })
    const leasing = bodyFilters.find(({ filter }) => this.leases(filter))
    if (leasing === undefined) return filters
    const always = bodyFilters.some(({ filter, options }) => options.name === '' && this.leases(filter))
    // Body filters cannot wait for their instance; the head can.
    const lease: HeaderFilter<PluginConf>['filter'] = (r) => always || r.filters?.has(this.name) === true ? this.waiting!.bodies.lease(r, leasing.filter) : 0
    return [...filters, { filter: lease, active: this.active }]
  }

  /** The state of a body filter is in an instance that nobody else uses: because the filter may wait, or because requests see nothing of each other. */
  private leases(filter: GuestFunction): boolean {
    return filter.waits || this.plugin.instance.program.settings.isolation === 'request'
  }

  private makeBodyFilters(): BodyFilter<PluginConf, OpenFilter>[] {
    return this.plugin.registration.bodyFilters.map(({ start, filter, conf: type, end, options }, index) => ({
      ...bodyPlace(options),
      start: (r, conf) => {
        const calls = this.leases(filter) ? this.waiting! : this.calls
        const body = calls.bodies.start(start, r, this.handle(r, conf, type))
        if (body === null) return null
        const open = { index, body }
        if (end !== null) {
          const others = r.ctx[this.index] as OpenFilter[] | undefined
          if (others !== undefined) others.push(open)
          else {
            r.ctx[this.index] = [open]
            r.onEnd(() => this.endFilters(r))
          }
        }
        return open
      },
      filter: (r, part, open) => {
        if (options.buffered === null && isLarge(part)) {
          return new SmallParts(r, part, (piece) =>
            filter.waits ? this.waiting!.bodies.filtered(filter, r, piece, open.body) : this.calls.bodies.part(filter, r, piece, open.body))
        }
        return filter.waits ? this.waiting!.bodies.part(filter, r, part, open.body)
          : guarded(this.calls, r, () => this.calls.bodies.part(filter, r, part, open.body))
      },
      active: this.active,
    }))
  }

  /** Every filter's state is let go when its request ends, also when the client left in the middle. */
  private endFilters(r: Request): void {
    const open = r.ctx[this.index] as OpenFilter[] | undefined
    if (open === undefined) return
    r.ctx[this.index] = undefined
    for (const { index, body } of open) this.calls.bodies.end(this.plugin.registration.bodyFilters[index]!.end!, r, body)
  }

  // --- configuration
  // ------------------------------------------------------------------------------------------------------------------

  createMainConf(cf: Cf): PluginConf {
    this.index = cf.cycle.indexOf(this)
    this.plugin.cycle = cf.cycle
    this.plugin.selects.begin(cf.cycle)
    this.mainCf = cf
    return this.mainConf = new PluginConf()
  }

  createSrvConf(): PluginConf { return new PluginConf() }
  createLocConf(): PluginConf { return new PluginConf() }

  initMainConf(cf: Cf, conf: PluginConf): string | void {
    const error = this.confs.initMain(cf, conf)
    if (conf.touched) this.everywhere = true
    return error
  }

  mergeSrvConf(cf: Cf, parent: PluginConf, child: PluginConf): string | void {
    const error = this.confs.merge(cf, levels[1], parent, child)
    if (child.touched) this.everywhere = true
    return error
  }

  mergeLocConf(cf: Cf, parent: PluginConf, child: PluginConf): string | void {
    return this.confs.merge(cf, levels[2], parent, child)
  }

  preconfiguration(cf: Cf): string | void { return this.life(LifecycleEvent.Preconfiguration, cf) }

  postconfiguration(cf: Cf): string | void {
    const error = this.life(LifecycleEvent.Postconfiguration, cf)
    this.confs.complete()
    this.plugin.instance.freeze()
    return error
  }

  takeOver(from: Module, trial: boolean): string | void {
    if (from instanceof NativeModule) return takeOver(from.plugin, this.plugin, trial) ?? undefined
  }

  begin(cycle: Cycle, thread: ServingThread): void {
    this.plugin.timers.begin(cycle, thread, () => this.waiting ??= new Waiting(this.plugin, this.calls))
  }

  retire(): void { this.plugin.timers.retire() }
  /** For `@timer.timer["NAME"].enabled`. */
  timerRuns(name: string): (() => boolean) | null { return this.plugin.timers.runs(name) }
  report(): PluginReport { return reportOf(this.plugin, this.waiting?.pool ?? null) }

  initModule(): void { this.start(LifecycleEvent.InitModule) }
  initProcess(): void { this.start(LifecycleEvent.InitProcess) }
  exitProcess(): void {
    this.waiting?.pool.close()
    this.start(LifecycleEvent.ExitProcess)
  }

  private start(event: number): void {
    const error = this.life(event, null)
    if (typeof error === 'string') throw new PluginError(this.name, error)
    if (event !== LifecycleEvent.ExitProcess) this.plugin.instance.freeze()
  }

  /** Calls the plugin's hooks of an event; a text that one of them gives is an error. */
  private life(event: number, cf: Cf | null): string | void {
    const { instance, registration } = this.plugin
    for (const { event: at, call } of registration.lifecycle) {
      if (at !== event) continue
      try {
        const error = instance.run(Kind.Life, call.label, (frame) => {
          frame.cf = cf
          return call.call(call.data) === 0 ? null : frame.answer ?? 'was refused without a reason'
        })
        if (error !== null) return error
      } catch (error) {
        if (error instanceof Trap) throw new PluginError(this.name, `trapped in ${call.label}: ${error.text}`)
        throw error
      }
    }
  }
}

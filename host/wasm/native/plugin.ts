import type { Cf } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import type { Template } from '../../expr/template.ts'
import type { Request } from '../../http/request.ts'
import type { Services } from '../services.ts'
import type { Shim } from '../shim.ts'
import type { Program } from '../program.ts'
import { headerNames } from '../../http/framing/names.ts'
import { PluginError } from '../../core/errors.ts'
import { formatMsec } from '../../core/units.ts'
import { Level } from '../../core/log.ts'
import { Instance } from '../instance.ts'
import { Kind } from '../frame.ts'
import type { Trap } from '../trap.ts'
import { GuestFault } from '../trap.ts'
import { bounds } from './abi.ts'
import { Registration, mayBe, registrationImports } from './registration.ts'
import { callbackImports } from './callbacks.ts'
import { requestImports } from './request.ts'
import { responseImports } from './response.ts'
import { commandImports } from './commands.ts'
import { environmentImports } from './environment.ts'
import { MetricValues, metricImports } from './metrics.ts'
import { PluginZones, zoneImports } from './zones.ts'
import { askingImports } from './asking.ts'
import { filterImports } from './filters.ts'
import { hookImports, hookRegistration } from './hooks.ts'
import { Regexes } from './regexes.ts'
import { scriptRegistrationImports } from './script-registration.ts'
import { statisticImports } from './statistics.ts'
import { scriptingImports } from './scripting.ts'
import type { StateEntry } from './state.ts'
import { stateImports } from './state.ts'
import { ReadSelects, selectImports, selectRegistration } from './selects.ts'
import { streamImports } from './streams.ts'
import { orderedImports } from './ordered.ts'
import { PluginDatabases, databaseImports } from './db.ts'
import { PluginFiles, fileImports } from './files.ts'
import { PluginTimers, timerImports } from './timers.ts'
import { documentImports } from './documents.ts'
import type { TransportEntry } from './transports.ts'
import { transportImports } from './transports.ts'

/** The functions that an instance imports. */
function imports(plugin: NativePlugin, instance: Instance): WebAssembly.Imports {
  instance.onReplace = () => { plugin.shim = null }
  return {
    vespid: {
      ...registrationImports(instance, plugin.registration), ...scriptRegistrationImports(instance, plugin.registration),
      ...statisticImports(instance, plugin.registration), ...hookRegistration(instance, plugin.registration),
      ...selectRegistration(instance, plugin.registration),
      ...scriptingImports(plugin, instance), ...callbackImports(plugin, instance), ...requestImports(plugin, instance),
      ...responseImports(plugin, instance), ...commandImports(plugin, instance), ...metricImports(plugin, instance),
      ...zoneImports(plugin, instance), ...askingImports(plugin, instance), ...filterImports(plugin, instance),
      ...streamImports(plugin, instance), ...orderedImports(plugin, instance), ...timerImports(plugin, instance),
      ...stateImports(plugin, instance), ...fileImports(plugin, instance), ...databaseImports(plugin, instance),
      ...hookImports(plugin, instance), ...selectImports(plugin, instance), ...transportImports(plugin, instance),
      ...documentImports(plugin, instance),
    },
    env: environmentImports(instance, (level, message) => plugin.log(level, message)),
  } as WebAssembly.Imports
}

/** One plugin at work in one thread and cycle: its instance, what it registered, and what the host keeps for it. */
export class NativePlugin {
  readonly name: string
  /** It is shipped with vespid. */
  readonly own: boolean
  readonly instance: Instance
  readonly registration = new Registration()
  readonly services: Services
  /** Compiled templates by id. */
  readonly templates: Template[] = []
  /** Variables and selects of routing scripts that it reads, by id. */
  readonly scriptTexts: string[] = []
  readonly regexes = new Regexes()
  /** The transports that it has asked for. */
  readonly transports: TransportEntry[] = []
  /** The selects that it reads. */
  readonly selects: ReadSelects
  metrics!: MetricValues
  /** The handle of the conf of a class for a request's present place; the module that stands for the plugin knows. */
  confOf: (r: Request, type: number) => number = () => 0
  /** The cycle that it works in; null before http{} is read. */
  cycle: Cycle | null = null
  /** The zones that it has opened. */
  readonly zones: PluginZones
  /** Files that it reads, and databases that it has opened. */
  readonly files = new PluginFiles()
  readonly databases = new PluginDatabases()
  /** What it does without being asked. */
  readonly timers: PluginTimers
  /** How it hands over its state; null when it does not. */
  state: StateEntry | null = null
  /** The copier between core memory and arena; made at the first head. */
  shim: Shim | null = null

  /**
   * Instantiates the program and runs its registration. Throws PluginError when that traps or breaks the ABI's rules.
   */
  constructor(program: Program, services: Services) {
    this.name = program.name
    this.own = program.own
    this.services = services
    this.zones = new PluginZones(program.name)
    this.selects = new ReadSelects(program.name)
    this.timers = new PluginTimers(this, program.timers)
    for (const name of headerNames) this.registration.intern(name)
    this.instance = new Instance(program, (instance) => imports(instance.origin === null ? this : this.seenBy(instance), instance))
    this.instance.faults.onChange = (milliseconds) => this.quarantine(milliseconds)
    try {
      this.instance.start()
    } catch (error) {
      const trap = error as Trap
      throw new PluginError(this.name, `registration trapped: ${trap.text}`, 'the plugin\'s top-level code runs when it is loaded; something in it failed')
    }
    this.metrics = new MetricValues(this.name, this.registration.metrics)
  }

  /** The plugin as one of its further instances sees it: what depends on memory is that instance's, everything else is shared. */
  private seenBy(instance: Instance): NativePlugin {
    return Object.create(this, {
      instance: { value: instance }, shim: { value: null, writable: true }, registration: { value: Object.create(this.registration) },
    }) as NativePlugin
  }

  private quarantine(milliseconds: number): void {
    const { count, period } = this.instance.program.settings.faults
    const what = milliseconds === 0 ? 'is tried again' :
      `is in quarantine for ${formatMsec(milliseconds)} (plugin_fault_limit ${count} per ${formatMsec(period)})`
    this.services.log?.(milliseconds === 0 ? Level.notice : Level.alert, `plugin ${this.name} ${what}`)
  }

  /**
   * A name or text that a guest gives as (pointer, length); length −1 means that the pointer is an interned name's
   * id.
   */
  named(pointer: number, length: number, limit?: number): string {
    if (length !== -1) return this.instance.text(pointer, length, limit)
    const name = this.registration.names[pointer]
    if (name === undefined) throw new GuestFault(`used name ${pointer}, which it has not interned`)
    return name
  }

  /** The same for a header's name or value (`Use`); null when it cannot be one. */
  field(pointer: number, length: number, use: number): string | null {
    if (length !== -1) {
      const text = this.instance.text(pointer, length)
      return mayBe(text, use) ? text : null
    }
    const { names, uses } = this.registration
    if (!((uses[pointer] ?? 0) & use)) return names[pointer] === undefined ? this.named(pointer, length) : null
    return names[pointer]!
  }

  /** The same in lower case. */
  lowerNamed(pointer: number, length: number): string {
    if (length !== -1) return this.instance.text(pointer, length, bounds.name).toLowerCase()
    return this.registration.lowerNames[pointer] ?? this.named(pointer, length)
  }

  /** A line of the plugin's: to the request's log when there is a request, else to the error log. */
  log(level: number, message: string): void {
    const { request, cf, kind, args } = this.instance.frame
    const text = kind === Kind.Timer ? `timer "${args[0]}": ${message}` : message
    const line = this.own ? text : `plugin ${this.name}: ${text}`
    if (request !== null) request.log(level, line)
    else if (this.services.log !== undefined) this.services.log(level, line)
    else if (cf !== null) this.cycleLog(cf, level, line)
  }

  private cycleLog(cf: Cf, level: number, line: string): void {
    const { log } = cf.cycle
    if (level <= log.level) log.write(level as Level, line)
  }
}

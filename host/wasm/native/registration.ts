import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { EventRouteEntry, FunctionEntry, ParameterEntry, PseudoVariableEntry, TransformationEntry } from './script-registration.ts'
import type { HookEntry } from './hooks.ts'
import type { SelectEntry } from './selects.ts'
import type { HookDeclaration } from '../../module.ts'
import { Kind } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { Args, Phase, Where } from '../../module.ts'
import type { FilterEntry } from './filters.ts'
import { plainFilter, readOptions } from './filters.ts'
import type { StatisticEntry } from './statistics.ts'
import { HandlerFlag, LifecycleEvent, VariableFlag, bounds, levels, lifecycleNames } from './abi.ts'

/** A conf class of the guest's: made and merged by its functions, held as 32-bit handles. */
export interface ConfType {
  level: (typeof levels)[number]
  readonly create: GuestFunction
  init: GuestFunction | null
  merge: GuestFunction | null
}

export interface DirectiveEntry {
  readonly name: string
  readonly where: number
  readonly args: number
  /** Index of its conf class, −1 for none. */
  readonly conf: number
  readonly set: GuestFunction | null
  content: HandlerEntry | null
}

/** A phase or content handler; `body`: called when the request body has been read. */
export interface HandlerEntry {
  readonly conf: number
  readonly handler: GuestFunction
  readonly body: boolean
}

export interface MetricEntry {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets: readonly number[]
}

/** What a text may be in a header; found out once for interned names. */
export const Use = { Name: 1, Value: 2 } as const

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const lineBreak = /[\r\n\0]/

/** Whether a text can be a header's name (RFC 9110 §5.1) or value (§5.5). */
export function mayBe(text: string, use: number): boolean {
  return use === Use.Name ? token.test(text) : !lineBreak.test(text)
}

/** Everything that a plugin declared in `vespid_abi_1`, checked: names, bits, indices. */
export class Registration {
  readonly confs: ConfType[] = []
  readonly directives: DirectiveEntry[] = []
  readonly phases: (HandlerEntry & { readonly phase: Phase })[] = []
  readonly headerFilters: HandlerEntry[] = []
  readonly bodyFilters: FilterEntry[] = []
  readonly inputFilters: FilterEntry[] = []
  readonly variables: { readonly name: string, readonly flags: number, readonly get: GuestFunction, readonly set: GuestFunction | null }[] = []
  readonly selects: SelectEntry[] = []
  readonly functions: FunctionEntry[] = []
  readonly pseudoVariables: PseudoVariableEntry[] = []
  readonly transformations: TransformationEntry[] = []
  readonly parameters: ParameterEntry[] = []
  readonly eventRoutes: EventRouteEntry[] = []
  readonly commands: { readonly name: string, readonly usage: string, readonly effect: 'read' | 'write', readonly array: boolean, readonly run: GuestFunction }[] = []
  readonly metrics: MetricEntry[] = []
  readonly statistics: StatisticEntry[] = []
  readonly hooks: HookEntry[] = []
  readonly hookPoints: HookDeclaration[] = []
  readonly lifecycle: { readonly event: number, readonly call: GuestFunction }[] = []
  /** Where the guest wants request heads; length 0 when it declared no arena. */
  arenaAt = 0
  arenaSize = 0
  /** Interned names: their ids are positions. */
  readonly names: string[] = []
  /** The same in lower case. */
  readonly lowerNames: string[] = []
  /** What each may be used as: bits of `Use`. */
  readonly uses: number[] = []
  private readonly nameIds = new Map<string, number>()
  private count = 0

  /** The id of a name; the same text has the same id. */
  intern(name: string): number {
    let id = this.nameIds.get(name)
    if (id === undefined) {
      if (this.names.length >= bounds.names) return -1
      this.nameIds.set(name, id = this.names.length)
      this.names.push(name)
      this.lowerNames.push(name.toLowerCase())
      this.uses.push((token.test(name) ? Use.Name : 0) | (lineBreak.test(name) ? 0 : Use.Value))
    }
    return id
  }

  /** Counts one registration; a fault when there are too many. */
  add(): void {
    if (++this.count > bounds.registrations) throw new GuestFault(`registered more than ${bounds.registrations} things`)
  }
}

const directiveName = /^[a-z_][a-z0-9_]{0,62}$/i
const variableName = /^[a-z0-9_]{1,64}$/
const commandName = /^[a-z][a-z0-9_]*(\.[a-zA-Z][a-zA-Z0-9_]*)+$/
const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]{0,127}$/
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/

/** Contexts in which a plugin may place directives, and the bits of argument counts that it may use (no blocks yet). */
const whereBits = Where.Http | Where.Server | Where.Location | Where.ServerIf | Where.LocationIf | Where.LimitExcept
const argBits = Args.None | Args.Take1 | Args.Take2 | Args.Take3 | Args.Take4 | Args.Take5 | Args.Take6 | Args.Take7 |
  Args.Any | Args.OneOrMore | Args.TwoOrMore | Args.Flag

const hookable: readonly number[] = [
  Phase.PostRead, Phase.ServerRewrite, Phase.Rewrite, Phase.Preaccess, Phase.Access, Phase.Precontent, Phase.Content, Phase.Log,
]

/**
 * The registration functions of module `vespid`: each checks what it is given and records it. All but `name` and
 * `arena` work only in `vespid_abi_1`.
 */
export function registrationImports(instance: Instance, to: Registration): Record<string, (...args: number[]) => unknown> {
  const begin = (call: string): void => {
    instance.expect(Kind.Register, call)
    to.add()
  }
  const name = (pointer: number, length: number, pattern: RegExp, what: string): string => {
    const text = instance.text(pointer, length, bounds.name)
    if (!pattern.test(text)) throw new GuestFault(`registered a ${what} named "${text}"`)
    return text
  }
  const conf = (index: number, what: string): number => {
    if (index < -1 || index >= to.confs.length) throw new GuestFault(`gave conf ${index} for ${what}, which it has not registered`)
    return index
  }
  return {
    name: (pointer, length) => to.intern(instance.text(pointer!, length!, bounds.name)),
    arena: (pointer, size) => {
      const at = instance.range(pointer!, size!)
      if ((at & 3) !== 0) throw new GuestFault('gave an arena that is not aligned to 4 bytes')
      to.arenaAt = at
      to.arenaSize = size!
    },
    conf: (level, create, init, data) => {
      begin('conf')
      const kind = levels[level!]
      if (kind === undefined) throw new GuestFault(`gave level ${level} for a conf`)
      to.confs.push({
        level: kind, create: instance.required(create!, data!, 'conf create'),
        init: instance.function(init!, data!, 'conf init'), merge: null,
      })
      return to.confs.length - 1
    },
    conf_merge: (index, merge, data) => {
      begin('conf_merge')
      const entry = to.confs[conf(index!, 'conf_merge')]
      if (entry === undefined) throw new GuestFault('gave no conf for conf_merge')
      if (entry.merge === null) entry.merge = instance.required(merge!, data!, 'conf merge')
      else if (entry.merge.index !== merge || entry.merge.data !== data) {
        throw new GuestFault(`gave two merge functions for ${confName(to, index!)}; all of its directives must give the same one`)
      }
    },
    conf_level: (index, level, init, data) => {
      begin('conf_level')
      const entry = to.confs[conf(index!, 'conf_level')]
      const kind = levels[level!]
      if (entry === undefined || kind === undefined) throw new GuestFault(`gave conf ${index} and level ${level} for conf_level`)
      if (entry.level !== kind && entry.level !== 'loc') {
        throw new GuestFault(`made ${confName(to, index!)} one object ${perLevel[entry.level]} and then ${perLevel[kind]}; it needs a class for each`)
      }
      entry.level = kind
      const f = instance.function(init!, data!, 'conf init')
      if (f !== null && entry.init !== null) throw new GuestFault(`gave two init functions for ${confName(to, index!)}; it takes one`)
      entry.init ??= f
    },
    directive: (pointer, length, where, args, confIndex, set, data) => {
      begin('directive')
      const text = name(pointer!, length!, directiveName, 'directive')
      if (where === 0 || (where! & ~whereBits) !== 0) throw new GuestFault(`registered directive "${text}" for contexts ${where}, which a plugin may not use`)
      if ((args! & ~argBits) !== 0) throw new GuestFault(`registered directive "${text}" with argument bits ${args}, which a plugin may not use`)
      if (to.directives.some((d) => d.name === text && (d.where & where!) !== 0)) throw new GuestFault(`registered directive "${text}" twice`)
      const index = conf(confIndex!, `directive "${text}"`)
      to.directives.push({ name: text, where: where!, args: args!, conf: index, set: instance.function(set!, data!, `directive "${text}"`), content: null })
      return to.directives.length - 1
    },
    content: (directive, handler, data, flags) => {
      begin('content')
      const entry = to.directives[directive!]
      if (entry === undefined) throw new GuestFault(`gave directive ${directive} for a content handler, which it has not registered`)
      entry.content = { conf: entry.conf, handler: instance.required(handler!, data!, `content handler of "${entry.name}"`), body: (flags! & HandlerFlag.Body) !== 0 }
    },
    phase: (phase, confIndex, handler, data, flags) => {
      begin('phase')
      if (!hookable.includes(phase!)) throw new GuestFault(`registered a handler for phase ${phase}, which takes none`)
      const label = `phase ${phaseName(phase as Phase)}`
      to.phases.push({
        phase: phase as Phase, conf: conf(confIndex!, label), handler: instance.required(handler!, data!, label), body: (flags! & HandlerFlag.Body) !== 0,
      })
    },
    header_filter: (confIndex, handler, data) => {
      begin('header_filter')
      to.headerFilters.push({ conf: conf(confIndex!, 'a header filter'), handler: instance.required(handler!, data!, 'header filter'), body: false })
    },
    body_filter: (confIndex, start, filter, end, data) => {
      begin('body_filter')
      to.bodyFilters.push({
        conf: conf(confIndex!, 'a body filter'), start: instance.required(start!, data!, 'body filter start'),
        filter: instance.required(filter!, data!, 'body filter'), end: instance.function(end!, data!, 'body filter end'), options: plainFilter,
      })
    },
    input_filter: (confIndex, start, filter, end, data) => {
      begin('input_filter')
      to.inputFilters.push({
        conf: conf(confIndex!, 'an input filter'), start: instance.required(start!, data!, 'input filter start'),
        filter: instance.required(filter!, data!, 'input filter'), end: instance.function(end!, data!, 'input filter end'), options: plainFilter,
      })
    },
    filter_options: (input, index, type, limit, over, flags, pointer, length) => {
      instance.expect(Kind.Register, 'filter_options')
      const entry = (input === 0 ? to.bodyFilters : to.inputFilters)[index!]
      if (entry === undefined) throw new GuestFault(`gave options for ${input === 0 ? 'body' : 'input'} filter ${index}, which it has not registered`)
      entry.options = readOptions(input !== 0, type!, limit!, over!, flags!, instance.text(pointer!, length!, bounds.name))
    },
    variable: (pointer, length, flags, get, set, data) => {
      begin('variable')
      const text = name(pointer!, length!, variableName, 'variable')
      if ((flags! & ~(VariableFlag.Prefix | VariableFlag.NoCache | VariableFlag.Changeable)) !== 0) throw new GuestFault(`registered variable "${text}" with flags ${flags}`)
      to.variables.push({ name: text, flags: flags!, get: instance.required(get!, data!, `variable $${text}`), set: instance.function(set!, data!, `variable $${text}`) })
    },
    command: (pointer, length, usage, usageLength, effect, run, data) => {
      begin('command')
      const text = name(pointer!, length!, commandName, 'command')
      if ((effect! & ~3) !== 0) throw new GuestFault(`registered command "${text}" with effect ${effect}`)
      to.commands.push({
        name: text, usage: instance.text(usage!, usageLength!, 4096), effect: (effect! & 1) !== 0 ? 'write' : 'read', array: (effect! & 2) !== 0,
        run: instance.required(run!, data!, `command ${text}`),
      })
    },
    metric: (kind, pointer, length, help, helpLength, labels, labelsLength, buckets, bucketCount) => {
      begin('metric')
      const text = name(pointer!, length!, metricName, 'metric')
      const kindName = (['counter', 'gauge', 'histogram'] as const)[kind!]
      if (kindName === undefined) throw new GuestFault(`registered metric "${text}" of kind ${kind}`)
      const labelText = instance.text(labels!, labelsLength!, 4096)
      const labelNames = labelText === '' ? [] : labelText.split('\0')
      for (const label of labelNames) if (!labelName.test(label)) throw new GuestFault(`registered metric "${text}" with a label named "${label}"`)
      to.metrics.push({
        kind: kindName, name: text, help: instance.text(help!, helpLength!, 4096), labels: labelNames, buckets: readBuckets(instance, text, buckets!, bucketCount!),
      })
      return to.metrics.length - 1
    },
    lifecycle: (event, call, data) => {
      begin('lifecycle')
      if (event! < 0 || event! > LifecycleEvent.Idle) throw new GuestFault(`registered a hook for event ${event}`)
      const f = instance.required(call!, data!, `lifecycle hook ${lifecycleNames[event!]}`)
      if (event === LifecycleEvent.Idle) instance.setIdle(f)
      else to.lifecycle.push({ event: event!, call: f })
    },
  }
}

function readBuckets(instance: Instance, metric: string, pointer: number, count: number): number[] {
  if (count < 0 || count > 256) throw new GuestFault(`registered metric "${metric}" with ${count} buckets`)
  const at = instance.range(pointer, count * 8)
  const bounds: number[] = []
  for (let i = 0; i < count; i++) bounds.push(instance.bytes.readDoubleLE(at + 8 * i))
  for (let i = 1; i < count; i++) if (!(bounds[i]! > bounds[i - 1]!)) throw new GuestFault(`registered metric "${metric}" with buckets that do not ascend`)
  return bounds
}

const perLevel = { main: 'for all', srv: 'for each server', loc: 'for each location' } as const

/** A conf class in words, by what uses it. */
function confName(to: Registration, index: number): string {
  const directive = to.directives.find((d) => d.conf === index)
  const parameter = to.parameters.find((p) => p.conf === index)
  return directive !== undefined ? `the conf of directive "${directive.name}"` : parameter !== undefined ? `the conf of parameter "${parameter.name}"` : `conf ${index}`
}

/** A phase's name as messages say it: `access`, `server_rewrite`. */
function phaseName(phase: Phase): string {
  for (const [name, number] of Object.entries(Phase)) if (number === phase) return name.replace(/(?!^)[A-Z]/g, (c) => `_${c}`).toLowerCase()
  return String(phase)
}

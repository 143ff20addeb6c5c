import type { BodyFilter, FilterPlace, InputFilter, Module } from '../module.ts'
import type { CoreLocConf } from './core/conf.ts'
import type { BoundBodyFilter, BoundInputFilter } from './response.ts'
import type { Request } from './request.ts'
import { FilterType } from '../module.ts'
import { Level } from '../core/log.ts'

/**
 * The order of filters: Apache's types, nginx's module order within one type, and what single requests have inserted.
 */

/** Filters registered before it stand behind nginx's postpone filter (`moduleOrder.postpone`): they see the response, not its parts. */
const postponeOrder = 420
/** Filters registered behind plugins (`moduleOrder.plugin`), as the range filter: they see the body before everybody else. */
const pluginOrder = 500
/** The type of those. */
const first = -1
/** Filters that one request may have inserted. */
const insertedLimit = 32

/** A filter that requests may have inserted: one of the two is there. */
interface Demand {
  readonly body: BodyFilter | null
  readonly input: InputFilter | null
  /** Of its module's confs. */
  readonly index: number
  readonly type: number
  readonly module: string
}

/** By module and name. */
export type DemandFilters = ReadonlyMap<string, readonly Demand[]>

/** A module with the index of its confs. */
interface Ordered { readonly module: Module, readonly index: number }

function orderOf(module: Module): number {
  return module.order ?? pluginOrder
}

/** The type that a filter asks for, or `otherwise`; throws for one that modules may not have. */
function allowedType({ type }: FilterPlace, module: Module, otherwise: number): number {
  if (type === undefined) return otherwise
  const wrong = refusedType(type)
  if (wrong !== null) throw new Error(`module "${module.name}" has a filter of type ${wrong}`)
  return type
}

/** Modules in the order in which their filters run: the last one installed first (nginx.md §6.1). */
export function orderOfFilters(modules: readonly Module[]): Ordered[] {
  return modules.map((module, index) => ({ module, index })).sort((a, b) => orderOf(b.module) - orderOf(a.module) || b.index - a.index)
}

/** The type of a body filter: its own, or the one that nginx's order gives its module. */
export function bodyFilterType(filter: FilterPlace, module: Module): number {
  const order = orderOf(module)
  return allowedType(filter, module, order > pluginOrder ? first : order >= postponeOrder ? FilterType.Resource : FilterType.ContentSet)
}

/** What is wrong with a type that a filter asks for; null: nothing. */
export function refusedType(type: number): string | null {
  if (Number.isInteger(type) && type >= 0 && type < FilterType.Transcode) return null
  const place = type >= FilterType.Network ? 'network' : type >= FilterType.Connection ? 'connection' : 'transcode'
  return type >= FilterType.Transcode ? `${type} (${place}), where the server frames, encrypts and sends; 0 to 39 are for modules`
    : `${type}; 0 to 39 are for modules`
}

/** Where in a chain ordered by type a filter is inserted: before the first of a higher type (Apache's add_any_filter). */
export function insertionPoint(chain: readonly { readonly type: number }[], type: number): number {
  const at = chain.findIndex((f) => f.type > type)
  return at < 0 ? chain.length : at
}

/** The key of a filter that requests may have inserted; names match in any case. */
function keyOf(module: string, name: string): string {
  return `${module}\0${name.toLowerCase()}`
}

/** Every filter that requests may have inserted; `order` are the modules in the order of registration. */
export function collectDemand(order: readonly Ordered[]): DemandFilters | null {
  const found = new Map<string, Demand[]>()
  const add = (name: string, demand: Demand): void => {
    const key = keyOf(demand.module, name)
    const list = found.get(key)
    if (list === undefined) found.set(key, [demand])
    else list.push(demand)
  }
  for (const { module, index } of order) {
    for (const body of module.bodyFilters ?? []) {
      if (body.onDemand !== undefined) add(body.onDemand, { body, input: null, index, type: bodyFilterType(body, module), module: module.name })
    }
    for (const input of module.inputFilters ?? []) {
      if (input.onDemand !== undefined) add(input.onDemand, { body: null, input, index, type: allowedType(input, module, FilterType.Resource), module: module.name })
    }
  }
  return found.size === 0 ? null : found
}

/** The chains of a location for bodies both ways; `order` are the modules in the order of registration. Sorting is stable. */
export function compileFilters(order: readonly Ordered[], location: CoreLocConf): void {
  const body: BoundBodyFilter[] = []
  const input: BoundInputFilter[] = []
  // The last one installed runs first (nginx.md §6.1).
  for (let i = order.length - 1; i >= 0; i--) {
    const { module, index } = order[i]!
    const conf = location.confs[index]
    const mine = (f: BodyFilter | InputFilter): boolean => f.onDemand === undefined && (f.active === undefined || f.active(conf))
    for (const filter of module.bodyFilters ?? []) {
      if (!mine(filter)) continue
      const type = bodyFilterType(filter, module)
      body.push({ filter, conf, type, late: type >= FilterType.ContentSet, module: module.name })
    }
    for (const filter of module.inputFilters ?? []) {
      if (mine(filter)) input.push({ filter, conf, type: allowedType(filter, module, FilterType.Resource), module: module.name })
    }
  }
  location.bodyFilters = body.sort((a, b) => a.type - b.type)
  location.inputFilters = input.sort((a, b) => b.type - a.type)
}

/** What one request has changed of its location's filters. */
export class RequestFilters {
  private readonly inserted: Demand[] = []
  /** Filters that have failed: the answer in place of the response goes without them. */
  private barred: BodyFilter[] | null = null

  /** Whether there was room. */
  insert(demand: Demand): boolean {
    if (this.inserted.length >= insertedLimit) return false
    this.inserted.push(demand)
    return true
  }

  /** Whether a filter of that module was inserted. */
  has(module: string): boolean {
    return this.inserted.some((f) => f.module === module)
  }

  bar(filter: BodyFilter): void {
    (this.barred ??= []).push(filter)
  }

  /** An internal redirect: what the old place inserted is no part of the new one (as Apache's resource filters). */
  redirected(): void {
    this.inserted.length = 0
  }

  /** The head of a response that inserted filters change says nothing of lengths and ranges. */
  announce(r: Request): void {
    for (const { body } of this.inserted) if (body?.changes === true) changeHead(r)
  }

  /** The location's body filters with those inserted behind the others of their type, without the barred ones. */
  bodyChain(r: Request, chain: readonly BoundBodyFilter[]): readonly BoundBodyFilter[] {
    const { barred } = this
    const mine = barred === null ? [...chain] : chain.filter((f) => !barred.includes(f.filter))
    for (const { body, index, type, module } of this.inserted) {
      if (body === null || barred?.includes(body) === true) continue
      mine.splice(insertionPoint(mine, type), 0, { filter: body, conf: r.loc[index], type, late: type >= FilterType.ContentSet, module })
    }
    return mine
  }

  /** The location's input filters with those inserted: of one type, what is inserted later sees the body earlier (Apache's input chain pulls). */
  inputChain(r: Request, chain: readonly BoundInputFilter[]): readonly BoundInputFilter[] {
    const mine = [...chain]
    for (const { input, index, type, module } of this.inserted) {
      if (input === null) continue
      const at = mine.findIndex((f) => f.type <= type)
      mine.splice(at < 0 ? mine.length : at, 0, { filter: input, conf: r.loc[index], type, module })
    }
    return mine
  }
}

/** Takes from a response's head what a change of its bytes makes wrong. */
export function changeHead(r: Request): void {
  const out = r.headersOut
  out.contentLength = -1
  out.allowRanges = false
  out.remove('accept-ranges')
  out.weakenEtag()
}

/**
 * Puts a filter of `module` that is declared as `onDemand` into this request's chains: body filters until the head has left, input filters until the
 * body is read. False when there is no such filter, or it is too late for it, or there are too many. Inserted twice, it runs twice.
 */
export function insertFilter(r: Request, module: string, name: string): boolean {
  const found = r.location.demandFilters?.get(keyOf(module, name))
  if (found === undefined) return false
  const late = found.some((f) => (f.body !== null && r.headerSent) || (f.input !== null && r.body.started))
  if (late) {
    r.log(Level.error, `filter "${name}" of "${module}" is inserted too late`)
    return false
  }
  const filters = r.filters ??= new RequestFilters()
  for (const demand of found) {
    if (!filters.insert(demand)) {
      r.log(Level.error, `more than ${insertedLimit} filters are inserted`)
      return false
    }
    if (demand.body?.changes === true) changeHead(r)
  }
  return true
}

/** Takes the filter with this state out of the response, or the request body, on which it is at work. */
export function removeFilter(r: Request, state: unknown): void {
  for (const f of r.runningFilters ?? []) if (f.state === state) f.off = true
  r.body.removeFilter(state)
}

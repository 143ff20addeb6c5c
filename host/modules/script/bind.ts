/** What is done when the configuration is complete: routes are compiled and bound to the places that use them. */
import type { Cf } from '../../conf/cf.ts'
import type { Phase as PhaseNumber } from '../../module.ts'
import type { ContentEvent, PhaseRoute, ScriptLocConf, ScriptMainConf } from './conf.ts'
import { ConfigError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import { Phase } from '../../module.ts'
import { RouteTable } from './conf.ts'
import { nameOf } from './blocks.ts'
import { readsBody } from './needs.ts'
import { compileTables, findRoute } from './program.ts'
import { BoundRoute } from './run.ts'

/** What a place sees: its own blocks before those around it. */
export function mergePlaces(parent: ScriptLocConf, child: ScriptLocConf): void {
  parent.table ??= new RouteTable(parent.own)
  child.table = child.own.size === 0 ? parent.table : new RouteTable(new Map([...parent.table.blocks, ...child.own]))
  for (const [phase, use] of parent.phases) if (!child.phases.has(phase)) child.phases.set(phase, use)
}

/** Compiles and binds everything. Mistakes are reported. */
export function bindAll(cf: Cf, main: ScriptMainConf): void {
  // What stands in http{} is seen from the servers, where it may call what is theirs.
  const all = main.places.length > 1 ? main.places.slice(1) : main.places
  const places = all.filter(({ table, phases, content }) => (table !== null && table.blocks.size > 0) || phases.size > 0 || content !== null)
  checkRequired(cf, main)
  const known = knownEvents(cf)
  checkEvents(cf, main, known)
  checkAlone(cf, main, known)
  if (places.length === 0) return
  for (const place of places) place.table ??= new RouteTable(place.own)
  const tables = new Set(places.map((place) => place.table!))
  if (!compileTables(cf, main, tables)) return
  for (const place of places) bindPlace(cf, main, place, known)
}

function bindPlace(cf: Cf, main: ScriptMainConf, place: ScriptLocConf, known: ReadonlyMap<string, ContentEvent>): void {
  const { blocks } = place.table!
  const strict = main.compat.get('script') === 'strict'
  for (const [phase, use] of place.phases) bindRoute(cf, main, place, phase, use, strict)
  if (place.content !== null) bindRoute(cf, main, place, Phase.Content, place.content, strict)
  place.needsBody = place.phases.size > 0 && readsBody(blocks.values())
  const events = []
  for (const { kind, name } of blocks.values()) {
    const event = kind === 'event_route' ? known.get(name) : undefined
    if (event === undefined || !name.endsWith(':request') || (event.alone ? name !== place.alone : place.alone !== '')) continue
    const own = main.compat.get(event.module) === 'strict'
    place.strict ||= own
    const found = findRoute(place.table!, 'event_route', name)!
    events.push({ event, route: new BoundRoute(found, main, { what: `event_route[${name}]`, strict: own, phase: Phase.Content, alone: event.alone }) })
  }
  place.events = events
}

function bindRoute(cf: Cf, main: ScriptMainConf, place: ScriptLocConf, phase: PhaseNumber, use: PhaseRoute, strict: boolean): void {
  const found = findRoute(place.table!, 'route', use.name)
  if (found === null) {
    const names = [...place.table!.blocks.values()].filter((b) => b.kind === 'route').map((b) => b.name)
    const near = suggest(use.name, names)
    const note = near !== null ? `did you mean "${near}"?` : `define it here or around: route[${use.name}] { … }`
    report(cf, new ConfigError(`unknown route "${use.name}"`, use.place, note))
    return
  }
  if (phase === Phase.Log && found.route.waits) {
    report(cf, new ConfigError(`route "${use.name}" calls a function that waits, which is not possible in the log phase`, use.place))
    return
  }
  place.bound[phase] = new BoundRoute(found, main, { what: `route[${use.name}]`, strict, phase })
}

/** The event routes of the cycle's modules. */
function knownEvents(cf: Cf): Map<string, ContentEvent> {
  const known = new Map<string, ContentEvent>()
  cf.cycle.modules.forEach((module, index) => {
    for (const { name, admit, server } of module.eventRoutes ?? []) {
      known.set(name, { name, module: module.name, admit, alone: server !== undefined, conf: cf.http!.main[index] })
    }
  })
  return known
}

/** In a Kamailio file event routes of any name may stand, as there; here one that nobody runs is a slip. */
function checkEvents(cf: Cf, main: ScriptMainConf, known: ReadonlyMap<string, ContentEvent>): void {
  if (main.file) return
  for (const { own } of main.places) {
    for (const block of own.values()) {
      if (block.kind !== 'event_route' || known.has(block.name)) continue
      const near = suggest(block.name, known.keys()) ?? suggest(block.name, ['xhttp:request', 'microhttpd:request'])
      const note = near === null ? 'no loaded module has it run' : `did you mean "${near}"?`
      report(cf, new ConfigError(`unknown event route "${block.name}"`, block.place, note))
    }
  }
}

/** A route with a server of its own would be asked nowhere else. */
function checkAlone(cf: Cf, main: ScriptMainConf, known: ReadonlyMap<string, ContentEvent>): void {
  for (const { own } of main.places.slice(1)) {
    for (const block of own.values()) {
      if (block.kind !== 'event_route' || known.get(block.name)?.alone !== true) continue
      report(cf, new ConfigError(`${nameOf(block)} is not allowed here`, block.place, 'it has a server of its own and stands in http { }'))
    }
  }
}

/** A module that was asked for and needs its event route has it somewhere. */
function checkRequired(cf: Cf, main: ScriptMainConf): void {
  for (const module of cf.cycle.modules) {
    const place = main.named.get(module.name)
    if (place === undefined) continue
    for (const event of module.eventRoutes ?? []) {
      if (event.required !== true || main.places.some(({ own }) => own.has(`event_route ${event.name}`))) continue
      const route = nameOf({ kind: 'event_route', name: event.name })
      report(cf, new ConfigError(`module "${module.name}" needs ${route}`, place, 'without it no request is answered'))
    }
  }
}

/** Reports a mistake once: a block is seen from many places. */
function report(cf: Cf, error: ConfigError): void {
  const { problems } = cf.cycle
  if (!problems.some((p) => p.error.message === error.message && p.error.place === error.place)) cf.report(error)
}

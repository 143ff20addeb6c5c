/** `http { … }`: the order in which the callbacks of all http modules run (nginx.md §1.7). */
import type { Cf, HttpConfs } from '../conf/cf.ts'
import type { Module } from '../module.ts'
import type { CoreLocConf } from './core/conf.ts'
import { Args, Where } from '../module.ts'
import { ConfigError, PluginError } from '../core/errors.ts'
import { defineModuleVariables, resolveVariables } from '../expr/define.ts'
import { coreLoc, coreMain } from './core/confs.ts'
import { fillErrorLogs } from './core/defaults.ts'
import { beginHooks, checkHooks, completeHooks } from './hooks/configure.ts'
import { buildLocations } from './locations.ts'
import { compilePhases } from './phases.ts'
import { buildServers } from './servers.ts'

/**
 * Makes the conf arrays of a place inside `parent`'s server (nginx's "noname" location, as `if` and `limit_except`
 * have): it bears the parent's name and is found by none. The caller reads the block with `http`.
 */
export function createLocation(cf: Cf, parent: CoreLocConf = coreLoc(cf)): { http: HttpConfs, location: CoreLocConf } {
  const http = cf.httpConfs('loc', cf.http!)
  const location = coreLoc(cf, http)
  location.name = parent.name
  location.noname = true
  location.place = cf.place
  parent.children.push(location)
  return { http, location }
}

/** The module that brings `http`. */
export const httpModule: Module = {
  name: 'http',
  type: 'core',
  directives: [{ name: 'http', where: Where.Main, args: Args.Block | Args.None, conf: 'core', set: setHttp }],
  initConf(cf) {
    const { http } = cf.cycle
    if (http !== null) fillErrorLogs(cf, coreMain(cf, http))
  },
}

function setHttp(cf: Cf): string | void {
  const { cycle } = cf
  if (cycle.http !== null) return 'is duplicate'
  const http = cycle.http = cf.httpConfs('main')
  const inHttp = cf.at(http)
  const { length } = cycle.modules
  defineModuleVariables(inHttp, httpModules(cf))
  eachModule(cf, (module) => module.preconfiguration?.(inHttp))
  attempt(cf, () => beginHooks(inHttp))
  // What is left out because of a mistake would only make up others in what follows.
  if (!cf.block(Where.Http, http)) return
  for (const name of cycle.variables.unknown()) cf.addModules(cycle.plugins.loadFor(`$${name}`) ?? [])
  for (const name of cycle.selects.roots()) cf.addModules(cycle.plugins.loadFor(`@${name}`) ?? [])
  defineModuleVariables(inHttp, cycle.modules.slice(length))
  complete(cf, cf.at(http), http)
}

/** What follows when the block was read; stops before the next step once one reported a mistake. */
function complete(cf: Cf, inHttp: Cf, http: HttpConfs): void {
  const { cycle } = cf
  const main = coreMain(cf, http)
  const before = mistakes(cf)
  eachModule(cf, (module) => module.resolveNames?.(inHttp))
  eachModule(cf, (module) => module.addServers?.(inHttp))
  const places = merges(cf, http)
  eachModule(cf, (module, index) => {
    const text = module.initMainConf?.(inHttp, http.main[index])
    if (typeof text === 'string') return text
    for (const place of places) attempt(cf, () => merge(module, index, place))
  })
  for (const server of main.servers) {
    buildLocations(server.location, null, null, server.named, (error) => cf.report(error))
  }
  if (mistakes(cf) > before) return
  attempt(cf, () => checkHooks(inHttp))
  if (mistakes(cf) > before) return
  eachModule(cf, (module) => module.postconfiguration?.(inHttp))
  resolveVariables(cf)
  if (mistakes(cf) > before) return
  attempt(cf, () => completeHooks(inHttp))
  const servers = buildServers(cf, main)
  if (mistakes(cf) > before) return
  compilePhases(cycle, main.locations)
  cycle.servers = servers
}

/** A child's confs and the ones around it that they are merged with; a server's own come before its locations. */
interface Merge { readonly cf: Cf, readonly parent: HttpConfs, readonly child: HttpConfs, readonly server: boolean }

/**
 * Every merge in nginx's order: server by server, outer before inner. Notes all locations in the core module's main
 * conf on the way.
 */
function merges(cf: Cf, http: HttpConfs): Merge[] {
  const list: Merge[] = []
  const { servers, locations } = coreMain(cf, http)
  const below = (parent: HttpConfs, location: CoreLocConf) => {
    for (const nested of location.children) {
      const child: HttpConfs = { main: parent.main, srv: parent.srv, loc: nested.confs }
      list.push({ cf: cf.at(child), parent, child, server: false })
      locations.push(nested)
      below(child, nested)
    }
  }
  for (const { ctx, location } of servers) {
    list.push({ cf: cf.at(ctx), parent: http, child: ctx, server: true })
    locations.push(location)
    below(ctx, location)
  }
  return list
}

function merge(module: Module, index: number, { cf, parent, child, server }: Merge): string | void {
  if (server) {
    const text = module.mergeSrvConf?.(cf, parent.srv[index], child.srv[index])
    if (typeof text === 'string') return text
  }
  return module.mergeLocConf?.(cf, parent.loc[index], child.loc[index])
}

function httpModules(cf: Cf): Module[] {
  return cf.cycle.modules.filter((module) => (module.type ?? 'http') === 'http')
}

/** Runs something for every http module; what it returns or throws is reported, and the next module's turn comes. */
function eachModule(cf: Cf, run: (module: Module, index: number) => string | void): void {
  cf.cycle.modules.forEach((module, index) => {
    if ((module.type ?? 'http') === 'http') attempt(cf, () => run(module, index))
  })
}

/**
 * Runs a callback; a text that it returns, a mistake or a plugin's failure that it throws, is reported. Bugs are thrown
 * on.
 */
function attempt(cf: Cf, callback: () => string | void): void {
  try {
    const text = callback()
    if (typeof text === 'string') cf.report(new ConfigError(text, cf.place))
  } catch (error) {
    if (error instanceof PluginError) cf.report(new ConfigError(error.message, cf.place, error.note))
    else if (error instanceof ConfigError) cf.report(error)
    else throw error
  }
}

function mistakes(cf: Cf): number {
  return cf.cycle.problems.filter((problem) => problem.level === 'emerg').length
}

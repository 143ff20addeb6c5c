import type { Cf, HttpConfs } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import type { CoreLocConf, CoreMainConf, CoreSrvConf } from './conf.ts'

/** The name of the core http module, by which its confs are found. */
export const httpCoreName = 'http_core'

const indexes = new WeakMap<Cycle, number>()

/**
 * The index of the core http module's confs in every conf array of a cycle. Throws when the cycle has no such module (a
 * bug).
 */
export function coreIndex(cycle: Cycle): number {
  let index = indexes.get(cycle)
  if (index === undefined) {
    index = cycle.modules.findIndex((module) => module.name === httpCoreName)
    if (index < 0) throw new Error('the core http module is not part of this cycle')
    indexes.set(cycle, index)
  }
  return index
}

/** The http level's core conf; `http` defaults to the place that is being read or merged. */
export function coreMain(cf: Cf, http: HttpConfs = cf.http!): CoreMainConf {
  return http.main[coreIndex(cf.cycle)] as CoreMainConf
}

/** The core conf of the present server. */
export function coreSrv(cf: Cf, http: HttpConfs = cf.http!): CoreSrvConf {
  return http.srv[coreIndex(cf.cycle)] as CoreSrvConf
}

/**
 * The core conf of the present location, for other modules' directives and merges: its name and kind, `handler` to bind
 * a content handler, `autoRedirect`, `noname`.
 */
export function coreLoc(cf: Cf, http: HttpConfs = cf.http!): CoreLocConf {
  return http.loc[coreIndex(cf.cycle)] as CoreLocConf
}

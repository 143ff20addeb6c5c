/**
 * upstream{} (nginx.md §11): groups of servers, how one is chosen, and the connections kept open to them. A host module
 * because it needs sockets. Health and connection counts are each worker's own, as in nginx without `zone`; `zone` is
 * read and checked only.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Module } from '../../module.ts'
import type { Cycle } from '../../cycle.ts'
import { Args, Where } from '../../module.ts'
import { ConfigError } from '../../core/errors.ts'
import { setMsec, setNum } from '../../conf/setters.ts'
import { moduleOrder } from '../order.ts'
import { UpstreamRegistry } from './group.ts'
import {
  setHash, setIpHash, setKeepalive, setLeastConn, setRandom, setServer, setUpstream, setZone, UpstreamSrvConf,
} from './directives.ts'
import { upstreamVariables } from './variables.ts'

const inUpstream = Where.Upstream

/** Every upstream of the configuration that is being read or that a cycle serves. */
export function upstreamsOf(cycle: Cycle): UpstreamRegistry {
  return cycle.http!.main[cycle.indexOf(upstreamModule)] as UpstreamRegistry
}

/**
 * The upstream module. It stands before the modules that use it, so that its groups are complete when theirs are
 * merged.
 */
export const upstreamModule: Module = {
  name: 'upstream',
  order: moduleOrder.proxy - 1,
  createMainConf: () => new UpstreamRegistry(),
  initMainConf(cf: Cf, registry: UpstreamRegistry) {
    for (const group of registry.groups) {
      try {
        group.complete(cf)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        cf.report(error)
      }
    }
  },
  createSrvConf: () => new UpstreamSrvConf(),
  directives: [
    {
      name: 'upstream', where: Where.Http, args: Args.Block | Args.Take1, conf: 'main',
      set: (cf, _directive, registry) => {
        const index = cf.cycle.indexOf(upstreamModule)
        return setUpstream(cf, registry, (srv) => srv[index] as UpstreamSrvConf)
      },
    },
    { name: 'server', where: inUpstream, args: Args.OneOrMore, conf: 'srv', set: setServer },
    { name: 'least_conn', where: inUpstream, args: Args.None, conf: 'srv', set: setLeastConn },
    { name: 'ip_hash', where: inUpstream, args: Args.None, conf: 'srv', set: setIpHash },
    { name: 'hash', where: inUpstream, args: Args.Take12, conf: 'srv', set: setHash },
    { name: 'random', where: inUpstream, args: Args.None | Args.Take12, conf: 'srv', set: setRandom },
    { name: 'keepalive', where: inUpstream, args: Args.Take12, conf: 'srv', set: setKeepalive },
    { name: 'keepalive_requests', where: inUpstream, args: Args.Take1, conf: 'srv', field: 'requests', set: setNum },
    { name: 'keepalive_time', where: inUpstream, args: Args.Take1, conf: 'srv', field: 'time', set: setMsec },
    { name: 'keepalive_timeout', where: inUpstream, args: Args.Take1, conf: 'srv', field: 'timeout', set: setMsec },
    { name: 'zone', where: inUpstream, args: Args.Take12, conf: 'srv', set: setZone },
  ],
  variables: upstreamVariables,
  exitProcess(cycle: Cycle) {
    if (cycle.http === null) return
    for (const group of upstreamsOf(cycle).groups) group.idle.close()
  },
}

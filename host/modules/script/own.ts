/** Servers that belong to one event route alone (microhttpd): no text names them, a module's parameters do. */
import type { Cf } from '../../conf/cf.ts'
import type { Answer } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { EventRoute } from '../../script/contract.ts'
import type { RouteBlock } from '../../script/ast.ts'
import type { ScriptLocConf, ScriptMainConf } from './conf.ts'
import { ConfigError, PluginError } from '../../core/errors.ts'
import { coreLoc, coreMain } from '../../http/core/confs.ts'
import { addServer } from '../../http/core/server.ts'
import { listenOn } from '../../http/listen.ts'
import { keyOf } from './conf.ts'
import { nameOf } from './blocks.ts'
import { closeUnanswered } from './run.ts'

/** The least that a request's body may have in such a server: Kamailio's `tcp_rd_buf_size` is not its limit. */
const bodySize = 1 << 20

/** Adds the servers of the event routes that stand in http{}. `index` is the module `script`. Mistakes are reported. */
export function addOwnServers(cf: Cf, main: ScriptMainConf, index: number): void {
  const outer = main.places[0]
  if (outer === undefined) return
  cf.cycle.modules.forEach((module, at) => {
    for (const event of module.eventRoutes ?? []) {
      const block = outer.own.get(keyOf('event_route', event.name))
      if (event.server === undefined || block === undefined) continue
      const place = main.named.get(module.name) ?? block.place
      try {
        addOwnServer(cf, event, cf.http!.main[at], block, index)
      } catch (error) {
        if (!(error instanceof ConfigError) && !(error instanceof PluginError)) throw error
        cf.report(new ConfigError(error.message, (error as ConfigError).place ?? place, error.note))
      }
    }
  })
}

function addOwnServer(cf: Cf, event: EventRoute, conf: unknown, block: RouteBlock, index: number): void {
  const address = event.server!(cf, conf)
  const listens = listenOn(cf, address)
  if (typeof listens === 'string') throw new ConfigError(`${listens} in "${address}" of ${nameOf(block)}`)
  for (const { text } of listens) {
    if (!coreMain(cf).listens.has(text)) continue
    throw new ConfigError(`${nameOf(block)} cannot listen on ${text}, another server does`)
  }
  const http = addServer(cf, block.place, listens)
  const place = http.loc[index] as ScriptLocConf
  place.alone = event.name
  const location = coreLoc(cf, http)
  if (place.main.file) location.clientMaxBodySize = bodySize
  location.handler = runAlone
  location.handlerConf = place
}

/** Every request of such a server is the route's, or nobody's. */
function runAlone(r: Request, { events }: ScriptLocConf): Answer {
  const bound = events[0]
  if (bound === undefined) return 500
  const { event, route } = bound
  return event.admit === undefined || event.admit(r, event.conf) ? route.withBody(r) : closeUnanswered(r)
}

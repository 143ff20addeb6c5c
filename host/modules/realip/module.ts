/**
 * realip (nginx's ngx_http_realip_module): the client's address as a trusted proxy tells it. In the host because it changes the address of the
 * connection, by which everything else decides, for the time of one request.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Connection } from '../../http/connection.ts'
import type { Request } from '../../http/request.ts'
import type { Directive, Module, Verdict } from '../../module.ts'
import type { Forwarded, Trusted } from './forwarded.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setFlag } from '../../conf/setters.ts'
import { lookUpHost } from '../../http/core/hostnames.ts'
import { parseCidr } from '../geo/cidr.ts'
import { moduleOrder } from '../order.ts'
import { forwardedAddress } from './forwarded.ts'

class RealipConf {
  from: Trusted | null | undefined = undefined
  /** Lower-case header name, or `proxy_protocol`. */
  header: string | undefined = undefined
  recursive: boolean | undefined = undefined
}

/** What the connection's address is in truth, while another stands in its place. */
const replaced = new WeakMap<Connection, Forwarded>()

/** POST_READ and again PREACCESS, for locations that believe other proxies: puts the address in its place, once per request. */
function realipHandler(r: Request, conf: RealipConf): Verdict {
  const c = r.connection
  if (replaced.has(c)) return DECLINED
  const told = conf.header === 'proxy_protocol' ? c.proxied?.sourceAddress : r.header(conf.header!)
  if (told === null || told === undefined) return DECLINED
  const found = forwardedAddress(conf.from!, c.remoteAddress, told, conf.recursive!)
  if (found === null) return DECLINED
  replaced.set(c, { address: c.remoteAddress, port: c.remotePort })
  c.remoteAddress = found.address
  c.remotePort = conf.header === 'proxy_protocol' ? c.proxied!.sourcePort : found.port
  r.onEnd(() => restore(c))
  return DECLINED
}

function restore(c: Connection): void {
  const own = replaced.get(c)
  if (own === undefined) return
  replaced.delete(c)
  c.remoteAddress = own.address
  c.remotePort = own.port
}

/** `set_real_ip_from ADDRESS|CIDR|HOST|unix:;` */
function setFrom(cf: Cf, _directive: Directive, conf: RealipConf): void {
  const word = cf.args[1]!
  const from = conf.from ??= { networks: [], unix: false }
  if (word === 'unix:') {
    from.unix = true
    return
  }
  const cidr = parseCidr(word)
  if (cidr !== null) {
    if (cidr.meaningless) cf.warn(`low address bits of ${word} are meaningless`, 1)
    from.networks.push(cidr)
    return
  }
  const found = /[/:]/.test(word) ? [] : lookUpHost(word)
  if (found.length === 0) cf.fail(`host not found in set_real_ip_from "${word}"`, 1)
  for (const { host } of found) from.networks.push(parseCidr(host)!)
}

/** `real_ip_header NAME|proxy_protocol;` */
function setHeader(cf: Cf, _directive: Directive, conf: RealipConf): string | void {
  if (conf.header !== undefined) return 'is duplicate'
  conf.header = cf.args[1]!.toLowerCase()
}

const where = Where.Http | Where.Server | Where.Location
const active = (conf: RealipConf): boolean => conf.from !== null && conf.from !== undefined

/** The realip module. */
export const realipModule: Module = {
  name: 'realip',
  order: moduleOrder.realip,
  createLocConf: () => new RealipConf(),
  mergeLocConf: (_cf, parent: RealipConf, child: RealipConf) =>
    mergeValues(parent, child, { from: null, header: 'x-real-ip', recursive: false }),
  directives: [
    { name: 'set_real_ip_from', where, args: Args.Take1, conf: 'loc', set: setFrom },
    { name: 'real_ip_header', where, args: Args.Take1, conf: 'loc', set: setHeader },
    { name: 'real_ip_recursive', where, args: Args.Flag, conf: 'loc', set: setFlag, field: 'recursive' },
  ],
  variables: [
    { name: 'realip_remote_addr', get: (r) => replaced.get(r.connection)?.address ?? r.remoteAddress },
    { name: 'realip_remote_port', get: (r) => portText(replaced.get(r.connection)?.port ?? r.connection.remotePort) },
  ],
  phases: [
    { phase: Phase.PostRead, handler: realipHandler, active },
    { phase: Phase.Preaccess, handler: realipHandler, active },
  ],
}

function portText(port: number): string {
  return port > 0 ? String(port) : ''
}

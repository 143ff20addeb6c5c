/** SIP of a configuration, ready to serve. */
import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import type { SipExchange } from '../../sip/exchange.ts'
import type { SipListen, SipMain } from '../../sip/listens.ts'
import type { Endpoint } from '../../sip/message.ts'
import type { Program, ScriptRoute } from '../../script/program.ts'
import type { ScriptRun } from '../../script/run.ts'
import type { SipConf } from './conf.ts'
import { randomBytes } from 'node:crypto'
import { serverName } from '../../http/headwriter.ts'
import { endpointOf } from '../../sip/listens.ts'
import { OwnAddresses } from '../../sip/localaddress.ts'

const defaults = { maxMessage: 65536, idleTimeout: 120_000, messageTimeout: 10_000 }

/** What the routes are bound to. */
interface Bound {
  readonly program: Program
  readonly request: ScriptRoute
  readonly reply: ScriptRoute | null
}

/** The SipMain of a `sip` block. */
export class SipServing implements SipMain {
  readonly listens: readonly SipListen[]
  readonly maxMessage: number
  readonly idleTimeout: number
  readonly messageTimeout: number
  readonly serverLine: string
  private readonly aliases: ReadonlySet<string>
  private readonly bound: Bound
  private readonly zone: Zone
  private known: string | null = null
  private readonly own = new OwnAddresses()
  private readonly advertised: readonly Endpoint[]

  /** `serverHeader`: the whole line that stands in the place of `Server: …`; null: the server's own, '' none. */
  constructor(conf: SipConf, bound: Bound, zone: Zone, serverHeader: string | null) {
    this.listens = conf.listens
    this.aliases = conf.aliases
    this.advertised = conf.listens.flatMap(({ advertise }) => advertise === null ? [] : [endpointOf(advertise.toLowerCase())])
    this.maxMessage = conf.maxMessage ?? defaults.maxMessage
    this.idleTimeout = conf.idleTimeout ?? defaults.idleTimeout
    this.messageTimeout = conf.messageTimeout ?? defaults.messageTimeout
    this.serverLine = serverHeader === null ? serverName('on') : serverHeader.replace(/^[^:]*:\s*/, '').replace(/[\r\n][^]*/, '')
    this.bound = bound
    this.zone = zone
  }

  /** The same in all workers, and in every configuration of this server. */
  secret(): string {
    if (this.known !== null) return this.known
    const { store } = this.zone
    store.add('secret', Buffer.from(randomBytes(20).toString('hex')), 0)
    return this.known = store.get('secret')!.toString()
  }

  isLocal(host: string, port: number): boolean {
    const name = host.toLowerCase()
    if (this.aliases.has(name) || (port !== 0 && this.aliases.has(`${name}:${port}`))) return true
    for (const told of this.advertised) {
      if (told.address === name && (port === 0 || told.port === 0 || told.port === port)) return true
    }
    return this.own.has(this.listens, host, port)
  }

  request(exchange: SipExchange): void | Promise<void> {
    const { program, request } = this.bound
    const run = program.start(request, exchange)
    if (run instanceof Promise) return run.then((ended) => over(ended, exchange))
    over(run, exchange)
  }

  response(exchange: SipExchange): boolean {
    const { program, reply } = this.bound
    if (reply === null) return true
    const run = program.start(reply, exchange)
    return run instanceof Promise || !run.dropped
  }
}

/** A script that failed has not answered: somebody should. */
function over(run: ScriptRun, exchange: SipExchange): void {
  if (run.failed && !exchange.final && !exchange.forwarded) exchange.reply(500, 'Server Internal Error', '', '')
}

/** The zone that keeps the secret. */
export function secretZone(cf: Cf): Zone {
  const zone = cf.cycle.zones.add('sip:secret', 1 << 17, 'zone')
  zone.settings ??= { evict: false, file: null, sync: 1000 }
  return zone
}

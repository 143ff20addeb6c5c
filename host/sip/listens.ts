import type { Place } from '../core/place.ts'
import type { SipExchange } from './exchange.ts'
import type { Endpoint } from './message.ts'

/** One address that SIP is received on. */
export interface SipListen {
  readonly protocol: 'udp' | 'tcp'
  /** Numeric, without brackets; `0.0.0.0` and `::` are every address of the family. */
  readonly host: string
  readonly port: number
  /** As messages and the log name it: `udp:127.0.0.1:5060`. */
  readonly name: string
  /** What peers are told instead of the address, `HOST[:PORT]`; null: the address itself. */
  readonly advertise: string | null
  /** What `$Rn` says, null for nothing. */
  readonly title: string | null
  readonly place: Place | null
}

/** How a cycle deals with SIP: where it listens, and what its routes do with a message. */
export interface SipMain {
  readonly listens: readonly SipListen[]
  /** Bytes of the longest message on a stream. */
  readonly maxMessage: number
  /** Milliseconds that a stream may stay without a message, and that a message may take to arrive. */
  readonly idleTimeout: number
  readonly messageTimeout: number
  /** Makes tags and branches that only this server (all its workers) makes. */
  secret(): string
  /** What a reply's `Server` line says; '' for none. */
  readonly serverLine: string
  /** Whether a host and port (0: any) is one of the addresses listened on. */
  isLocal(host: string, port: number): boolean
  /** Runs the routes for a request. */
  request(exchange: SipExchange): void | Promise<void>
  /** Runs the routes for a response that belongs to somebody behind this server: false when it is to be dropped. */
  response(exchange: SipExchange): boolean
}

/** `host` as it stands in a URI or Via. */
export function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

/** `host` without the brackets of IPv6. */
export function unbracketed(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** `host:port` as it stands in a Via, and as host/http names the same TCP address. */
export function sentBy(host: string, port: number): string {
  return `${bracketed(host)}:${port}`
}

/** `HOST[:PORT]`: the host without brackets, port 0 where there is none. */
export function endpointOf(text: string): Endpoint {
  const [, host = text, port = '0'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? []
  return { address: unbracketed(host), port: Number(port) }
}

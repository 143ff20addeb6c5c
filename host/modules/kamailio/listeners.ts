/** Which sockets the `listen=` lines of a Kamailio file mean. */
import { networkInterfaces } from 'node:os'
import { isIPv4, isIPv6 } from 'node:net'
import type { Place } from '../../core/place.ts'
import type { ScriptFile } from '../../script/ast.ts'

/** One address to listen on as nginx's `listen` writes it. */
export interface HttpListen {
  readonly place: Place
  readonly address: string
}

/** Kamailio's port, when neither the line nor `port=` names one. */
const DEFAULT_PORT = 5060

/** One address for SIP as the `sip` block's `listen` writes it, `udp:127.0.0.1:5060`. */
export interface SipAddress {
  readonly place: Place
  readonly address: string
  readonly advertise: string | null
  readonly name: string | null
}

/** The sockets of a file; `other` are protocols that there are not. TCP addresses carry HTTP and SIP. */
export interface Listeners {
  readonly http: readonly HttpListen[]
  readonly sip: readonly SipAddress[]
  readonly other: readonly { readonly place: Place, readonly protocol: string }[]
}

/**
 * The listeners of a file. Without any `listen=` it is this machine alone (Kamailio opens every address: one has to ask for that here), and nothing
 * when no route would answer there. `begin` is the place of the file's start.
 */
export function listenersOf(file: ScriptFile, begin: Place): Listeners {
  const set = file.settings.findLast(({ name }) => name === 'port')?.value
  const standard = typeof set === 'number' && set > 0 ? set : DEFAULT_PORT
  if (file.listens.length === 0) {
    if (!file.routes.some(({ kind, name }) => kind === 'request_route' || (kind === 'event_route' && name.startsWith('xhttp:')))) return { http: [], sip: [], other: [] }
    const sip = ['udp', 'tcp'].map((protocol) => ({ place: begin, address: `${protocol}:127.0.0.1:${standard}`, advertise: null, name: null }))
    return { http: [{ place: begin, address: `127.0.0.1:${standard}` }], sip, other: [] }
  }
  const http: HttpListen[] = []
  const sip: SipAddress[] = []
  const other: { place: Place, protocol: string }[] = []
  for (const { place, protocol, address, port, advertise, name } of file.listens) {
    if (protocol !== null && protocol !== 'tcp' && protocol !== 'udp') {
      other.push({ place, protocol })
      continue
    }
    for (const host of hostsOf(address)) {
      const text = `${host}:${port === 0 ? standard : port}`
      for (const one of protocol === null ? ['udp', 'tcp'] : [protocol]) {
        if (!sip.some((known) => known.address === `${one}:${text}`)) sip.push({ place, address: `${one}:${text}`, advertise, name })
        if (one === 'tcp' && !http.some((known) => known.address === text)) http.push({ place, address: text })
      }
    }
  }
  return { http, sip, other }
}

/** An interface is all of its addresses; IPv6 goes into brackets. */
function hostsOf(address: string): string[] {
  if (isIPv6(address)) return [`[${address}]`]
  if (isIPv4(address) || address.startsWith('[') || address === '*') return [address]
  const found = networkInterfaces()[address]
  // A link-local address needs a scope, which nginx's `listen` has no form for.
  return found === undefined ? [address] : found.filter((one) => !one.address.startsWith('fe80:')).map((one) =>
    one.family === 'IPv6' ? `[${one.address}]` : one.address)
}

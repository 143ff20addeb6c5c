/**
 * What selects and routes see of a message, whatever protocol brought it: SIP bytes (sipmessage.ts) or an HTTP request (httpmessage.ts).
 * All texts are byte strings. Kamailio treats an HTTP request as a message too, so that one route serves both.
 */
import type { Parsed } from './parsed.ts'
import type { MessageState } from './state.ts'

/** One end of the way a message came: address in text without brackets, port 0 where there is none (unix sockets). */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** How the message came. `protocol` in lower case: udp tcp tls sctp ws wss. */
export interface Transport {
  readonly protocol: string
  readonly source: Endpoint
  readonly destination: Endpoint
}

export interface Message {
  readonly kind: 'sip' | 'http'
  /** Request or response; false for both when the first line could not be understood. */
  readonly isRequest: boolean
  readonly isResponse: boolean
  /** '' in a response. */
  readonly method: string
  /** The target of the first line, as received: SIP request URI, HTTP target. '' in a response. */
  readonly target: string
  /** As in the first line: `SIP/2.0`, `HTTP/1.1`. */
  readonly version: string
  /** Digits of the status line, '' in a request. */
  readonly status: string
  readonly reason: string
  /** The first line without its end. */
  readonly firstLine: string
  /** The whole message, as far as it is in memory. */
  readonly text: string
  /** All header lines with their ends and the empty line. */
  readonly headerText: string
  /** Null while it is not in memory (an HTTP body that was not read). */
  readonly body: string | null
  /** Number of header lines. */
  readonly count: number
  /** Name of line `i` as received; `i` in 0…count−1. */
  name(i: number): string
  /** Value of line `i`, without white space around it; folds are kept as received. */
  value(i: number): string
  /**
   * The first line from number `from` on that has this name, or −1. `id` is the name's id of names.ts (0 for none): with an id the
   * short form of the name counts as well, in SIP; `lower` is the name in lower case.
   */
  find(id: number, lower: string, from: number): number
  /** Null when there is no such thing: a timer's message. */
  readonly transport: Transport | null
  /** TLS of the connection, null without. */
  readonly tls: TlsInfo | null
  /** Counts up with each message of the worker. */
  readonly serial: number
  /** What the script changed so far; null where no script runs. */
  readonly state: MessageState | null
  /** What was understood of the headers so far. */
  readonly parsed: Parsed
}

/** What the tls selects ask of a connection; null where a thing is not there. Texts are UTF-8 as byte strings. */
export interface TlsInfo {
  readonly version: string
  readonly cipher: string
  readonly bits: number
  /** The cipher as OpenSSL describes it, with a line feed at its end; null when unknown. */
  readonly description: string | null
  readonly serverName: string | null
  readonly peer: CertificateInfo | null
  readonly local: CertificateInfo | null
  /** Whether the peer's certificate was checked against a CA and found good. */
  readonly verified: boolean
  readonly revoked: boolean
  readonly expired: boolean
  readonly selfSigned: boolean
  /** PEM of certificate `n` of the verified chain, 0 being the peer's own. */
  chain(n: number): string | null
}

/** One certificate. */
export interface CertificateInfo {
  /** X.509's field: 2 means v3. */
  readonly version: number
  /** Decimal. */
  readonly serial: string
  /** `Nov 20 14:59:20 2026 GMT`. */
  readonly notBefore: string
  readonly notAfter: string
  readonly pem: string
  /** First value of a component of the name, by its short name (CN, L, C, ST, O, OU, UID). */
  subject(component: string): string | null
  issuer(component: string): string | null
  /** First alternative name of a kind. */
  alternative(kind: 'email' | 'dns' | 'uri' | 'ip'): string | null
}

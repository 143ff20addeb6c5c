/** `$ssl_…` (nginx-variables.csv). Without a value where node:tls does not tell: see module.ts. */
import type { X509Certificate } from 'node:crypto'
import type { VariableDefinition } from '../../module.ts'
import type { TlsSession } from '../../net/tls.ts'
import { bytesOf } from '../../core/text.ts'

type Ask<T> = (of: T) => string | null

/** A variable of the connection's TLS; no value without TLS, or when there is nothing to say. */
function session(name: string, ask: Ask<TlsSession>): VariableDefinition {
  return {
    name: `ssl_${name}`, changeable: true,
    get: (r) => {
      const { secure } = r.connection
      const value = secure === null ? null : ask(secure)
      return value === '' ? null : value
    },
  }
}

/** A variable of the client's certificate. */
function client(name: string, ask: Ask<X509Certificate>): VariableDefinition {
  return session(`client_${name}`, ({ peer }) => peer === null ? null : bytesOf(ask(peer) ?? ''))
}

/** A distinguished name of node:crypto has one attribute a line, in the certificate's order; RFC 2253 turns that around. */
function dn(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(',')
}

function legacyDn(lines: string | undefined): string {
  return lines === undefined || lines === '' ? '' : `/${lines.split('\n').join('/')}`
}

/** The session id inside of a session in ASN.1: the fourth element of the sequence (ssl_asn1.c). */
export function sessionId(session: Buffer | undefined): string {
  if (session === undefined) return ''
  let at = 0
  const element = (): { type: number, start: number, end: number } => {
    const type = session[at] ?? 0
    let length = session[at + 1] ?? 0
    at += 2
    if (length >= 128) {
      const size = length - 128
      if (size > 4 || at + size > session.length) return { type: 0, start: at, end: at }
      length = size === 0 ? 0 : session.readUIntBE(at, size)
      at += size
    }
    return { type, start: at, end: Math.min(at + length, session.length) }
  }
  at = element().start
  for (let i = 0; i < 3; i++) at = element().end
  const id = element()
  return id.type === 4 ? session.subarray(id.start, id.end).toString('hex') : ''
}

function verified({ peer, failure }: TlsSession): string {
  return peer === null ? 'NONE' : failure === null ? 'SUCCESS' : `FAILED:${failure.text}`
}

/** A PEM text with every line but the first indented, as a header continued it once. */
function folded(pem: string): string {
  return pem.trimEnd().replaceAll('\n', '\n\t')
}

function daysLeft(until: string): string {
  const left = Date.parse(until) - Date.now()
  return String(Math.max(0, Math.floor(left / 86_400_000)))
}

const none = (): null => null
const untold = ['ciphers', 'curve', 'curves', 'sigalg', 'sigalgs', 'early_data', 'ech_status', 'ech_outer_server_name', 'client_sigalg']

/** The variables of the ssl module. */
export const sslVariables: readonly VariableDefinition[] = [
  session('protocol', (s) => s.socket.getProtocol()),
  session('cipher', (s) => s.socket.getCipher()?.name ?? null),
  session('session_id', (s) => sessionId(s.socket.getSession())),
  session('session_reused', (s) => s.socket.isSessionReused() ? 'r' : '.'),
  session('server_name', (s) => s.name),
  session('alpn_protocol', (s) => s.socket.alpnProtocol === false ? null : s.socket.alpnProtocol),
  ...untold.map((name) => session(name, none)),
  session('client_verify', verified),
  client('cert', (c) => folded(c.toString())),
  client('raw_cert', (c) => c.toString()),
  client('escaped_cert', (c) => encodeURIComponent(c.toString()).replace(/[!'()*]/g, (x) => `%${x.charCodeAt(0).toString(16).toUpperCase()}`)),
  client('s_dn', (c) => dn(c.subject)),
  client('i_dn', (c) => dn(c.issuer)),
  client('s_dn_legacy', (c) => legacyDn(c.subject)),
  client('i_dn_legacy', (c) => legacyDn(c.issuer)),
  client('serial', (c) => c.serialNumber),
  client('fingerprint', (c) => c.fingerprint.replaceAll(':', '').toLowerCase()),
  client('v_start', (c) => c.validFrom),
  client('v_end', (c) => c.validTo),
  client('v_remain', (c) => daysLeft(c.validTo)),
]

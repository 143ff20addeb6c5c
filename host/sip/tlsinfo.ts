/** What the tls selects ask, of a connection accepted by host/net/tls.ts. Texts of certificates as UTF-8 byte strings. */
import type { X509Certificate } from 'node:crypto'
import type { TlsSession } from '../net/tls.ts'
import type { CertificateInfo, TlsInfo } from './message.ts'
import { bytesOf } from '../core/text.ts'

const expired = 10
const selfSigned = 18
const revoked = 23

/** The first value of a component in a name as node:crypto prints it: one `NAME=value` a line, special characters escaped. */
function component(name: string | undefined, wanted: string): string | null {
  for (const line of (name ?? '').split('\n')) {
    if (line.startsWith(`${wanted}=`)) return bytesOf(line.slice(wanted.length + 1).replace(/\\(.)/g, '$1'))
  }
  return null
}

const kinds = { email: 'email:', dns: 'DNS:', uri: 'URI:', ip: 'IP Address:' } as const

/** The first alternative name of a kind in the text of node:crypto: `DNS:a, IP Address:B`, quoted where a value holds a comma. */
function alternative(text: string | undefined, kind: keyof typeof kinds): string | null {
  for (const [written] of (text ?? '').matchAll(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g)) {
    const entry = written.trim()
    if (!entry.startsWith(kinds[kind])) continue
    const value = entry.slice(kinds[kind].length)
    return plainName(value, kind === 'ip')
  }
  return null
}

/** Without the runtime's quotes; IPv6 in its short form. Null for what the certificate has wrong. */
function plainName(value: string, address: boolean): string | null {
  try {
    const plain = value.startsWith('"') ? JSON.parse(value) as string : value
    return bytesOf(address && plain.includes(':') ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain)
  } catch {
    return null
  }
}

/** Version field of a certificate (RFC 5280 §4.1.2.1): Certificate, TBSCertificate, then [0] with an integer; absent means 0. */
function versionOf(der: Buffer): number {
  const inner = skipHeader(der, skipHeader(der, 0))
  return der[inner] === 0xa0 && der[inner + 2] === 2 && der[inner + 3] === 1 ? der[inner + 4]! : 0
}

function skipHeader(der: Buffer, at: number): number {
  const length = der[at + 1] ?? 0
  return at + 2 + (length > 127 ? length & 127 : 0)
}

/** One certificate as the selects see it. */
export function certificateInfo(certificate: X509Certificate): CertificateInfo {
  return {
    version: versionOf(certificate.raw),
    serial: BigInt(`0x${certificate.serialNumber}`).toString(),
    notBefore: certificate.validFrom,
    notAfter: certificate.validTo,
    pem: certificate.toString(),
    subject: (wanted) => component(certificate.subject, wanted),
    issuer: (wanted) => component(certificate.issuer, wanted),
    alternative: (kind) => alternative(certificate.subjectAltName, kind),
  }
}

/** Strength of a cipher by its OpenSSL name, 0 when it is not known. */
export function cipherBits(name: string): number {
  if (/AES_?256|CHACHA20|ARIA256|CAMELLIA256/.test(name)) return 256
  if (/AES_?128|ARIA128|CAMELLIA128/.test(name)) return 128
  return name.includes('3DES') || name.includes('DES-CBC3') ? 168 : 0
}

/** The line of SSL_CIPHER_description for the ciphers in use today, null for others: the runtime does not tell it. */
export function cipherDescription(name: string, version: string): string | null {
  const tls13 = name.startsWith('TLS_')
  const aead = /GCM|CHACHA20/.test(name)
  if (!aead || name.includes('CCM')) return null
  const exchange = tls13 ? 'any' : name.startsWith('ECDHE') ? 'ECDH' : name.startsWith('DHE') ? 'DH' : name.startsWith('AES') ? 'RSA' : ''
  if (exchange === '') return null
  const signature = tls13 ? 'any' : name.includes('ECDSA') ? 'ECDSA' : 'RSA'
  const encryption = name.includes('CHACHA20') ? 'CHACHA20/POLY1305(256)' : `AESGCM(${cipherBits(name)})`
  return `${name.padEnd(30)} ${version.padEnd(7)} Kx=${exchange.padEnd(8)} Au=${signature.padEnd(5)} Enc=${encryption.padEnd(22)} Mac=AEAD\n`
}

/** The TLS of one connection. Certificates are read when a select first asks. */
export class SessionInfo implements TlsInfo {
  private readonly session: TlsSession
  private peerInfo: CertificateInfo | null | undefined = undefined
  private localInfo: CertificateInfo | null | undefined = undefined

  constructor(session: TlsSession) {
    this.session = session
  }

  get version(): string { return this.session.socket.getProtocol() ?? '' }
  get cipher(): string { return this.session.socket.getCipher()?.name ?? '' }
  get bits(): number { return cipherBits(this.cipher) }
  get description(): string | null { return cipherDescription(this.cipher, this.session.socket.getCipher()?.version ?? '') }
  get serverName(): string | null { return this.session.name === '' ? null : this.session.name }
  get verified(): boolean { return this.session.peer !== null && this.session.failure === null }
  get revoked(): boolean { return this.session.failure?.number === revoked }
  get expired(): boolean { return this.session.failure?.number === expired }
  get selfSigned(): boolean { return this.session.failure?.number === selfSigned }

  get peer(): CertificateInfo | null {
    if (this.peerInfo === undefined) this.peerInfo = this.session.peer === null ? null : certificateInfo(this.session.peer)
    return this.peerInfo
  }

  get local(): CertificateInfo | null {
    if (this.localInfo === undefined) {
      const own = this.session.socket.getX509Certificate()
      this.localInfo = own === undefined ? null : certificateInfo(own)
    }
    return this.localInfo
  }

  chain(n: number): string | null {
    let at: X509Certificate | undefined = this.session.peer ?? undefined
    for (; n > 0 && at !== undefined; n--) at = at.issuerCertificate
    return at?.toString() ?? null
  }
}

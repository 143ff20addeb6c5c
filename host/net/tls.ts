/** TLS of accepted connections by node:tls, one TlsServer per server of the configuration. */
import type { Socket } from 'node:net'
import type { X509Certificate } from 'node:crypto'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { TLSSocket, createSecureContext } from 'node:tls'

/** Whether clients must show a certificate: `optional` looks at one that comes, `optional_no_ca` takes one of any issuer. */
export type VerifyClient = 'off' | 'on' | 'optional' | 'optional_no_ca'

/** How one server speaks TLS. Certificates are loaded; nothing is read from files any more. */
export class TlsServer {
  readonly verify: VerifyClient
  /** Intermediate issuers that a client's certificate may have. */
  readonly depth: number
  /** Every handshake that names this server is refused. */
  readonly reject: boolean
  /** What verification depends on: a client that one server verified is known to another whose text is the same. */
  readonly trust: string
  private readonly options: SecureContextOptions
  private readonly ticketKeys: () => Buffer | null
  private made: SecureContext | null = null

  /** `ticketKeys`: 48 secret bytes that all workers share, asked for once; null: each worker has its own. */
  constructor(options: SecureContextOptions, verify: VerifyClient, depth: number, trust: string, reject: boolean, ticketKeys: () => Buffer | null) {
    this.options = options
    this.verify = verify
    this.depth = depth
    this.trust = trust
    this.reject = reject
    this.ticketKeys = ticketKeys
  }

  private get context(): SecureContext {
    if (this.made === null) {
      const ticketKeys = this.ticketKeys()
      this.made = createSecureContext(ticketKeys === null ? this.options : { ...this.options, ticketKeys })
    }
    return this.made
  }

  /** Begins TLS on an accepted socket, whose first bytes may have been put back by `unshift`. `secure` is emitted after the handshake. */
  wrap(raw: Socket): TLSSocket {
    return new TLSSocket(raw, {
      isServer: true, secureContext: this.context, requestCert: this.verify !== 'off', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'],
    })
  }
}

/** The alert that answers a name that is not served: fatal, unrecognized_name (RFC 6066 §3). */
export const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112])

/** `error:0A000102:SSL routines::unsupported protocol`, as OpenSSL 3 words a failure; the runtime's own words when it is not OpenSSL's. */
export function opensslText(error: unknown): string {
  const { message = String(error) } = error as Error
  const match = /error:([0-9A-F]{8}):([^:]*):[^:]*:([^:\n]*)/.exec(message)
  return match === null ? message : `error:${match[1]}:${match[2]}::${match[3]}`
}

/** What the runtime knows of a verification and keeps on the handle of a TLSSocket. Its own tls.Server asks there too. */
interface Verifier { verifyError(): (Error & { code?: string }) | null | undefined }

/** A failed verification: OpenSSL's number and words. */
export interface VerifyFailure { readonly number: number, readonly text: string }

/** OpenSSL's numbers of the failures that a client's certificate can have (x509_vfy.h). */
const failureNumbers: Readonly<Record<string, number>> = {
  UNABLE_TO_GET_ISSUER_CERT: 2, UNABLE_TO_GET_CRL: 3, CERT_SIGNATURE_FAILURE: 7, CRL_SIGNATURE_FAILURE: 8, CERT_NOT_YET_VALID: 9,
  CERT_HAS_EXPIRED: 10, CRL_NOT_YET_VALID: 11, CRL_HAS_EXPIRED: 12, DEPTH_ZERO_SELF_SIGNED_CERT: 18, SELF_SIGNED_CERT_IN_CHAIN: 19,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 20, UNABLE_TO_VERIFY_LEAF_SIGNATURE: 21, CERT_CHAIN_TOO_LONG: 22, CERT_REVOKED: 23,
  INVALID_CA: 24, PATH_LENGTH_EXCEEDED: 25, INVALID_PURPOSE: 26, CERT_UNTRUSTED: 27, CERT_REJECTED: 28,
}
/** Failures that only say that the issuer is not known: `optional_no_ca` takes these. */
const issuerUnknown = new Set([18, 19, 20, 21, 27])

/** An established TLS connection: what the log and `$ssl_…` tell of it, and whether its client may go on. */
export class TlsSession {
  readonly socket: TLSSocket
  /** The server that answered the handshake. */
  readonly server: TlsServer
  /** The host name that the client asked for, validated and lower case; '' for none. */
  readonly name: string
  /** The client's certificate, or null. */
  readonly peer: X509Certificate | null
  /** Why the client's certificate is not trusted; null when it is, or when there is none. */
  readonly failure: VerifyFailure | null

  constructor(socket: TLSSocket, server: TlsServer, name: string) {
    this.socket = socket
    this.server = server
    this.name = name
    this.peer = server.verify === 'off' ? null : socket.getPeerX509Certificate() ?? null
    this.failure = this.peer === null ? null : this.verify()
  }

  /** The failure belongs to those that `optional_no_ca` takes. */
  get onlyIssuerUnknown(): boolean { return this.failure !== null && issuerUnknown.has(this.failure.number) }

  private verify(): VerifyFailure | null {
    const error = (this.socket as unknown as { _handle: Verifier | null })._handle?.verifyError()
    if (error !== null && error !== undefined) {
      // Behind a semicolon the runtime gives advice about itself.
      return { number: failureNumbers[error.code ?? ''] ?? 1, text: error.message.split(';')[0]! }
    }
    // node:tls has no verify depth: a chain without its two ends are the intermediate issuers.
    let links = 0
    for (let at = this.socket.getPeerCertificate(true); links < 16 && at?.issuerCertificate !== undefined; at = at.issuerCertificate) {
      if (at.issuerCertificate.fingerprint256 === at.fingerprint256) break
      links++
    }
    return links - 1 > this.server.depth ? { number: 22, text: 'certificate chain too long' } : null
  }
}

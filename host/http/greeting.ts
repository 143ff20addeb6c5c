/** What comes on a connection before HTTP: a PROXY protocol header, a TLS handshake, or both. */
import type { Socket } from 'node:net'
import type { LogContext } from '../core/log.ts'
import type { ProxiedAddresses } from '../net/proxyprotocol.ts'
import type { HttpEngine } from './engine.ts'
import type { Request } from './request.ts'
import type { ListenAddress } from './servers.ts'
import { Level } from '../core/log.ts'
import { errnoText } from '../core/errors.ts'
import { helloName } from '../net/hello.ts'
import { peerOf } from '../net/peer.ts'
import type { Peer } from '../net/peer.ts'
import { readProxyHeader } from '../net/proxyprotocol.ts'
import { TlsSession, opensslText, unrecognizedName } from '../net/tls.ts'
import { parseHost } from './framing/host.ts'
import { checkClient, refusePlain } from './secure.ts'

const nothing = Buffer.alloc(0)

/**
 * An accepted connection until its first HTTP byte. Connections to addresses without `ssl` and `proxy_protocol` never have one. The engine
 * watches `deadline`; client_header_timeout is the limit for all of it, as in nginx.
 */
export class Greeting implements LogContext {
  private readonly engine: HttpEngine
  private readonly raw: Socket
  readonly address: ListenAddress
  readonly logSerial: number
  readonly peer: Peer
  readonly deadline: number
  private bytes: Buffer = nothing
  private action = ''
  private over = false
  private proxyExpected: boolean
  /** What a PROXY header said. */
  proxied: ProxiedAddresses | null = null
  /** TLS, once it is established. */
  session: TlsSession | null = null
  /** Asked of every request of the connection: 0, or the status to answer. */
  guard: ((r: Request) => number) | null = null
  private readonly onData = (data: Buffer): void => this.received(data)
  private readonly onEnd = (): void => this.ended(null)

  constructor(engine: HttpEngine, raw: Socket, address: ListenAddress, serial: number) {
    this.engine = engine
    this.raw = raw
    this.peer = peerOf(raw, address)
    this.address = address.at(this.peer.localAddress)
    this.logSerial = serial
    this.proxyExpected = address.proxyProtocol
    this.deadline = engine.now + this.address.defaultServer.clientHeaderTimeout
    raw.setNoDelay(true)
    raw.on('data', this.onData).on('end', this.onEnd)
    raw.on('error', () => {}).on('close', this.onEnd)
    raw.resume()
  }

  logSuffix(): string {
    return `${this.action}, client: ${this.peer.remoteAddress}, server: ${this.address.name}`
  }

  /** Ends it without a word: shutdown of the worker. */
  abort(): void {
    this.finish()
    this.raw.destroy()
  }

  /** The wait took too long. */
  timedOut(): void {
    this.fail(Level.info, 'client timed out (110: Connection timed out)')
  }

  private received(data: Buffer): void {
    this.bytes = this.bytes.length === 0 ? data : Buffer.concat([this.bytes, data])
    if (this.proxyExpected && !this.readProxy()) return
    if (!this.address.ssl) return this.plain()
    if (this.bytes.length === 0) return
    this.action = ' while SSL handshaking'
    // nginx tells TLS from HTTP by the first byte: a handshake record, or SSLv2's.
    if (this.bytes[0] !== 22 && this.bytes[0]! < 128) {
      this.action = ''
      this.guard = refusePlain
      return this.plain()
    }
    const name = helloName(this.bytes)
    if (name !== null) this.secure(name)
  }

  /** Takes the PROXY header off; false when it is not complete, or the connection ended because it is none. */
  private readProxy(): boolean {
    this.action = ' while reading PROXY protocol'
    const header = readProxyHeader(this.bytes)
    if (header === null) return false
    if (typeof header === 'string') {
      this.fail(Level.error, header)
      return false
    }
    this.action = ''
    this.proxyExpected = false
    this.proxied = header.addresses
    this.bytes = this.bytes.subarray(header.length)
    return true
  }

  /** HTTP without TLS follows. */
  private plain(): void {
    this.finish()
    // The bytes that came with the header, and what the stream holds besides.
    const more = this.raw.read() as Buffer | null
    this.engine.greeted(this, this.raw, more === null ? this.bytes : Buffer.concat([this.bytes, more]))
  }

  /** The name of the hello is known: the server that has it answers the handshake. */
  private secure(hello: string): void {
    const name = parseHost(hello)?.host ?? ''
    const found = this.address.find(name, null).tls
    const server = found ?? this.address.defaultServer.tls
    if (server === null || server.reject) {
      this.raw.end(unrecognizedName)
      return this.fail(Level.info, 'handshake rejected', false)
    }
    const { raw } = this
    raw.off('data', this.onData).off('end', this.onEnd)
    raw.pause()
    raw.unshift(this.bytes)
    const socket = server.wrap(raw)
    const failed = (error: unknown): void => this.handshakeFailed(error)
    socket.on('error', failed)
    socket.once('end', this.onEnd)
    socket.once('secure', () => {
      if (this.over) return
      socket.off('end', this.onEnd)
      this.session = new TlsSession(socket, server, name)
      this.guard = checkClient
      this.finish()
      this.engine.greeted(this, socket, nothing)
    })
    socket.resume()
  }

  private handshakeFailed(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNRESET' || code === 'EPIPE') return this.ended(error)
    this.fail(Level.info, `SSL_do_handshake() failed (SSL: ${opensslText(error)})`)
  }

  /** The client went away. */
  private ended(error: unknown): void {
    if (this.action === ' while SSL handshaking') {
      const why = error === null ? '' : ` (${errnoText(error as NodeJS.ErrnoException)})`
      return this.fail(Level.info, `peer closed connection in SSL handshake${why}`)
    }
    if (this.proxyExpected && this.bytes.length > 0) {
      return this.fail(Level.error, `broken header: "${this.bytes.latin1Slice(0, Math.min(this.bytes.length, 107))}"`)
    }
    this.finish()
    this.raw.destroy()
  }

  private fail(level: Level, message: string, destroy = true): void {
    if (this.over) return
    this.engine.log(level, message, this)
    this.finish()
    if (destroy) this.raw.destroy()
  }

  private finish(): void {
    if (this.over) return
    this.over = true
    this.raw.off('data', this.onData).off('end', this.onEnd).off('close', this.onEnd)
    this.engine.greetings.delete(this)
  }
}

import type { Verdict } from '../module.ts'
import type { HttpEngine, Running } from './engine.ts'
import type { Greeting } from './greeting.ts'
import type { ListenAddress } from './servers.ts'
import type { ProxiedAddresses } from '../net/proxyprotocol.ts'
import type { TlsSession } from '../net/tls.ts'
import type { HeadLimits } from './framing/parser.ts'
import type { LogContext } from '../core/log.ts'
import type { CoreLocConf } from './core/conf.ts'
import type { LocationTree } from './locations.ts'
import type { Request as RequestType } from './request.ts'
import type { HookRecord } from './hooks/record.ts'
import { ERROR, OK } from '../module.ts'
import type { ByteSink, ByteStream } from '../net/bytestream.ts'
import type { Peer } from '../net/peer.ts'
import { Request } from './request.ts'
import { clientGone, peerClosed } from './departure.ts'
import { State } from './connstate.ts'
import { readOffset } from './framing/memory.ts'
import { arrived, keepInput, readOn } from './input.ts'
import { HeadResume } from './framing/parser.ts'
import { keepsBadly } from './browsers.ts'
import { endConnection } from './hooks/lists.ts'
import { headLimits, waitForRequest } from './intake.ts'

/** Bytes of a head as they came, to be compared with those of the next. */
export interface KnownBytes { readonly bytes: DataView, readonly length: number }

/** A Host value with what it means. */
export interface KnownHost extends KnownBytes { readonly host: string, readonly port: number }

/** A path, and the location that was found for it. */
export interface KnownPath extends KnownBytes {
  readonly text: string
  /** Where the location was searched; null before. */
  tree: LocationTree | null
  found: CoreLocConf | null
}

const nothing = Buffer.alloc(0)

/** Who takes the client's bytes after a 101 answer, when they are no HTTP any more. */
export interface Tunnel {
  /** The bytes are the tunnel's own; false holds the client until `unpause`. */
  received(bytes: Buffer): boolean
  /** The client sent its FIN. */
  ended(): void
}

/** One client connection: its byte stream, the bytes not yet consumed, and the one request object that it reuses. */
export class Connection implements LogContext, ByteSink {
  readonly engine: HttpEngine
  /** Set when the connection begins. */
  stream!: ByteStream
  /** The listening address, as the present configuration describes it. */
  listen: ListenAddress
  /** Identifies the listener across configurations. */
  private readonly key: string
  private running: Running
  /** The last Host of this connection, validated. */
  lastHost: KnownHost | null = null
  /** The last plain path of this connection. */
  lastPath: KnownPath | null = null
  /** How many different paths were remembered so far. */
  pathsSeen = 0
  /** `*N` of the log; counts connections of the worker. */
  readonly serial: number
  readonly created: number
  /** `unix:` or the address without brackets; the realip module puts another in its place for the time of a request. */
  remoteAddress: string
  remotePort: number
  /** What somebody made of `remoteAddress`, and the text that it was made of; kept here because every request of the connection needs the same. */
  addressWords: readonly number[] | null = null
  addressText = ''
  readonly localAddress: string
  readonly localPort: number
  /** TLS, or null: what of the connection depends on it is asked here. */
  readonly secure: TlsSession | null
  /** What a PROXY protocol header said; null without one. */
  readonly proxied: ProxiedAddresses | null
  /** Asked of every request before it is processed: 0, or the status to answer; null where nothing is asked. */
  readonly guard: ((r: RequestType) => number) | null
  state: State = State.Idle
  /** Requests begun on this connection. */
  requests = 0
  /** The next request's first bytes came before the last one was over. */
  pipelined = false
  readonly request: RequestType
  /** Unconsumed input: `input[position…end)`; the core read buffer during a read, else the stash. */
  input: Buffer = nothing
  position = 0
  end = 0
  /** What the head parser remembers of an unfinished head. */
  readonly resumption = new HeadResume()
  /** Bounds of a request head, by the present configuration. */
  limits: HeadLimits
  /** Milliseconds (engine.now) when the present wait is over; Infinity for none. */
  deadline = Infinity
  /** When lingering ends whatever arrives. */
  lingerUntil = 0
  /** Writes that the kernel did not take whole yet. */
  blockedWrites = 0
  private waiters: ((v: Verdict) => void)[] = []
  paused = false
  /** Pipelined requests wait until the client took the answers so far. */
  stalled = false
  /** The client sent its FIN. */
  peerEnded = false
  /** Takes what arrives while the present request has become a tunnel. */
  tunnel: Tunnel | null = null
  /** What hooks keep for it; null until there is something. */
  hooks: HookRecord | null = null

  /** `greeting`: what came before HTTP on this connection. */
  constructor(engine: HttpEngine, listen: ListenAddress, serial: number, peer: Peer, greeting: Greeting | null = null) {
    this.engine = engine
    this.key = listen.key
    this.running = engine.current
    this.serial = serial
    this.created = engine.now
    this.remoteAddress = peer.remoteAddress
    this.remotePort = peer.remotePort
    this.localAddress = peer.localAddress
    this.localPort = peer.localPort
    this.secure = greeting === null ? null : greeting.session
    this.proxied = greeting === null ? null : greeting.proxied
    this.guard = greeting === null ? null : greeting.guard
    this.listen = listen.at(this.localAddress)
    this.limits = headLimits(this.listen.defaultServer)
    this.request = new Request(this)
    waitForRequest(this)
  }

  /** Host part for redirects when the client named none. */
  get localHost(): string { return this.localAddress.includes(':') && !this.localAddress.startsWith('unix:') ? `[${this.localAddress}]` : this.localAddress }
  get writable(): boolean { return this.state !== State.Closed && !this.stream.destroyed }
  get logSerial(): number { return this.serial }

  logSuffix(): string {
    const { request } = this
    return request.finished ? `, client: ${this.remoteAddress}, server: ${this.listen.name}` : request.logSuffix()
  }

  /** Bytes arrived at the start of the core read buffer; false when no more should be read for now. */
  received(count: number): boolean {
    return this.take(this.engine.memory.bytes, readOffset, readOffset + count)
  }

  /** Bytes arrived in `buffer[start…end)`: what they cause leaves in one write. */
  take(buffer: Buffer, start: number, end: number): boolean {
    const { engine } = this
    engine.enter()
    const more = arrived(this, buffer, start, end)
    engine.leave()
    return more
  }

  /** Takes over a configuration that was committed since the last request; false when it no longer listens here. */
  refresh(): boolean {
    const { current } = this.engine
    if (this.running === current) return true
    const address = this.engine.address(this.key)
    if (address === undefined) return false
    this.running = current
    this.listen = address.at(this.localAddress)
    this.limits = headLimits(this.listen.defaultServer)
    // They are of modules of the configuration before.
    this.hooks?.dropContexts()
    return true
  }

  // --- the request's life ---------------------------------------------------------------------------------------------------------

  /** The request waits for something: keeps its head out of the shared read buffer. */
  suspend(r: RequestType): void {
    r.head.detach()
    // Background subrequests may outlive the connection.
    if (this.state === State.Body || this.state === State.Closed) return
    this.state = State.Busy
    // A wait for the client to take what was sent keeps its send_timeout.
    if (this.waiters.length === 0) this.deadline = Infinity
  }

  /** Goes on with a request that waited, outside of any read. */
  resume(r: RequestType, go: () => void): void {
    if (r.finished) return
    if (this.engine.reading) {
      queueMicrotask(() => this.resume(r, go))
      return
    }
    this.engine.now = Date.now()
    go()
    this.engine.writer.flush()
    if (this.request.finished && (this.state === State.Idle || this.state === State.Discard) && this.end > this.position) readOn(this)
  }

  /** A request's answer is complete (all bytes handed to the writer): keep the connection, discard its body, or close. */
  requestDone(r: RequestType): void {
    if (this.state === State.Closed) return
    if (!r.keepalive || this.engine.closing || (this.peerEnded && this.position === this.end)) return this.finishClose(r)
    this.state = r.body.unread ? State.Discard : State.Idle
    if (this.state === State.Discard) {
      this.lingerUntil = this.engine.now + r.location.lingeringTime
      this.deadline = Math.min(this.engine.now + r.location.lingeringTimeout, this.lingerUntil)
    } else waitForRequest(this)
    this.unpause()
  }

  /** Reads on after back pressure. */
  unpause(): void {
    if (!this.paused) return
    this.paused = false
    this.stream.resume()
  }

  /** Whether the connection may take another request after this one (nginx.md §3.3, keepalive_* directives). */
  mayKeepAlive(r: RequestType): boolean {
    const { location } = r
    return location.keepaliveTimeout > 0 && this.requests < location.keepaliveRequests &&
      this.engine.now - this.created <= location.keepaliveTime && !keepsBadly(r) && !this.engine.closing && (this.running === this.engine.current || this.engine.address(this.key) !== undefined)
  }

  /** Gives the client's bytes to a tunnel until the present request ends; what came early is handed over at once. */
  openTunnel(tunnel: Tunnel): void {
    this.tunnel = tunnel
    const early = Buffer.from(this.input.subarray(this.position, this.end))
    this.position = this.end
    keepInput(this)
    const room = early.length === 0 || tunnel.received(early)
    if (room) this.unpause()
    else this.paused = true
    if (this.peerEnded) tunnel.ended()
  }

  closeTunnel(): void { this.tunnel = null }

  // --- writing --------------------------------------------------------------------------------------------------------------------

  /** The kernel took a write that had to wait. */
  writeDone(): void {
    this.blockedWrites--
    if (this.blockedWrites > 0) return
    if (this.stalled) {
      this.stalled = false
      this.unpause()
      if (this.state === State.Idle || this.state === State.Discard) readOn(this)
    }
    const { waiters } = this
    if (waiters.length === 0) return
    this.waiters = []
    this.deadline = Infinity
    for (const wake of waiters) wake(this.writable ? OK : ERROR)
  }

  /** Leaves further pipelined requests alone until the client took what is queued: it cannot make the server hold more than that. */
  stall(): void {
    this.stalled = true
    this.paused = true
    this.deadline = this.engine.now + this.request.location.sendTimeout
  }

  /** Resolves OK when the client took what is queued, ERROR when it went away; send_timeout watches. */
  drained(): Promise<Verdict> {
    if (!this.writable) return Promise.resolve(ERROR)
    if (this.blockedWrites === 0) return Promise.resolve(OK)
    this.deadline = this.engine.now + this.request.location.sendTimeout
    return new Promise((resolve) => this.waiters.push(resolve))
  }

  // --- ending ---------------------------------------------------------------------------------------------------------------------

  /** Closes after the last answer: at once, or lingering when the client may still be sending (RFC 9112 §9.6, nginx's lingering_close). */
  private finishClose(r: RequestType): void {
    this.engine.writer.flush()
    const { lingeringClose } = r.location
    const unread = r.body.unread || this.end > this.position
    if (lingeringClose === 'off' || (lingeringClose === 'on' && !unread) || this.peerEnded) return this.close()
    this.state = State.Linger
    this.position = this.end
    this.lingerUntil = this.engine.now + r.location.lingeringTime
    this.deadline = Math.min(this.engine.now + r.location.lingeringTimeout, this.lingerUntil)
    this.unpause()
    this.stream.end()
  }

  /** Sends what is queued, then closes. */
  close(): void {
    if (this.state === State.Closed) return
    this.engine.writer.flush()
    this.state = State.Closed
    this.deadline = this.stream.pending > 0 ? this.engine.now + this.request.location.sendTimeout : Infinity
    this.stream.destroySoon()
  }

  /** Closes now, dropping what is queued. */
  abort(): void {
    this.engine.writer.flush()
    this.state = State.Closed
    this.deadline = Infinity
    this.stream.destroy()
  }

  /** The client closed its side. */
  ended(): void { peerClosed(this) }

  /** The socket is gone, for whatever reason. */
  closed(): void {
    this.state = State.Closed
    this.deadline = Infinity
    if (!this.request.finished) clientGone(this)
    const { waiters } = this
    this.waiters = []
    for (const wake of waiters) wake(ERROR)
    endConnection(this)
    this.engine.gone(this)
  }
}

import { chmodSync, unlinkSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { errorOf, lastErrno, lastError } from '../ffi.ts'
import { removeStale } from '../listen.ts'
import type { Bindable, Listener } from '../listen.ts'
import { Epoll, Sys } from './calls.ts'
import type { Pollable, Poller } from './poller.ts'
import { addressBytes, addressOf, storageSize } from './sockaddr.ts'

/** Connections taken before others have their turn. */
const burst = 64
/** Milliseconds for which nothing is accepted after it failed for want of descriptors or memory (nginx's accept_mutex_delay). */
const pauseAfterFailure = 500

/** Numbers of setsockopt() on Linux: [level, name]. */
const Option = {
  reuseAddress: [1, 2], keepalive: [1, 9], sendBuffer: [1, 7], receiveBuffer: [1, 8], reusePort: [1, 15],
  noDelay: [6, 1], keepIdle: [6, 4], keepInterval: [6, 5], keepCount: [6, 6], deferAccept: [6, 9], fastOpen: [6, 23], ipv6Only: [41, 26],
} as const

/** An accepted connection: its descriptor, which is the taker's to close, and who it is with. */
export interface Accepted {
  readonly fd: number
  readonly host: string
  readonly port: number
  /** Our own address; '' for a unix socket. */
  readonly localHost: string
  readonly localPort: number
}

/** What is told of a failure to accept. */
export type AcceptFailure = (error: NodeJS.ErrnoException) => void

/** A listening socket of the event method `epoll`. */
export class EpollListener implements Listener, Pollable {
  private readonly poller: Poller
  private readonly fd: number
  private readonly word: bigint
  private readonly bindable: Bindable
  private readonly local: { readonly host: string, readonly port: number }
  private readonly every: boolean
  private readonly accepted: (connection: Accepted) => void
  private readonly failed: AcceptFailure
  private closed = false
  private timer: NodeJS.Timeout | null = null

  /** Binds and listens; throws Node's kind of error (EADDRINUSE …). TCP ports are shared by SO_REUSEPORT, as `listen` does. */
  constructor(poller: Poller, address: Bindable, accepted: (connection: Accepted) => void, failed: AcceptFailure) {
    this.poller = poller
    this.bindable = address
    this.accepted = accepted
    this.failed = failed
    this.every = address.host === '' || address.host === '0.0.0.0' || address.host === '::'
    const { setup } = poller
    const family = address.path !== null ? Sys.Unix : isIPv6(address.host) ? Sys.Inet6 : Sys.Inet
    this.fd = setup.socket(family, Sys.Stream | Sys.NonBlocking | Sys.CloseOnExec, 0)
    if (this.fd < 0) throw lastError()
    this.word = BigInt(this.fd)
    try {
      if (!poller.descriptors.opened(this.fd)) throw errorOf(24)
      this.bind(family)
      this.local = address.path === null ? this.name(this.fd) : { host: '', port: 0 }
      if (setup.listen(this.fd, address.backlog) < 0) throw lastError()
      poller.add(this.fd, Epoll.In, this)
    } catch (error) {
      poller.closeUnwatched(this.fd)
      throw error
    }
  }

  private bind(family: number): void {
    const { bindable, poller } = this
    const { host, port, path, options } = bindable
    const bytes = addressBytes(host === '' ? '0.0.0.0' : host, port, path)
    if (bytes === null) throw errorOf(36)
    if (path !== null) removeStale(path)
    else {
      this.set(Option.reuseAddress, 1)
      if (port !== 0) this.set(Option.reusePort, 1)
      if (family === Sys.Inet6) this.set(Option.ipv6Only, bindable.ipv6only ? 1 : 0)
      // Accepted sockets have it from the listening one.
      this.set(Option.noDelay, 1)
    }
    if (options !== undefined) this.apply(options, path === null)
    if (poller.setup.bind(this.fd, bytes, bytes.length) < 0) throw lastError()
    if (path !== null) chmodSync(path, 0o666)
  }

  /** What `listen` says besides; as in nginx a refusal of the system is no reason not to listen. */
  private apply(options: NonNullable<Bindable['options']>, tcp: boolean): void {
    const { rcvbuf, sndbuf, fastopen, deferred, soKeepalive } = options
    if (rcvbuf >= 0) this.set(Option.receiveBuffer, rcvbuf)
    if (sndbuf >= 0) this.set(Option.sendBuffer, sndbuf)
    if (!tcp) return
    if (fastopen >= 0) this.set(Option.fastOpen, fastopen)
    if (deferred) this.set(Option.deferAccept, 1)
    if (soKeepalive === null) return
    this.set(Option.keepalive, soKeepalive === 'off' ? 0 : 1)
    if (typeof soKeepalive === 'string') return
    if (soKeepalive.idle > 0) this.set(Option.keepIdle, soKeepalive.idle)
    if (soKeepalive.interval > 0) this.set(Option.keepInterval, soKeepalive.interval)
    if (soKeepalive.count > 0) this.set(Option.keepCount, soKeepalive.count)
  }

  private set([level, name]: readonly [number, number], value: number): void {
    this.poller.setup.setsockopt(this.fd, level, name, new Uint8Array(Int32Array.of(value).buffer), 4)
  }

  /** The local address of a socket. */
  private name(fd: number): { readonly host: string, readonly port: number } {
    const bytes = Buffer.alloc(storageSize)
    if (this.poller.setup.getsockname(fd, bytes, new Uint8Array(Int32Array.of(storageSize).buffer)) < 0) return { host: '', port: 0 }
    return addressOf(bytes)
  }

  address(): { address: string, family: string, port: number } | string {
    if (this.bindable.path !== null) return this.bindable.path
    const { host, port } = this.local
    return { address: host, family: isIPv6(host) ? 'IPv6' : 'IPv4', port }
  }

  ready(): void {
    const { scratch, scratchPointer, calls } = this.poller
    for (let i = 0; i < burst && !this.closed; i++) {
      scratch.writeInt32LE(storageSize, storageSize)
      const fd = calls.accept4(this.word, scratchPointer, scratchPointer + BigInt(storageSize), BigInt(Sys.NonBlocking | Sys.CloseOnExec))
      if (fd >= 0) this.take(fd)
      else if (!this.refused(lastErrno())) return
    }
  }

  private take(fd: number): void {
    if (!this.poller.descriptors.opened(fd)) return this.poller.closeUnwatched(fd)
    const unix = this.bindable.path !== null
    const { host, port } = unix ? { host: '', port: 0 } : addressOf(this.poller.scratch)
    const local = unix || !this.every ? this.local : this.name(fd)
    this.accepted({ fd, host, port, localHost: local.host, localPort: local.port })
  }

  /** accept4() has failed; whether it may be tried again at once. */
  private refused(errno: number): boolean {
    const error = errorOf(errno)
    if (errno === Sys.Again) return false
    if (error.code === 'ECONNABORTED' || errno === Sys.Interrupted) return true
    this.failed(error)
    // It would be told again and again; connections that end make room meanwhile.
    this.poller.unwatch(this.fd)
    this.timer = setTimeout(() => {
      this.timer = null
      this.poller.watch(this.fd, Epoll.In)
    }, pauseAfterFailure)
    return false
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.poller.close(this.fd)
    const { path } = this.bindable
    if (path === null) return
    try {
      unlinkSync(path)
    } catch {
      // Somebody else has removed it.
    }
  }
}

/**
 * One connection to an upstream server. Neither `node:http` nor undici sends HTTP/1.0, keeps a retry decision apart
 * from an error event, or tells a premature end from a malformed head in the words nginx logs; both normalise what they
 * relay. With a strict reader (head.ts, body.ts) the rest of an HTTP/1 client is this file and idle.ts.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import type { Endpoint } from './address.ts'

/** Who uses a link at present. */
export interface LinkUser {
  /** The connection is there, TLS included. */
  linkConnected(): void
  linkData(data: Buffer): void
  /** The kernel took everything that was written. */
  linkDrained(): void
  /** The server closed its side. */
  linkEnded(): void
  linkFailed(error: NodeJS.ErrnoException): void
}

/** How to connect besides the address. */
export interface LinkOptions {
  /** TLS settings, or null for plain TCP. */
  readonly tls: ConnectionOptions | null
  readonly localAddress: string | null
  readonly keepalive: boolean
}

/** A socket with at most one user; without one it is idle, and whatever happens on it ends it. */
export class Link {
  readonly socket: Socket
  /** Links with one key are interchangeable. */
  readonly key: string
  user: LinkUser | null
  /** Requests sent on it. */
  requests = 0
  readonly created = Date.now()
  /** Called when an idle link ends by itself. */
  onIdleEnd: (() => void) | null = null

  constructor(endpoint: Endpoint, key: string, options: LinkOptions, user: LinkUser) {
    this.key = key
    this.user = user
    const from = options.localAddress === null ? {} : { localAddress: options.localAddress }
    const address = endpoint.path !== null ? { path: endpoint.path } : { host: endpoint.host, port: endpoint.port, ...from }
    const plain = { ...address, allowHalfOpen: true, noDelay: true, keepAlive: options.keepalive }
    this.socket = options.tls === null ? connect(plain) : connectTls({ ...options.tls, ...plain })
    this.socket.on(options.tls === null ? 'connect' : 'secureConnect', () => this.user?.linkConnected())
    this.socket.on('data', (data: Buffer) => {
      if (this.user === null) this.idleEnded()
      else this.user.linkData(data)
    })
    this.socket.on('drain', () => this.user?.linkDrained())
    this.socket.on('end', () => {
      if (this.user === null) this.idleEnded()
      else this.user.linkEnded()
    })
    this.socket.on('error', (error) => {
      if (this.user === null) this.idleEnded()
      else this.user.linkFailed(error)
    })
  }

  /**
   * Sends bytes; false when the kernel is behind: wait for `linkDrained` before more. The bytes must not change any
   * more.
   */
  write(data: Buffer): boolean { return this.socket.write(data) }

  /** Ends it when what was written is out. */
  finish(): void {
    this.user = null
    this.onIdleEnd = null
    this.socket.destroySoon()
  }

  /** Ends it at once. */
  destroy(): void {
    this.user = null
    this.onIdleEnd = null
    this.socket.destroy()
  }

  private idleEnded(): void {
    const told = this.onIdleEnd
    this.destroy()
    told?.()
  }
}

import type { Connection, Tunnel } from '../../http/connection.ts'
import type { Request } from '../../http/request.ts'
import type { Link } from '../upstream/link.ts'

/** Who is told that bytes went through a tunnel, and that it ended. */
export interface TunnelOwner {
  tunnelActive(): void
  tunnelOver(): void
}

/** Bytes both ways between client and server after a 101 answer, with back pressure on either side. */
export class UpgradeTunnel implements Tunnel {
  private readonly r: Request
  private readonly connection: Connection
  private readonly link: Link
  private readonly owner: TunnelOwner
  private over = false

  constructor(r: Request, link: Link, owner: TunnelOwner) {
    this.r = r
    this.connection = r.connection
    this.link = link
    this.owner = owner
  }

  /** Begins: `first` are bytes that came behind the server's head. */
  start(first: Buffer): void {
    if (first.length > 0) this.fromServer(first)
    this.connection.openTunnel(this)
  }

  /** Bytes of the client; false to hold it. */
  received(bytes: Buffer): boolean {
    if (this.over) return true
    this.owner.tunnelActive()
    return this.link.write(bytes)
  }

  /** The client closed its side: what it sent still goes to the server, then both end (as nginx does). */
  ended(): void {
    if (this.over) return
    this.link.socket.end()
    this.finish()
  }

  fromServer(bytes: Buffer): void {
    if (this.over) return
    this.owner.tunnelActive()
    const c = this.connection
    this.r.bytesSent += bytes.length
    c.engine.writer.bytes(c, bytes)
    c.engine.writer.flush()
    if (c.blockedWrites === 0) return
    this.link.socket.pause()
    c.drained().then(() => { if (!this.over) this.link.socket.resume() })
  }

  /** The server takes more. */
  drained(): void { this.connection.unpause() }

  /** Ends both ways; the owner closes. */
  finish(): void {
    if (this.over) return
    this.over = true
    this.connection.closeTunnel()
    this.owner.tunnelOver()
  }
}

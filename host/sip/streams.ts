import type { Socket } from 'node:net'
import type { ListenAddress } from '../http/servers.ts'
import type { Peer } from '../net/peer.ts'
import type { SipEngine } from './engine.ts'
import type { SipListen } from './listens.ts'
import { connect } from 'node:net'
import { systemFailure } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import { peerOf } from '../net/peer.ts'
import { sentBy } from './listens.ts'
import { Sniffer } from './sniff.ts'
import { SipStream } from './stream.ts'

/** How often streams are looked at, in milliseconds. */
const sweepInterval = 500

/** The TCP connections of one worker's SIP: those that were accepted, those to peers, and those on shared ports whose first line has not come. */
export class SipStreams {
  private readonly engine: SipEngine
  private readonly streams = new Map<number, SipStream>()
  private readonly byPeer = new Map<string, SipStream>()
  private readonly sniffers = new Set<Sniffer>()
  private sweeper: NodeJS.Timeout | null = null
  private numbers = 0

  constructor(engine: SipEngine) {
    this.engine = engine
  }

  /** The stream that has this number; undefined when it is closed. */
  numbered(number: number): SipStream | undefined { return this.streams.get(number) }

  /** The stream to a numeric address, if there is one. */
  to(address: string, port: number): SipStream | undefined { return this.byPeer.get(sentBy(address, port)) }

  /** Takes a connection to a port that HTTP has as well: its first line decides whose it is. */
  sniff(socket: Socket, address: ListenAddress, listen: SipListen, idleTimeout: number): void {
    if (this.full) return void socket.destroy()
    const peer = peerOf(socket, address)
    const sniffer: Sniffer = new Sniffer(socket, Date.now() + idleTimeout, (sip, bytes) => {
      this.sniffers.delete(sniffer)
      if (sip) this.accept(socket, listen, peer, bytes)
      else this.engine.http.sniffed(socket, address, bytes)
    }, () => {
      this.sniffers.delete(sniffer)
      socket.destroy()
    })
    this.sniffers.add(sniffer)
    this.watch()
  }

  /** Takes a connection that speaks SIP; `begin` was read of it already. */
  accept(socket: Socket, listen: SipListen, peer: Peer, begin: Buffer | null): void {
    if (this.engine.main === null || this.full) return void socket.destroy()
    this.begin(socket, listen, peer).start(begin)
  }

  /** A new stream to a numeric address, for what listens on `listen`; null when there are too many. */
  connect(address: string, port: number, listen: SipListen): SipStream | null {
    if (this.full) return null
    const socket = connect({ host: address, port })
    socket.once('error', (error) => {
      if ((error as NodeJS.ErrnoException).syscall === 'connect') this.engine.log(Level.info, `sip: ${systemFailure(`connect() to ${sentBy(address, port)}`, error)}`)
    })
    const stream = this.begin(socket, listen, { remoteAddress: address, remotePort: port, localAddress: listen.host, localPort: listen.port })
    stream.start(null)
    return stream
  }

  private get full(): boolean { return this.streams.size + this.sniffers.size >= this.engine.mostStreams }

  private begin(socket: Socket, listen: SipListen, peer: Peer): SipStream {
    const stream = new SipStream(this.engine, socket, listen, peer, ++this.numbers)
    this.streams.set(stream.number, stream)
    this.byPeer.set(stream.peer, stream)
    this.watch()
    return stream
  }

  gone(stream: SipStream): void {
    this.streams.delete(stream.number)
    if (this.byPeer.get(stream.peer) === stream) this.byPeer.delete(stream.peer)
  }

  /** Closes each stream when it has sent what it has. */
  end(): void {
    for (const stream of this.streams.values()) stream.end()
  }

  /** Gives up the connections whose first line has not come. */
  stopSniffing(): void {
    for (const sniffer of this.sniffers) sniffer.abort()
    this.sniffers.clear()
  }

  /** Closes everything at once. */
  close(): void {
    for (const stream of this.streams.values()) stream.abort('')
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.sweeper = null
  }

  private watch(): void {
    this.sweeper ??= setInterval(() => this.sweep(), sweepInterval)
  }

  private sweep(): void {
    const now = Date.now()
    for (const stream of this.streams.values()) if (stream.deadline <= now) stream.timedOut()
    for (const sniffer of this.sniffers) {
      if (sniffer.deadline > now) continue
      this.sniffers.delete(sniffer)
      sniffer.abort()
    }
    if (this.streams.size > 0 || this.sniffers.size > 0) return
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.sweeper = null
  }
}

import type { RemoteInfo } from 'node:dgram'
import type { Server, Socket } from 'node:net'
import type { Cycle } from '../cycle.ts'
import type { HttpEngine } from '../http/engine.ts'
import type { ListenAddress } from '../http/servers.ts'
import type { SipListen, SipMain } from './listens.ts'
import type { Transport } from './message.ts'
import type { Via } from './via.ts'
import type { SipStream } from './stream.ts'
import { isIPv6 } from 'node:net'
import { Level } from '../core/log.ts'
import { listen as listenTcp } from '../net/listen.ts'
import { peerOf } from '../net/peer.ts'
import { UdpSocket, openUdp } from '../net/udp.ts'
import { sipCounts } from './counters.ts'
import { SipExchange } from './exchange.ts'
import { responseText } from './forward.ts'
import { faultOf } from './fault.ts'
import { branchFor, connectionMark, tagPrefix } from './identity.ts'
import { sentBy, unbracketed } from './listens.ts'
import { localAddress } from './localaddress.ts'
import { MalformedLog } from './malformed.ts'
import { H_CONTENT_LENGTH, H_TO } from './names.ts'
import { SipMessage } from './sipmessage.ts'
import { SipStreams } from './streams.ts'
import { withAddress } from './target.ts'

/** Messages whose routes wait, at most: what comes then is dropped, and comes again. */
const mostWaiting = 4096

interface Listener { readonly listen: SipListen, readonly udp: UdpSocket | null, readonly tcp: Server | null }

/** A way out of the server to one peer. */
interface Way { readonly listen: SipListen, send(text: string): void }

/** The SIP side of one worker: its sockets, and the messages that come through them. Beside an HttpEngine, whose cycle it works with. */
export class SipEngine {
  readonly http: HttpEngine
  private readonly listeners = new Map<string, Listener>()
  /** TCP addresses that HTTP listens on as well, by that listener's key. */
  private shared = new Map<string, SipListen>()
  /** The SIP of the cycle that new messages begin with; null without. */
  main: SipMain | null = null
  readonly streams = new SipStreams(this)
  private readonly malformedLog = new MalformedLog((line) => this.log(Level.info, line))
  /** What this server's tags begin with. */
  prefix = ''
  /** Streams at once, at most. */
  mostStreams = 1024
  private waiting = 0
  private closing = false
  private idle: (() => void) | null = null

  constructor(http: HttpEngine) {
    this.http = http
    http.sniff = (open, address) => this.sniff(open, address)
  }

  /** Binds what a cycle adds; rejects with the first failure, having closed what it opened, and tells by `trying` what it was at. */
  async open(cycle: Cycle, trying: (name: string) => void): Promise<void> {
    const opened: string[] = []
    const taken = new Set((cycle.servers?.addresses ?? []).map(({ key }) => key))
    try {
      for (const listen of cycle.sip?.listens ?? []) {
        if (this.listeners.has(listen.name) || (listen.protocol === 'tcp' && taken.has(sentBy(listen.host, listen.port)))) continue
        trying(listen.name)
        this.listeners.set(listen.name, await this.bind(listen))
        opened.push(listen.name)
      }
    } catch (error) {
      for (const name of opened) this.closeListener(name)
      throw error
    }
  }

  private async bind(listen: SipListen): Promise<Listener> {
    if (listen.protocol === 'udp') {
      const udp = await openUdp(listen.host, listen.port, (bytes, from) => this.arrived(bytes, from, listen.name))
      return { listen, udp, tcp: null }
    }
    const address = { host: listen.host, port: listen.port, path: null, backlog: 511, ipv6only: true }
    const tcp = await listenTcp(address, (socket) => this.streams.accept(socket, this.listeners.get(listen.name)?.listen ?? listen, peerOf(socket, address), null))
    return { listen, udp: null, tcp }
  }

  /** Makes a cycle the one that new messages begin with. */
  commit(cycle: Cycle): void {
    this.main = cycle.sip
    this.prefix = cycle.sip === null ? '' : tagPrefix(cycle.sip.secret())
    const wanted = new Map((cycle.sip?.listens ?? []).map((one) => [one.name, one]))
    this.shared = new Map([...wanted.values()].filter(({ protocol }) => protocol === 'tcp').map((one) => [sentBy(one.host, one.port), one]))
    for (const [name, listener] of this.listeners) {
      const listen = wanted.get(name)
      if (listen === undefined) this.closeListener(name)
      else this.listeners.set(name, { ...listener, listen })
    }
    if (this.main === null) this.streams.end()
  }

  private closeListener(name: string): void {
    const found = this.listeners.get(name)
    this.listeners.delete(name)
    found?.udp?.close()
    found?.tcp?.close()
  }

  /** Stops listening and lets routes that wait end, for at most `timeout` milliseconds when that is not 0. */
  close(graceful: boolean, timeout: number): Promise<void> {
    this.closing = true
    this.streams.stopSniffing()
    const finish = (): void => {
      for (const name of [...this.listeners.keys()]) this.closeListener(name)
      this.streams.close()
    }
    if (!graceful || this.waiting === 0) {
      finish()
      return Promise.resolve()
    }
    for (const { tcp } of this.listeners.values()) tcp?.close()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.idle?.(), timeout === 0 ? 2 ** 31 - 1 : timeout)
      this.idle = () => {
        this.idle = null
        clearTimeout(timer)
        finish()
        resolve()
      }
    })
  }

  log(level: Level, message: string): void { this.http.log(level, message) }

  /** A message that is none, or a stream that is. */
  malformed(why: string, transport: Transport): void { this.malformedLog.tell(why, transport) }

  // --- what comes in --------------------------------------------------------------------------------------------------------------

  /** One datagram. Keep-alives (empty lines, NULs) and STUN are no messages. */
  private arrived(bytes: Buffer, from: RemoteInfo, name: string): void {
    const listener = this.listeners.get(name)
    if (listener === undefined || this.main === null || bytes.length < 8) return
    const first = bytes[0]!
    if (first < 2 || first === 13 && bytes.length < 16 && bytes.latin1Slice().trim() === '') return
    const { listen, udp } = listener
    const transport = { protocol: 'udp', source: { address: from.address, port: from.port }, destination: { address: listen.host, port: listen.port } }
    let message = new SipMessage(bytes.latin1Slice(), transport)
    const written = message.parsed.header(H_CONTENT_LENGTH)
    if (written !== null && (written !== '0' || message.body !== '')) {
      const extra = /^\d{1,9}$/.test(written) ? message.body.length - Number(written) : -1
      if (extra < 0) return this.malformed('a bad Content-Length', transport)
      // What stands behind the body is none of it (RFC 3261 §18.3).
      if (extra > 0) message = new SipMessage(message.text.slice(0, message.text.length - extra), transport)
    }
    this.received(message, listen, udp, null)
  }

  /** A whole message. */
  received(message: SipMessage, listen: SipListen, udp: UdpSocket | null, stream: SipStream | null): void {
    const { main } = this
    if (main === null || this.closing) return
    const wrong = faultOf(message)
    if (wrong !== null) return this.malformed(wrong, message.transport!)
    const exchange = new SipExchange(this, main, message, listen, udp, stream)
    if (message.isResponse) return this.response(exchange)
    sipCounts.request(message.method)
    if (message.method === 'ACK' && message.parsed.address(H_TO)?.param('tag')?.startsWith(`${this.prefix}.`) === true) {
      sipCounts.ack()
      return
    }
    if (this.waiting >= mostWaiting) {
      sipCounts.dropped()
      return
    }
    const running = this.http.current
    const waits = main.request(exchange)
    if (waits === undefined) return
    running.active++
    this.waiting++
    void waits.catch((error: unknown) => this.log(Level.error, `sip: route failed: ${(error as Error).message}`)).finally(() => {
      this.waiting--
      this.http.requestEnded(running)
      if (this.waiting === 0) this.idle?.()
    })
  }

  /** A response goes where the Via below ours says, and only when ours is one that this server made for it. */
  private response(exchange: SipExchange): void {
    const { message, main, listen } = exchange
    sipCounts.response(message.status)
    const own = message.parsed.via(0)!
    const below = message.parsed.via(1)
    if (below === null || !main.isLocal(unbracketed(own.host), own.port === '' ? 5060 : Number(own.port)) || own.param('branch') !== branchFor(main.secret(), below)) {
      return this.malformed('a response that no request of ours asked for', message.transport!)
    }
    if (!main.response(exchange)) return sipCounts.droppedReply()
    const protocol = below.transport.toLowerCase()
    if (protocol !== 'udp' && protocol !== 'tcp') return
    const host = unbracketed(below.param('received') ?? below.host)
    const port = Number(below.param('rport') || below.port || 5060)
    const text = responseText(message)
    const from = this.streamOf(own, host, main)
    if (from !== null) {
      sipCounts.forwardedReply()
      return from.send(text)
    }
    withAddress(host, (address) => {
      const way = address === null ? null : this.way(protocol, address, port, null, listen)
      if (way === null) return
      sipCounts.forwardedReply()
      way.send(text)
    })
  }

  /** The stream that the request came by, as our Via says: an answer goes there while it is open (RFC 3261 §18.2.2). */
  private streamOf(own: Via, host: string, main: SipMain): SipStream | null {
    const mark = own.param('i')
    if (mark === null) return null
    const stream = this.streams.numbered(parseInt(mark, 10))
    const known = stream?.transport.source.address === host && mark === connectionMark(main.secret(), own.param('branch')!, stream.number)
    return known ? stream : null
  }

  // --- what goes out --------------------------------------------------------------------------------------------------------------

  /** Sends one datagram. */
  datagram(udp: UdpSocket, text: string, port: number, address: string): void {
    if (port > 0 && port < 65536 && text.length < 65000) udp.send(Buffer.from(text, 'latin1'), port, address)
  }

  /** How to send to a numeric address: UDP from `udp` or the first socket of the family, TCP on the connection to that peer, a new one if there is none. */
  way(protocol: string, address: string, port: number, udp: UdpSocket | null, listen: SipListen): Way | null {
    if (port < 1 || port > 65535) return null
    const family = isIPv6(address)
    if (protocol === 'udp') {
      const from = udp !== null && isIPv6(listen.host) === family ? { udp, listen }
        : [...this.listeners.values()].find((l) => l.udp !== null && isIPv6(l.listen.host) === family)
      return from === undefined ? null : { listen: from.listen, send: (text) => this.datagram(from.udp!, text, port, address) }
    }
    const suits = (l: SipListen): boolean => l.protocol === 'tcp' && isIPv6(l.host) === family
    const own = suits(listen) ? listen : this.main?.listens.find(suits)
    if (own === undefined) return null
    const stream = this.streams.to(address, port) ?? this.streams.connect(address, port, own)
    return stream === null ? null : { listen: stream.listen, send: (text) => stream.send(text) }
  }

  /** Our own `host:port` for a peer at `towards`. */
  ownAddress(listen: SipListen, towards: string): string {
    if (listen.advertise !== null) return listen.advertise
    const every = listen.host === '0.0.0.0' || listen.host === '::'
    return sentBy(every ? localAddress(towards, listen.host === '::') : listen.host, listen.port)
  }

  /** Takes a new connection to a port that HTTP has as well; false when it is not shared. */
  private sniff(open: () => Socket, address: ListenAddress): boolean {
    const listen = this.shared.get(address.key)
    if (listen === undefined || this.main === null) return false
    this.streams.sniff(open(), address, listen, this.main.idleTimeout)
    return true
  }
}

import type { Socket } from 'node:net'
import type { Transport } from './message.ts'
import type { SipEngine } from './engine.ts'
import type { SipListen } from './listens.ts'
import type { Peer } from '../net/peer.ts'
import { sentBy } from './listens.ts'
import { H_CONTENT_LENGTH } from './names.ts'
import { SipMessage } from './sipmessage.ts'

/** Bytes that wait for a peer that does not read, at most. */
const mostUnsent = 1 << 20

/** SIP on one TCP connection (RFC 3261 §18.3): messages are cut out by Content-Length, empty lines between them keep it alive (RFC 5626 §3.5.1). */
export class SipStream {
  private readonly engine: SipEngine
  private readonly socket: Socket
  readonly listen: SipListen
  readonly transport: Transport
  /** `address:port` of the peer. */
  readonly peer: string
  /** No other stream of the worker has it, or will have. */
  readonly number: number
  /** Bytes that are no whole message yet. */
  private text = ''
  /** Up to here there is no empty line in `text`. */
  private looked = 0
  /** Length of the message that begins `text`, once its headers are there; 0 before. */
  private wanted = 0
  /** When it is closed if nothing has come until then. */
  deadline: number
  private over = false

  constructor(engine: SipEngine, socket: Socket, listen: SipListen, peer: Peer, number: number) {
    this.engine = engine
    this.socket = socket
    this.listen = listen
    this.peer = sentBy(peer.remoteAddress, peer.remotePort)
    this.number = number
    this.transport = {
      protocol: 'tcp', source: { address: peer.remoteAddress, port: peer.remotePort }, destination: { address: peer.localAddress, port: peer.localPort },
    }
    this.deadline = Date.now() + engine.main!.idleTimeout
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => this.received(data))
    socket.on('end', () => this.end())
    socket.on('error', () => {})
    socket.on('close', () => {
      this.over = true
      engine.streams.gone(this)
    })
  }

  /** Begins to read; `begin` was read already. */
  start(begin: Buffer | null): void {
    if (begin !== null && begin.length > 0) this.received(begin)
    if (!this.over) this.socket.resume()
  }

  /** Sends a message. A peer that takes nothing any more is left. */
  send(text: string): void {
    if (this.over) return
    this.socket.write(text, 'latin1')
    if (this.socket.writableLength > mostUnsent) this.abort('the peer does not read')
  }

  /** Closes when all has been sent. */
  end(): void {
    if (this.over) return
    this.over = true
    this.socket.end()
    this.deadline = Date.now() + 5000
  }

  /** Closes at once; the log tells why. */
  abort(why: string): void {
    if (why !== '') this.engine.malformed(why, this.transport)
    this.over = true
    this.socket.destroy()
  }

  timedOut(): void {
    this.abort(this.text === '' || this.over ? '' : 'a message did not come whole in time')
  }

  private received(data: Buffer): void {
    if (this.over) return
    const main = this.engine.main
    if (main === null) return this.abort('')
    if (this.text.length === 0) this.deadline = Date.now() + main.idleTimeout
    this.text += data.latin1Slice()
    let found: boolean
    do found = this.next(main.maxMessage)
    while (found && !this.over)
    if (!this.over && this.text !== '') this.deadline = Math.min(this.deadline, Date.now() + main.messageTimeout)
  }

  /** Takes one message off the front; false when there is no whole one. */
  private next(limit: number): boolean {
    if (this.wanted === 0 && !this.begin(limit)) return false
    if (this.text.length < this.wanted) return false
    const whole = this.text.slice(0, this.wanted)
    this.text = this.text.slice(this.wanted)
    this.wanted = this.looked = 0
    this.deadline = Date.now() + (this.engine.main?.idleTimeout ?? 0)
    this.engine.received(new SipMessage(whole, this.transport), this.listen, null, this)
    return true
  }

  /** Finds out how long the message at the front is; false when its headers are not there. */
  private begin(limit: number): boolean {
    if (this.looked === 0 && !this.skipEmptyLines()) return false
    const end = headEnd(this.text, this.looked)
    if (end < 0) {
      this.looked = Math.max(0, this.text.length - 3)
      if (this.text.length > limit) this.abort(`a message of more than ${limit} bytes`)
      return false
    }
    const head = new SipMessage(this.text.slice(0, end))
    if (!head.isRequest && !head.isResponse) {
      this.abort('no SIP message')
      return false
    }
    const written = head.parsed.header(H_CONTENT_LENGTH)
    if (written === null || !/^\d{1,9}$/.test(written)) {
      this.abort(written === null ? 'no Content-Length' : 'a bad Content-Length')
      return false
    }
    this.wanted = end + Number(written)
    if (this.wanted > limit) {
      this.abort(`a message of more than ${limit} bytes`)
      return false
    }
    return true
  }

  /** Two line ends ask for one in answer. False when there is nothing but line ends. */
  private skipEmptyLines(): boolean {
    const { text } = this
    let at = 0
    while (at < text.length && (text.charCodeAt(at) === 13 || text.charCodeAt(at) === 10)) at++
    if (at === 0) return text !== ''
    const only = at === text.length
    // A "\r\n\r\n" may come in two parts.
    if (only && at < 4) return false
    if (text.startsWith('\r\n\r\n')) this.send('\r\n')
    this.text = text.slice(at)
    return !only
  }
}

/** Where the headers with their empty line end, or −1. */
export function headEnd(text: string, from: number): number {
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text.charCodeAt(at + 1) === 10) return at + 2
    if (text.charCodeAt(at + 1) === 13 && text.charCodeAt(at + 2) === 10) return at + 3
  }
  return -1
}

/** SIP peers for tests, over UDP and TCP, and messages written by hand. */
import type { Socket } from 'node:dgram'
import type { AddressInfo, Socket as Stream } from 'node:net'
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Test } from './kit.ts'

/** How long something that should come is waited for. */
const patience = 10_000

/** What a request has besides the standard headers. */
export interface Extra {
  readonly headers?: string
  readonly via?: string
  readonly to?: string
  readonly from?: string
  readonly callId?: string
  readonly cseq?: number
  readonly body?: string
}

/** What to give as `skip` to a test that needs IPv6's loopback address. */
export const withoutIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1')) ? false : 'this machine has no ::1'

/** Makes requests, and keeps messages until somebody waits for them. */
class Mailbox {
  readonly port: number
  /** As it stands in a Via. */
  readonly host: string
  private readonly protocol: string
  private readonly arrived: string[] = []
  private waiting: ((text: string) => void) | null = null
  private count = 0

  constructor(protocol: string, { address, port }: AddressInfo) {
    this.protocol = protocol
    this.host = address.includes(':') ? `[${address}]` : address
    this.port = port
  }

  protected take(text: string): void {
    if (this.waiting === null) this.arrived.push(text)
    else this.waiting(text)
  }

  /** The bytes of a request. */
  request(method: string, uri: string, extra: Extra = {}): string {
    const n = ++this.count
    const { headers = '', via = `SIP/2.0/${this.protocol} ${this.host}:${this.port};branch=z9hG4bK${n}`, to = '<sip:alice@example.com>', body = '' } = extra
    return `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\nFrom: ${extra.from ?? '<sip:bob@example.com>;tag=f'}\r\nTo: ${to}\r\nCall-ID: ${extra.callId ?? `call${n}`}\r\n` +
      `CSeq: ${extra.cseq ?? n} ${method}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  }

  /** The next message that arrives, or has arrived. */
  next(): Promise<string> {
    const kept = this.arrived.shift()
    if (kept !== undefined) return Promise.resolve(kept)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no message came')), patience)
      this.waiting = (text) => {
        clearTimeout(timer)
        this.waiting = null
        resolve(text)
      }
    })
  }

  /** Nothing has come so far: asked behind the answer to a later request, which tells that earlier ones were seen. */
  get silent(): boolean { return this.arrived.length === 0 }
}

/** A UDP peer: sends requests, waits for messages. */
export class SipPeer extends Mailbox {
  readonly socket: Socket
  private readonly address: string

  constructor(socket: Socket) {
    super('UDP', socket.address())
    this.socket = socket
    this.address = socket.address().address
    socket.on('message', (bytes) => this.take(bytes.latin1Slice()))
  }

  static async open(t: Test, address = '127.0.0.1'): Promise<SipPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    await new Promise<void>((resolve) => socket.bind(0, address, resolve))
    t.after(() => { socket.close() })
    return new SipPeer(socket)
  }

  /** To a port of its own address. */
  send(text: string | Buffer, port: number): void {
    this.socket.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, port, this.address)
  }

  /** Sends a request and returns what comes next. */
  ask(port: number, method: string, uri: string, extra: Extra = {}): Promise<string> {
    this.send(this.request(method, uri, extra), port)
    return this.next()
  }
}

/** A TCP peer: one that listens, whose connections all bring their messages here, or one that has connected. */
export class SipStreamPeer extends Mailbox {
  /** Connections so far, the newest last. */
  readonly streams: Stream[] = []

  /** Listens on a port of its own. */
  static async listen(t: Test, address = '127.0.0.1'): Promise<SipStreamPeer> {
    const server = createServer((stream) => peer.read(stream))
    await new Promise<void>((resolve) => server.listen(0, address, resolve))
    const peer = new SipStreamPeer('TCP', server.address() as AddressInfo)
    t.after(() => {
      server.close()
      for (const stream of peer.streams) stream.destroy()
    })
    return peer
  }

  /** Connects; its port is that of its end of the connection. */
  static async connect(t: Test, port: number, address = '127.0.0.1'): Promise<SipStreamPeer> {
    const stream = connect(port, address)
    t.after(() => { stream.destroy() })
    await new Promise((resolve, reject) => stream.once('connect', resolve).once('error', reject))
    const peer = new SipStreamPeer('TCP', { address: stream.localAddress!, port: stream.localPort!, family: '' })
    peer.read(stream)
    return peer
  }

  /** Over the newest connection. */
  send(text: string): void { this.streams.at(-1)!.write(text, 'latin1') }

  private read(stream: Stream): void {
    this.streams.push(stream)
    let text = ''
    stream.on('error', () => {})
    stream.on('data', (data: Buffer) => {
      text += data.latin1Slice()
      for (let end = wholeMessage(text); end > 0; end = wholeMessage(text)) {
        this.take(text.slice(0, end))
        text = text.slice(end)
      }
    })
  }
}

/** Where the message that a text begins with ends; 0 when it is not whole. */
function wholeMessage(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4
  const end = head + Number(/^Content-Length: (\d+)\r$/m.exec(text)?.[1] ?? NaN)
  return head > 3 && end <= text.length ? end : 0
}

/** A message with what differs between two runs replaced: tags and branches of the server, its version, client ports by name. */
export function masked(text: string, ports: Readonly<Record<string, number>> = {}): string {
  for (const [name, port] of Object.entries(ports)) text = text.replaceAll(String(port), `<${name}>`)
  return text.replace(/[0-9a-f]{32}\.[0-9a-f]{8}/g, '<tag>').replace(/z9hG4bK[0-9a-f]{24}\.0/g, '<branch>').replace(/vespid\/[0-9.]+/g, 'vespid')
}

/** The lines of a message whose names are these. */
export function lines(text: string, ...names: string[]): string[] {
  return text.split('\r\n').filter((line) => names.some((name) => line.startsWith(`${name}: `)))
}

/** A SIP client for tests: one UDP socket, and messages written by hand. */
import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
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

/** One peer: sends requests, waits for messages. */
export class SipPeer {
  readonly socket: Socket
  readonly port: number
  private readonly arrived: string[] = []
  private waiting: ((text: string) => void) | null = null
  private count = 0

  constructor(socket: Socket) {
    this.socket = socket
    this.port = socket.address().port
    socket.on('message', (bytes) => {
      const text = bytes.latin1Slice()
      if (this.waiting === null) this.arrived.push(text)
      else this.waiting(text)
    })
  }

  static async open(t: Test): Promise<SipPeer> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    t.after(() => { socket.close() })
    return new SipPeer(socket)
  }

  /** The bytes of a request. */
  request(method: string, uri: string, extra: Extra = {}): string {
    const n = ++this.count
    const { headers = '', via = `SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${n}`, to = '<sip:alice@example.com>', body = '' } = extra
    return `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\nFrom: ${extra.from ?? '<sip:bob@example.com>;tag=f'}\r\nTo: ${to}\r\nCall-ID: ${extra.callId ?? `call${n}`}\r\n` +
      `CSeq: ${extra.cseq ?? n} ${method}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  }

  send(text: string | Buffer, port: number): void {
    this.socket.send(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, port, '127.0.0.1')
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

  /** Sends a request and returns what comes next. */
  ask(port: number, method: string, uri: string, extra: Extra = {}): Promise<string> {
    this.send(this.request(method, uri, extra), port)
    return this.next()
  }

  /** Nothing has come so far: asked behind the answer to a later request, which tells that earlier ones were seen. */
  get silent(): boolean { return this.arrived.length === 0 }
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

/**
 * An HTTP server over plain sockets for tests of what asks others: the test sees every request and decides when, and
 * how, it is answered.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A request that came to the target. */
export class Asked {
  readonly line: string
  readonly head: string
  readonly body: string
  readonly socket: Socket

  constructor(head: string, body: string, socket: Socket) {
    this.line = head.slice(0, head.indexOf('\r\n'))
    this.head = head
    this.body = body
    this.socket = socket
  }

  get path(): string { return this.line.split(' ')[1]! }

  /** Answers with a status, a body and further header lines. */
  answer(status: number, body = '', head = ''): void {
    this.socket.write(`HTTP/1.1 ${status} Fine\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${head}\r\n${body}`)
  }
}

/** The target. Without `reply` every request waits until `next` takes it. */
export class Target {
  readonly port: number
  /** Connections so far. */
  connections = 0
  private readonly waiting: Asked[] = []
  private readonly takers: ((asked: Asked) => void)[] = []

  private constructor(server: Server, reply: ((asked: Asked) => void) | null) {
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => {
      this.connections++
      let text = ''
      socket.setEncoding('utf8')
      socket.on('error', () => {})
      socket.on('data', (data: string) => {
        text += data
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const head = text.slice(0, end + 2)
          const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
          const rest = Buffer.from(text.slice(end + 4))
          if (rest.length < length) return
          text = rest.subarray(length).toString()
          this.take(new Asked(head, rest.subarray(0, length).toString(), socket), reply)
        }
      })
    })
  }

  static async open(t: { after(fn: () => void): void }, reply: ((asked: Asked) => void) | null = null): Promise<Target> {
    const server = createServer()
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => sockets.add(socket))
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return new Target(server, reply)
  }

  private take(asked: Asked, reply: ((asked: Asked) => void) | null): void {
    if (reply !== null) return reply(asked)
    const taker = this.takers.shift()
    if (taker !== undefined) taker(asked)
    else this.waiting.push(asked)
  }

  /** The next request, in the order in which they came. Fails when none comes within 20 seconds. */
  next(): Promise<Asked> {
    const asked = this.waiting.shift()
    if (asked !== undefined) return Promise.resolve(asked)
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('nobody asked the target')), 20_000)
      this.takers.push((came) => {
        clearTimeout(limit)
        resolve(came)
      })
    })
  }
}

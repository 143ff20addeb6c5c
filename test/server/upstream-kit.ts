/** A raw upstream server for the proxy tests: what arrives is kept byte for byte, what it answers is up to the test. */
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from './kit.ts'

/** One request that arrived: its head as text, its body so far without framing taken off. */
export interface Arrived {
  readonly head: string
  body: string
  readonly socket: Socket
  /** Which connection it came on, from 0. */
  readonly connection: number
  /** Which request of its connection it is, from 0. */
  readonly number: number
}

/** Answers a request, once its whole body is there. */
export type Respond = (request: Arrived) => void

/** A listening upstream. */
export class Upstream {
  readonly port: number
  readonly requests: Arrived[] = []
  connections = 0
  /** Connections that the other side ended. */
  closed = 0
  private waiters: { ready: () => boolean, wake: () => void }[] = []

  constructor(port: number) { this.port = port }

  /** Resolves once `ready` holds; looked at whenever something happens. */
  when(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve()
    return new Promise((resolve) => this.waiters.push({ ready, wake: resolve }))
  }

  happened(): void {
    const due = this.waiters.filter(({ ready }) => ready())
    this.waiters = this.waiters.filter((one) => !due.includes(one))
    for (const { wake } of due) wake()
  }
}

/** Where the body of a request ends in what came behind its head: its length, or −1 while it is not complete. */
function bodyLength(head: string, rest: string): number {
  const length = /^content-length: *(\d+)/im.exec(head)
  if (length !== null) return rest.length >= Number(length[1]) ? Number(length[1]) : -1
  if (!/^transfer-encoding: *chunked/im.test(head)) return 0
  const end = rest.startsWith('0\r\n\r\n') ? 0 : rest.indexOf('\r\n0\r\n\r\n') + 2
  return end < 2 && !rest.startsWith('0\r\n\r\n') ? -1 : end + 5
}

/** Starts an upstream on a free port, or on a unix socket. `respond` answers each whole request; `raw` takes a connection's bytes instead. */
export async function upstream(t: Test, respond: Respond, options: { path?: string, raw?: (socket: Socket, bytes: Buffer) => void } = {}): Promise<Upstream> {
  const sockets = new Set<Socket>()
  let made!: Upstream
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = made.connections++
    let number = 0
    let text = ''
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => { sockets.delete(socket); made.closed++; made.happened() })
    socket.on('end', () => socket.end())
    socket.on('data', (bytes) => {
      if (options.raw !== undefined) {
        options.raw(socket, bytes as Buffer)
        return made.happened()
      }
      text += (bytes as Buffer).toString('latin1')
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = text.slice(0, end + 4)
        const length = bodyLength(head, text.slice(end + 4))
        if (length < 0) return
        const request: Arrived = { head, body: text.slice(end + 4, end + 4 + length), socket, connection, number: number++ }
        text = text.slice(end + 4 + length)
        made.requests.push(request)
        respond(request)
        made.happened()
      }
    })
    made.happened()
  })
  await new Promise<void>((resolve) => {
    if (options.path !== undefined) server.listen(options.path, resolve)
    else server.listen(0, '127.0.0.1', resolve)
  })
  made = new Upstream(options.path !== undefined ? 0 : (server.address() as AddressInfo).port)
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return made
}

/** Answers every request with these bytes. */
export function canned(text: string): Respond {
  return ({ socket }) => void socket.write(Buffer.from(text, 'latin1'))
}

/** A whole response with a Content-Length. */
export function reply(body: string, lines: readonly string[] = [], status = '200 OK'): string {
  return [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...lines].join('\r\n') + '\r\n\r\n' + body
}

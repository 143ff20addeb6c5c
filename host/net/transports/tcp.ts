import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { systemFailure } from '../../core/errors.ts'
import { SafeFramer } from './framing.ts'
import { addressOf } from './spec.ts'
import type { Note, Serve, TcpSpec, Transport } from './spec.ts'

/** A TCP socket that carries one document a connection and closes it behind the answer. */
export class Tcp implements Transport {
  private spec: TcpSpec
  private readonly serve: Serve
  private readonly note: Note
  private server: Server | null = null
  private readonly clients = new Set<Socket>()

  constructor(spec: TcpSpec, serve: Serve, note: Note) {
    this.spec = spec
    this.serve = serve
    this.note = note
  }

  open(): Promise<void> {
    const { host, port } = this.spec
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.accept(socket))
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new Error(systemFailure(`bind() to ${addressOf(this.spec)}`, error))))
      server.listen({ host, port, exclusive: true }, () => {
        server.removeAllListeners('error').on('error', (error) => this.note('error', systemFailure(addressOf(this.spec), error)))
        this.server = server
        resolve()
      })
    })
  }

  private accept(socket: Socket): void {
    const { limit, strict, clients, timeout } = this.spec
    socket.on('error', () => {})
    if (this.clients.size >= clients) return void socket.destroy()
    this.clients.add(socket)
    let clock = setTimeout(() => socket.destroy(), timeout)
    socket.on('close', () => {
      clearTimeout(clock)
      this.clients.delete(socket)
    })
    let taken = false
    const take = (document: Buffer, whole: boolean): void => {
      if (taken) return
      taken = true
      // What follows the document is read and dropped: unread bytes would reset the connection and the answer with it.
      socket.removeAllListeners('data').resume()
      clearTimeout(clock)
      clock = setTimeout(() => socket.destroy(), Math.max(timeout, 60_000))
      void this.answer(socket, whole ? document : document.subarray(0, Math.min(document.length, limit)), () => {
        clearTimeout(clock)
        clock = setTimeout(() => socket.destroy(), timeout)
      })
    }
    if (strict) return void socket.once('data', (chunk: Buffer) => take(chunk.length > limit ? chunk.subarray(0, limit) : chunk, true))
    const framer = new SafeFramer(limit, take)
    let text = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk)
      // What never begins a document cannot end one either.
      if (!taken && framer.pending === 0) text = Buffer.concat([text, chunk.subarray(0, 256)])
      if (!taken && text.length > 0 && (text.includes(10) || text.length >= 256) && text.toString('latin1').trim() !== '') take(text, false)
    })
    socket.on('end', () => {
      if (taken) return
      framer.expire()
      if (!taken && text.length > 0) take(text, false)
      else if (!taken) socket.end()
    })
  }

  private async answer(socket: Socket, document: Buffer, sent: () => void): Promise<void> {
    const answer = await this.serve(Buffer.from(document), peerOf(socket)).catch((error: Error) => {
      this.note('error', `${addressOf(this.spec)}: ${error.message}`)
      return null
    })
    // Kamailio leaves the connection open here; it ends by its time.
    if (this.spec.strict && answer !== null && !answer.understood) return sent()
    sent()
    if (answer === null) socket.end()
    else socket.end(answer.bytes)
  }

  update(spec: TcpSpec): string | null {
    this.spec = spec
    return null
  }

  close(): void {
    this.server?.close()
    this.server = null
    for (const socket of this.clients) if (socket.listenerCount('data') > 0) socket.destroy()
  }
}

function peerOf(socket: Socket): string {
  return socket.remoteAddress === undefined ? 'a client that has left' : `${socket.remoteAddress}:${socket.remotePort}`
}

/** Clients of the byte transports of jsonrpcs: a caller with a reply fifo, a unix datagram socket, UDP, TCP. */
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, constants, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { lastError } from '../../host/net/ffi.ts'
import { Libc, addressSize, libc, unixAddress } from '../../host/net/transports/libc.ts'
import { until } from './kit.ts'

/** The fifo that a caller has made for its answer, open for reading, so that the server finds a reader. */
export class ReplyFifo {
  readonly path: string
  /** What has come; `ended`: and the server has closed it. */
  text = ''
  ended = false
  private readonly fd: number

  constructor(path: string) {
    this.path = path
    execFileSync('mkfifo', ['-m', '666', path])
    this.fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  }

  /** Takes what is there. */
  look(): this {
    const chunk = Buffer.alloc(65536)
    for (;;) {
      let n: number
      try {
        n = readSync(this.fd, chunk)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return this
        throw error
      }
      if (n === 0) {
        if (this.text !== '') this.ended = true
        return this
      }
      this.text += chunk.toString('utf8', 0, n)
    }
  }

  /** The whole answer, once it has ended. */
  async answer(): Promise<string> {
    await until(() => this.look().ended, () => `no answer at ${this.path}, only ${JSON.stringify(this.text)}`)
    return this.text
  }

  remove(): void {
    closeSync(this.fd)
    rmSync(this.path, { force: true })
  }
}

/** Writes to a fifo as `echo >FIFO` does. */
export function writeFifo(path: string, text: string | Buffer): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(fd, bytes, at)
      } catch (error) {
        // The reader is slower.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
    }
  } finally {
    closeSync(fd)
  }
}

/** A unix datagram socket with a name, as kamcli has one. */
export class UnixClient {
  readonly path: string
  private readonly fd: number
  private readonly server: Buffer

  constructor(path: string, server: string) {
    this.path = path
    this.server = unixAddress(server)!
    this.fd = libc().socket(Libc.Unix, Libc.Datagram | Libc.NonBlocking, 0)
    const address = unixAddress(path)!
    if (libc().bind(this.fd, address, address.length) < 0) throw lastError()
  }

  /** Sends, when the server's queue has room. */
  async send(text: string | Buffer): Promise<void> {
    const bytes = Buffer.from(text)
    await until(() => {
      if (libc().sendto(this.fd, bytes, BigInt(bytes.length), Libc.NoSignal, this.server, this.server.length) >= 0n) return true
      const error = lastError()
      if (error.code !== 'EAGAIN') throw error
      return false
    }, () => 'the server takes no datagrams')
  }

  /** The next answer, or null when there is none now. */
  look(): string | null {
    const data = Buffer.alloc(1 << 18)
    const n = Number(libc().recvfrom(this.fd, data, BigInt(data.length), Libc.DontWait, Buffer.alloc(addressSize), Buffer.from([addressSize, 0, 0, 0])))
    return n < 0 ? null : data.toString('utf8', 0, n)
  }

  async answer(): Promise<string> {
    let found: string | null = null
    await until(() => (found = this.look()) !== null, () => 'no answer to a unix datagram')
    return found!
  }

  close(): void {
    closeSync(this.fd)
    rmSync(this.path, { force: true })
  }
}

/** Sends datagrams over UDP and gives the first answer; what it answers to the last is all that came. */
export function udp(port: number, ...documents: readonly (string | Buffer)[]): Promise<string> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (data) => socket.close(() => resolve(data.toString())))
    for (const document of documents) socket.send(document, port, '127.0.0.1')
  })
}

/** A TCP client: writes the pieces one after another, each when `between` has passed, and gives all that came until the server closed. */
export function tcp(port: number, pieces: readonly (string | Buffer)[], { half = false, between = async (): Promise<void> => {} } = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    socket.on('end', () => {
      socket.end()
      resolve(Buffer.concat(chunks).toString())
    })
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await between()
      }
      if (half) socket.end()
    })()
  })
}

import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { systemFailure } from '../../core/errors.ts'
import { addressOf } from './spec.ts'
import type { DatagramSpec, Note, Serve, Transport } from './spec.ts'

/** Datagrams that may be worked on at the same time; more are lost, as UDP may lose them anyway. */
const most = 256
/** The largest payload of UDP over IPv4. */
const largest = 65507

/** A UDP socket that carries documents. */
export class Udp implements Transport {
  private spec: DatagramSpec
  private readonly serve: Serve
  private readonly note: Note
  private socket: Socket | null = null
  private busy = 0
  private lost = 0

  constructor(spec: DatagramSpec, serve: Serve, note: Note) {
    this.spec = spec
    this.serve = serve
    this.note = note
  }

  open(): Promise<void> {
    const { host, port } = this.spec
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only: false })
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(new Error(systemFailure(`bind() to ${addressOf(this.spec)}`, error))))
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error').on('error', (error) => this.note('error', systemFailure(addressOf(this.spec), error)))
        socket.on('message', (data, from) => this.take(data, from))
        this.socket = socket
        resolve()
      })
    })
  }

  private take(data: Buffer, from: RemoteInfo): void {
    const { strict, limit } = this.spec
    if (data.length === 0 || from.port === 0) return
    // Answers to what is no call would go to and fro between two servers for ever, and to whoever a forged sender names.
    if (!strict && !data.includes('"method"')) return
    if (this.busy >= most) {
      if (this.lost++ % 1000 === 0) this.note('warn', `${addressOf(this.spec)}: more than ${most} documents at the same time, the next are dropped`)
      return
    }
    this.busy++
    const name = `${from.address}:${from.port}`
    this.serve(data.length > limit ? data.subarray(0, limit) : data, name).then((answer) => {
      if (answer === null || answer.bytes.length === 0 || this.socket === null) return
      if (answer.bytes.length > largest) return this.note('error', `${addressOf(this.spec)}: an answer of ${answer.bytes.length} bytes to ${name} does not fit in a datagram`)
      this.socket.send(answer.bytes, from.port, from.address, (error) => {
        if (error !== null) this.note('info', systemFailure(`sendto() ${name}`, error))
      })
    }).catch((error: Error) => this.note('error', `${addressOf(this.spec)}: ${error.message}`)).finally(() => { this.busy-- })
  }

  update(spec: DatagramSpec): string | null {
    this.spec = spec
    return null
  }

  close(): void {
    this.socket?.close()
    this.socket = null
  }
}

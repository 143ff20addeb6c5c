import type { RemoteInfo, Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { sharesPorts } from './listen.ts'

/** Bytes that the kernel is asked to keep for a socket that is not read for a while: some thousand SIP messages. */
const receiveBuffer = 1 << 20

/** Addresses are numeric here: nothing is looked up, and so nothing is put off to a later turn of the event loop (Node's own look-up does that). */
function numeric(host: string, _options: unknown, done: (error: Error | null, address: string, family: number) => void): void {
  done(null, host, isIPv6(host) ? 6 : 4)
}

/** One UDP socket: what arrives goes to `receive`; what cannot be sent is dropped, as the network may do anyhow. */
export class UdpSocket {
  private readonly socket: Socket
  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Sends one datagram to a numeric address. Without a callback the kernel is asked at once, and nothing is left to do afterwards. */
  send(bytes: Buffer, port: number, address: string): void {
    try {
      this.socket.send(bytes, port, address)
    } catch {
      // An address of another family: nowhere to go.
    }
  }

  /** Where it really listens (after port 0). */
  get port(): number { return this.socket.address().port }

  close(): void { this.socket.close() }
}

/**
 * Listens for datagrams on a numeric address; port 0 asks the system for one. Workers share a port by SO_REUSEPORT: the kernel keeps one peer with one
 * worker. Rejects with Node's error (EADDRINUSE …).
 */
export function openUdp(host: string, port: number, receive: (bytes: Buffer, from: RemoteInfo) => void, share = true): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4', lookup: numeric, ipv6Only: isIPv6(host), reusePort: share && sharesPorts && port !== 0,
    })
    socket.once('error', reject)
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      socket.on('message', receive)
      try {
        socket.setRecvBufferSize(receiveBuffer)
      } catch {
        // The system allows less: it stays as it is.
      }
      resolve(new UdpSocket(socket))
    })
  })
}

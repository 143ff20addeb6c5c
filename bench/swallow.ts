import type { ByteStream, Slab } from '../host/net/bytestream.ts'
import type { HttpEngine } from '../host/http/engine.ts'
import type { ListenAddress } from '../host/http/servers.ts'
import { Connection } from '../host/http/connection.ts'

/** A byte stream that takes everything at once, so that nothing but our own work is measured. */
export class Swallow implements ByteStream {
  destroyed = false
  pending = 0
  /** Bytes written so far. */
  written = 0
  /** The beginning of the first answer. */
  first = ''
  write(slab: Slab, length: number): void {
    if (this.written === 0) this.first = slab.bytes.toString('latin1', 0, length)
    this.written += length
  }
  writeWith(slab: Slab, length: number, body: Uint8Array): void {
    this.write(slab, length)
    this.written += body.length
  }
  whenTaken(done: () => void): void { done() }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroySoon(): void {}
  destroy(): void {}
}

/** A connection to an address of an engine that writes into a Swallow. */
export function swallowing(engine: HttpEngine, address: ListenAddress): { readonly connection: Connection, readonly sink: Swallow } {
  const sink = new Swallow()
  const connection = new Connection(engine, address, 1, { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 18099 })
  connection.stream = sink
  return { connection, sink }
}

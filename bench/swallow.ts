import type { ByteStream, Slab } from '../host/net/bytestream.ts'
import type { Cycle } from '../host/cycle.ts'
import type { ListenAddress } from '../host/http/servers.ts'
import { Connection } from '../host/http/connection.ts'
import { HttpEngine } from '../host/http/engine.ts'
import { readOffset } from '../host/http/framing/memory.ts'
import { loadHeadModule } from '../host/http/framing/wasmhead.ts'

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

const headModule = loadHeadModule()

/** An engine with one connection, whose answers a Swallow takes. */
export class Fed {
  readonly engine: HttpEngine
  readonly connection: Connection
  readonly sink = new Swallow()

  private constructor(engine: HttpEngine, address: ListenAddress) {
    this.engine = engine
    this.connection = new Connection(engine, address, 1, { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 18099 })
    this.connection.stream = this.sink
  }

  /** Opens an engine for this cycle; the connection is to its first address. */
  static async open(cycle: Cycle): Promise<Fed> {
    const engine = new HttpEngine(cycle, headModule)
    await engine.open(cycle)
    return new Fed(engine, cycle.servers!.addresses[0]!)
  }

  /** Gives the connection these bytes, which are whole requests, as if they had just been read. */
  send(bytes: Buffer): void {
    const { engine } = this
    bytes.copy(engine.memory.bytes, readOffset)
    engine.now = Date.now()
    this.connection.received(bytes.length)
  }
}

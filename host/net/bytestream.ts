/** The bytes of one accepted connection, however they are read and written: what HTTP needs of a socket. */

/** A place that output gathers in; its bytes must not change while a stream still has some of them to write. */
export interface Slab {
  readonly bytes: Buffer
  /** Where it lies in the core memory; −1 when it does not. */
  readonly offset: number
  /** Its address for system calls; 0 where none are made. */
  readonly pointer: bigint
  /** A view of its first bytes, as long as the last write: answers are often as long as the one before, and making a view costs 100 ns. */
  view: Buffer | null
}

/** Who takes what a connection brings. */
export interface ByteSink {
  /** `count` bytes are at the start of the worker's read buffer, until this returns; false: no more for now, until `resume()`. */
  received(count: number): boolean
  /** The peer has ended its side. */
  ended(): void
  /** The connection is gone, for whatever reason. Nothing follows; never called from within a call to the stream. */
  closed(): void
}

/** One accepted connection. Nothing throws; a failure ends in `closed()`. */
export interface ByteStream {
  /** It was closed from here, or by a failure. */
  readonly destroyed: boolean
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pending: number
  /** Writes the first `length` bytes of a slab. */
  write(slab: Slab, length: number): void
  /** Writes the first `length` bytes of a slab (0 for none) and a buffer behind them, with one system call. */
  writeWith(slab: Slab, length: number, body: Uint8Array): void
  /** Calls back once, when nothing is pending any more or the stream is closed. */
  whenTaken(done: () => void): void
  pause(): void
  resume(): void
  /** Ends our side when everything is written. */
  end(): void
  /** Closes when everything is written. */
  destroySoon(): void
  /** Closes now. */
  destroy(): void
}

import type { ByteSink, ByteStream, Slab } from '../bytestream.ts'
import { lastErrno, pointerTo } from '../ffi.ts'
import { Epoll, Sys } from './calls.ts'
import type { Pollable, Poller } from './poller.ts'

/**
 * What is told of a connection: each change once, not as long as it lasts (edge-triggered). Who does not read or write at that time must do so later unasked, or ask again.
 * Saves the kernel a look at every connection per event (measured: docs/performance.md), and us all changes of what is watched.
 */
const watched = (Epoll.In | Epoll.Out | Epoll.PeerEnded | Epoll.Edge) >>> 0
/** Reads of a connection before others have their turn. */
const mostReads = 8

/** A connection whose socket is read and written by direct system calls. */
export class EpollStream implements ByteStream, Pollable {
  private readonly poller: Poller
  private readonly fd: number
  /** The same as system calls want it. */
  private readonly word: bigint
  private readonly buffer: bigint
  private readonly room: bigint
  private readonly size: number
  private readonly sink: ByteSink
  destroyed = false
  pending = 0
  /** What the kernel has not taken. */
  private rests: Uint8Array[] = []
  private takers: (() => void)[] = []
  private reading = true
  /** Nothing more is to be read: the peer has ended its side. */
  private over = false
  /** What is to happen when everything is written. */
  private atLast: 'nothing' | 'end' | 'close' = 'nothing'

  /** Takes over a connected, non-blocking socket; what arrives is read into `buffer`, whose memory must never move. One that cannot be watched is closed at once. */
  constructor(poller: Poller, fd: number, buffer: Uint8Array, sink: ByteSink) {
    this.poller = poller
    this.fd = fd
    this.word = BigInt(fd)
    this.buffer = pointerTo(buffer)
    this.room = BigInt(buffer.length)
    this.size = buffer.length
    this.sink = sink
    try {
      poller.add(fd, watched, this)
    } catch {
      this.destroyed = true
      poller.closeUnwatched(fd)
      process.nextTick(gone, this)
    }
  }

  ready(events: number): void {
    if (this.pending > 0 && (events & (Epoll.Out | Epoll.Error | Epoll.HangUp)) !== 0) this.writeRests()
    if ((events & ~Epoll.Out) !== 0) this.read((events & ~(Epoll.In | Epoll.Out)) !== 0)
  }

  /** Reads what is there. A read that does not fill the buffer took all of it; `atEnd`: the end comes behind. */
  private read(atEnd: boolean): void {
    for (let i = 0; i < mostReads; i++) {
      if (!this.reading || this.over || this.destroyed) return
      const count = this.poller.calls.recv(this.word, this.buffer, this.room, 0n)
      if (count > 0) {
        if (!this.sink.received(count)) this.reading = false
        if (count < this.size && !atEnd) return
      } else if (count === 0) {
        this.over = true
        return this.sink.ended()
      } else {
        if (!passing(lastErrno())) this.destroy()
        return
      }
    }
    this.askAgain()
  }

  /** Lets the kernel tell once more what it has told before. */
  private askAgain(): void {
    if (this.destroyed) return
    try {
      this.poller.modify(this.fd, watched)
    } catch {
      this.destroy()
    }
  }

  write(slab: Slab, length: number): void {
    if (this.destroyed) return
    if (this.pending > 0) return this.keep(slab.bytes.subarray(0, length))
    const sent = this.poller.calls.send(this.word, slab.pointer, BigInt(length), Sys.NoSignal)
    if (sent === length) return
    if (sent >= 0) this.keep(slab.bytes.subarray(sent, length))
    else if (passing(lastErrno())) this.keep(slab.bytes.subarray(0, length))
    else this.destroy()
  }

  writeWith(slab: Slab, length: number, body: Uint8Array): void {
    if (this.destroyed) return
    if (this.pending > 0) {
      if (length > 0) this.keep(slab.bytes.subarray(0, length))
      return this.keep(body)
    }
    const { scratch, scratchPointer, calls } = this.poller
    scratch.writeBigUInt64LE(slab.pointer, 0)
    scratch.writeBigUInt64LE(BigInt(length), 8)
    scratch.writeBigUInt64LE(pointerTo(body), 16)
    scratch.writeBigUInt64LE(BigInt(body.length), 24)
    let sent = calls.writev(this.word, scratchPointer, 2n)
    if (sent < 0) {
      if (!passing(lastErrno())) return this.destroy()
      sent = 0
    }
    if (sent < length) this.keep(slab.bytes.subarray(sent, length))
    const ofBody = Math.max(0, sent - length)
    if (ofBody < body.length) this.keep(body.subarray(ofBody))
  }

  private keep(bytes: Uint8Array): void {
    this.rests.push(bytes)
    this.pending += bytes.length
  }

  private writeRests(): void {
    while (this.rests.length > 0) {
      const first = this.rests[0]!
      const sent = this.poller.calls.send(this.word, pointerTo(first), BigInt(first.length), Sys.NoSignal)
      if (sent < 0) {
        if (!passing(lastErrno())) this.destroy()
        return
      }
      this.pending -= sent
      if (sent < first.length) {
        this.rests[0] = first.subarray(sent)
        return
      }
      this.rests.shift()
    }
    if (this.atLast === 'close') return this.destroy()
    if (this.atLast === 'end') this.poller.setup.shutdown(this.fd, Sys.ShutWrite)
    this.taken()
  }

  private taken(): void {
    const { takers } = this
    if (takers.length === 0) return
    this.takers = []
    for (const done of takers) done()
  }

  whenTaken(done: () => void): void {
    if (this.pending === 0 || this.destroyed) process.nextTick(done)
    else this.takers.push(done)
  }

  pause(): void { this.reading = false }

  resume(): void {
    if (this.reading) return
    this.reading = true
    this.askAgain()
  }

  end(): void {
    if (this.destroyed || this.atLast !== 'nothing') return
    this.atLast = 'end'
    if (this.pending === 0) this.poller.setup.shutdown(this.fd, Sys.ShutWrite)
  }

  destroySoon(): void {
    if (this.pending === 0) return this.destroy()
    this.atLast = 'close'
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.poller.close(this.fd)
    this.rests = []
    process.nextTick(gone, this)
  }

  /** What is left to tell after it was closed. */
  tellClosed(): void {
    this.taken()
    this.sink.closed()
  }
}

function gone(stream: EpollStream): void {
  stream.tellClosed()
}

/** Whether a call that failed may be made again later. */
function passing(errno: number): boolean {
  return errno === Sys.Again || errno === Sys.Interrupted
}

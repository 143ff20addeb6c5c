import type { Answer, Verdict } from '../module.ts'
import type { Nest } from './postpone.ts'
import type { BodyPart } from './response.ts'
import { readSync } from 'node:fs'
import { ERROR, OK } from '../module.ts'

/** Bytes that a subrequest may be ahead of its reader, and that are read of a file at once. */
const ahead = 65536

/**
 * The body of a subrequest as the handler that made it reads it, piece by piece. What has not been read holds the subrequest up, so that a body
 * of any length needs little memory.
 */
export class SubrequestStream {
  private readonly nest: Nest
  private readonly begun: () => void
  private readonly pieces: Buffer[] = []
  private held = 0
  private started = false
  private over = false
  private failed = false
  private closed = false
  private reader: (() => void) | null = null

  /** `begun` is told once that status and headers are there: with the first piece, or at the end. */
  constructor(nest: Nest, begun: () => void) {
    this.nest = nest
    this.begun = begun
  }

  /** Takes a part of the body: OK, or a promise until there is room for more. */
  put(part: BodyPart): Answer {
    this.start()
    if (this.closed) return OK
    if (part.file !== null) return this.putFile(part.file)
    if (part.data === null || part.data.length === 0) return OK
    return this.push(part.data)
  }

  /** The subrequest is through, or broke off with `rc`. */
  end(rc: Verdict): void {
    this.over = true
    this.failed = rc !== OK
    this.start()
    this.wakeReader()
  }

  /** Copies what is there to `room`: how many bytes, 0 at the end, −1 when the subrequest broke off before it; null when nothing is there yet. */
  now(room: () => Uint8Array): number | null {
    const piece = this.pieces[0]
    if (piece === undefined) return !this.over ? null : this.failed ? -1 : 0
    const target = room()
    const count = Math.min(piece.length, target.length)
    target.set(piece.subarray(0, count))
    if (count === piece.length) this.pieces.shift()
    else this.pieces[0] = piece.subarray(count)
    this.held -= count
    if (this.held <= ahead) this.wakeWriters()
    return count
  }

  /** The same as soon as there is something: `done` is called once. */
  later(room: () => Uint8Array, done: (count: number) => void): void {
    this.reader = () => done(this.now(room) ?? -1)
  }

  /** Nobody reads any more: what comes is dropped, and holds nobody up. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.reader = null
    this.pieces.length = this.held = 0
    this.wakeWriters()
  }

  private start(): void {
    if (this.started) return
    this.started = true
    this.begun()
  }

  private push(data: Buffer): Answer {
    this.pieces.push(data)
    this.held += data.length
    this.wakeReader()
    return this.held <= ahead ? OK : this.room()
  }

  private room(): Promise<Verdict> {
    return new Promise((resolve) => this.nest.wakers.push(resolve))
  }

  /** A stretch of a file, which is open only as long as its request. */
  private async putFile({ fd, start, end }: { fd: number, start: number, end: number }): Promise<Verdict> {
    for (let at = start; at < end && !this.closed;) {
      if (this.over) return ERROR
      const piece = Buffer.allocUnsafe(Math.min(ahead, end - at))
      const count = readSync(fd, piece, 0, piece.length, at)
      if (count === 0) throw new Error('file was truncated while it was sent')
      at += count
      const rc = await this.push(piece.subarray(0, count))
      if (rc !== OK) return rc
    }
    return OK
  }

  private wakeReader(): void {
    const { reader } = this
    this.reader = null
    reader?.()
  }

  private wakeWriters(): void {
    const { wakers } = this.nest
    this.nest.wakers = []
    for (const resolve of wakers) resolve(OK)
  }
}


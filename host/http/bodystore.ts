import type { Verdict } from '../module.ts'
import type { Request } from './request.ts'
import { readFileSync } from 'node:fs'
import { OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { BodyFile } from './bodyfile.ts'

const none = Buffer.alloc(0)

/**
 * Where the bytes of one request's body are: still in the read buffer, in memory, or past client_body_buffer_size in a temporary file
 * (nginx.md §8). What is to be kept is decided by RequestBody.
 */
export class BodyStore {
  private parts: Buffer[] = []
  /** Bytes kept. */
  size = 0
  /** The temporary file, or null. */
  temporary: BodyFile | null = null
  /** The temporary file is another request's. */
  private borrowed = false
  private whole: Buffer | null = null
  /** A body that came with its head stays where it was read (`source[start…start + size)`) until somebody needs it for longer; null when it does not. */
  private source: Buffer | null = null
  private start = 0

  /** Nothing is kept yet. */
  clear(): void {
    this.whole = this.source = null
    this.temporary = null
    this.size = 0
    if (this.parts.length > 0) this.parts = []
  }

  /** The body is `size` bytes of `source` from `start` on, which may be overwritten when control returns to the event loop. */
  point(source: Buffer, start: number, size: number): void {
    this.source = source
    this.start = start
    this.size = size
  }

  /** Another body's bytes (`from`, which stays their owner), or bytes of its own, or nothing. */
  lend(from: BodyStore | null, own: Buffer | null): void {
    this.borrowed = true
    this.source = null
    this.whole = from !== null ? from.buffer : own
    this.temporary = from !== null ? from.temporary : null
    this.size = from !== null ? from.size : own === null ? 0 : own.length
  }

  /** The whole body in memory; null when none, unread, or in a file. */
  get buffer(): Buffer | null {
    if (this.source !== null) this.detach()
    return this.whole
  }

  /** Whether the whole body is in memory. */
  get inMemory(): boolean { return this.whole !== null || this.source !== null }

  /** Copies a body that is still where it was read: called before that is overwritten. */
  detach(): void {
    const { source, start } = this
    if (source === null) return
    this.source = null
    const copy = Buffer.allocUnsafe(this.size)
    source.copy(copy, 0, start, start + this.size)
    this.whole = copy
  }

  /** What the whole body lies in, `held[heldAt…heldAt + size)`, until control returns to the event loop; null when it is not in memory. */
  get held(): Buffer | null { return this.source ?? this.whole }
  get heldAt(): number { return this.source === null ? 0 : this.start }

  /** Copies what of the body fits from `offset` on to `to[at…at + capacity)`; how many bytes. The body must be in memory. */
  copyTo(to: Uint8Array, at: number, offset: number, capacity: number): number {
    if (offset >= this.size) return 0
    const end = Math.min(this.size, offset + capacity)
    if (this.source !== null) return this.source.copy(to, at, this.start + offset, this.start + end)
    return this.whole!.copy(to, at, offset, end)
  }

  /** The whole body as one buffer, from memory or the temporary file; empty when there is none. */
  bytes(): Buffer {
    const { buffer } = this
    if (buffer !== null) return buffer
    return this.temporary === null ? none : readFileSync(this.temporary.path)
  }

  /** Keeps bytes that `size` counts already; moves on to a file past client_body_buffer_size. OK, or 500 when the file cannot be written. */
  append(r: Request, bytes: Buffer, start: number, end: number): Verdict {
    if (this.temporary === null && this.size > r.location.clientBodyBufferSize) this.toFile(r)
    if (this.temporary === null) {
      this.parts.push(Buffer.from(bytes.subarray(start, end)))
      return OK
    }
    return this.temporary.write(r, bytes, start, end) ? OK : 500
  }

  /** Moves on to a temporary file. */
  toFile(r: Request): void {
    this.temporary = new BodyFile(r)
    const level = r.location.clientBodyInFileOnly === 'off' ? Level.warn : Level.notice
    if (this.temporary.path !== '') r.log(level, `a client request body is buffered to a temporary file ${this.temporary.path}`)
    for (const part of this.parts) this.temporary.write(r, part, 0, part.length)
    this.parts = []
  }

  /** All of it has come, and is wanted as a whole. */
  finish(): void {
    if (this.temporary === null) this.whole = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts)
    this.parts = []
  }

  /** What was kept is not wanted any more. */
  drop(): void {
    this.parts = []
    this.temporary?.close(false)
    this.temporary = null
  }

  /** The request is over: removes the temporary file unless it is to be kept. */
  release(keep: boolean): void {
    this.whole = this.source = null
    if (this.parts.length > 0) this.parts = []
    if (!this.borrowed) this.temporary?.close(keep)
    this.temporary = null
  }
}

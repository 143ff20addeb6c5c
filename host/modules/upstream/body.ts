import type { ResponseHead } from './head.ts'
import { ChunkedDecoder } from '../../http/framing/chunked.ts'

/** How much of a response body is there. */
export type BodyState = 'more' | 'done' | 'invalid'

const nothing: Buffer = Buffer.alloc(0)

/** Finds the end of one response body (RFC 9112 §6.3) and takes its chunked framing off. */
export class BodyReader {
  /** Bytes still to come by Content-Length; −1 without one. */
  private left: number
  private readonly chunked: ChunkedDecoder | null
  state: BodyState = 'more'
  /** Bytes came that belong to no response. */
  surplus = false
  /** The response has no body whatever its head says. */
  readonly bodiless: boolean

  /** `bodiless`: a response to HEAD, or one whose status has no body. */
  constructor(head: ResponseHead, bodiless: boolean) {
    this.bodiless = bodiless
    this.chunked = !bodiless && head.chunked ? new ChunkedDecoder() : null
    this.left = bodiless ? 0 : head.chunked ? -1 : head.contentLength
    if (this.left === 0) this.state = 'done'
  }

  /** The body goes on until the server closes. */
  get untilClose(): boolean { return this.chunked === null && this.left < 0 }

  /**
   * Takes bytes of the wire; returns the content among them (of `data`, not copied when it is one piece). Then look at
   * `state`.
   */
  feed(data: Buffer): Buffer {
    if (data.length === 0) return nothing
    if (this.state === 'done') {
      this.surplus = true
      return nothing
    }
    if (this.chunked !== null) return this.feedChunks(data)
    if (this.left < 0) return data
    if (data.length > this.left) this.surplus = true
    const content = data.length > this.left ? data.subarray(0, this.left) : data
    this.left -= content.length
    if (this.left === 0) this.state = 'done'
    return content
  }

  /** The server closed its side: whether the response is whole. */
  end(): boolean {
    if (this.untilClose) this.state = 'done'
    return this.state === 'done'
  }

  private feedChunks(data: Buffer): Buffer {
    const decoder = this.chunked!
    let first = nothing
    let more: Buffer[] | null = null
    let at = 0
    while (at < data.length) {
      const next = decoder.feed(data, at, data.length)
      if (next < 0) {
        this.state = 'invalid'
        break
      }
      if (decoder.dataEnd > decoder.dataStart) {
        const piece = data.subarray(decoder.dataStart, decoder.dataEnd)
        if (first.length === 0) first = piece
        else (more ??= [first]).push(piece)
      }
      at = next
      if (!decoder.done) continue
      this.state = 'done'
      this.surplus = at < data.length
      break
    }
    return more === null ? first : Buffer.concat(more)
  }
}

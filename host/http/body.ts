import type { Answer, Verdict } from '../module.ts'
import type { Request } from './request.ts'
import { readFileSync } from 'node:fs'
import { OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { ChunkedDecoder } from './framing/chunked.ts'
import { State } from './connection.ts'
import { BodyFile } from './bodyfile.ts'

/** How far the request's body is. */
const Stage = { Done: 0, Unread: 1, Reading: 2, Discarding: 3 } as const
type Stage = (typeof Stage)[keyof typeof Stage]

const none = Buffer.alloc(0)

/** Who takes a body while it arrives (`proxy_request_buffering off`). */
export interface BodySink {
  /** The bytes are the sink's own; false holds the client until `resumeStream`. */
  data(bytes: Buffer): boolean
  /** OK: that was all. Else the status that says why there is no more. */
  end(verdict: Verdict): void
}

/**
 * The body of one request: read into memory and past client_body_buffer_size into a temporary file, or discarded (nginx.md §8). It takes its
 * bytes from the connection's input.
 */
export class RequestBody {
  private readonly request: Request
  private stage: Stage = Stage.Done
  /** Bytes still to come by Content-Length; unused with chunks. */
  private left = 0
  private chunked: ChunkedDecoder | null = null
  private parts: Buffer[] = []
  private size = 0
  private temporary: BodyFile | null = null
  /** The temporary file is another request's. */
  private borrowed = false
  private wake: ((v: Verdict) => void) | null = null
  private sink: BodySink | null = null
  /** Whole body in memory; null when none, unread, or in a file. */
  buffer: Buffer | null = null
  /** Somebody began to read or to discard. */
  started = false

  constructor(request: Request) {
    this.request = request
  }

  /** A new request with this framing. */
  begin(contentLength: number, chunked: boolean): void {
    this.buffer = null
    this.started = false
    this.temporary = null
    if (contentLength <= 0 && !chunked) {
      this.stage = Stage.Done
      return
    }
    this.stage = Stage.Unread
    this.left = chunked ? 0 : contentLength
    this.chunked = chunked ? new ChunkedDecoder() : null
    this.size = 0
    this.parts = []
  }

  /** The body of a subrequest: bytes of its own, or another's as far as it has been read (nginx shares request_body). Nothing is read for it. */
  lend(from: RequestBody | null, own: Buffer | null): void {
    const whole = own === null && from !== null && from.stage === Stage.Done
    this.stage = Stage.Done
    this.started = this.borrowed = true
    this.buffer = whole ? from.buffer : own
    this.temporary = whole ? from.temporary : null
    this.size = whole ? from.size : own === null ? 0 : own.length
  }

  /** The temporary file that holds the body, or null. */
  get file(): string | null { return this.temporary?.path ?? null }
  /** Length in bytes of the body as far as read. */
  get length(): number { return this.size }
  /** Bytes of the body are still in the connection or on the wire. */
  get unread(): boolean { return this.stage !== Stage.Done }
  /** Somebody waits for more of it. */
  get reading(): boolean { return this.stage === Stage.Reading }

  /** The whole body as one buffer, from memory or the temporary file; empty when there is none. */
  bytes(): Buffer {
    if (this.buffer !== null) return this.buffer
    return this.temporary === null ? none : readFileSync(this.temporary.path)
  }

  /** Reads the whole body: OK at once when it is here, else a promise of OK or of a status. */
  read(): Answer {
    const r = this.request
    const { clientBodyInFileOnly, clientBodyBufferSize } = r.location
    if (this.stage === Stage.Done && !this.started && r.contentLength === 0 && clientBodyInFileOnly !== 'off') this.toFile()
    this.started = true
    if (this.stage === Stage.Done || this.stage === Stage.Discarding) return OK
    if (this.stage === Stage.Reading) return new Promise((resolve) => this.chain(resolve))
    this.stage = Stage.Reading
    if (clientBodyInFileOnly !== 'off' || this.left > clientBodyBufferSize) this.toFile()
    const rc = this.consume()
    if (rc !== OK || this.isDone()) return rc
    this.sendContinue()
    const c = r.connection
    c.state = State.Body
    c.deadline = c.engine.now + r.location.clientBodyTimeout
    c.unpause()
    return new Promise((resolve) => { this.wake = resolve })
  }

  /** Hands the body to `sink` as it arrives instead of keeping it; for a body of which nothing was read yet. */
  stream(sink: BodySink): void {
    const c = this.request.connection
    if (this.stage !== Stage.Unread) return sink.end(this.stage === Stage.Done ? OK : 500)
    this.started = true
    this.stage = Stage.Reading
    this.sink = sink
    this.wake = (verdict) => {
      this.sink = null
      sink.end(verdict)
    }
    // What came while the server was being connected to may have filled the connection's share.
    c.unpause()
    const rc = this.consume()
    if (rc !== OK || !this.unread) return this.settle(rc)
    this.sendContinue()
    c.state = State.Body
    if (c.paused) return
    c.deadline = c.engine.now + this.request.location.clientBodyTimeout
  }

  /** The sink takes more. */
  resumeStream(): void {
    const c = this.request.connection
    if (this.sink === null || !c.paused) return
    c.deadline = c.engine.now + this.request.location.clientBodyTimeout
    c.unpause()
  }

  /** The sink wants no more: the rest is dropped like a body that nobody reads. */
  stopStream(): void {
    if (this.sink === null) return
    const c = this.request.connection
    this.sink = this.wake = null
    if (this.stage === Stage.Reading) this.stage = Stage.Discarding
    if (c.state === State.Body) c.state = State.Busy
    c.deadline = Infinity
  }

  private isDone(): boolean { return this.stage === Stage.Done }

  private chain(resolve: (v: Verdict) => void): void {
    const { wake } = this
    this.wake = wake === null ? resolve : (v) => { wake(v); resolve(v) }
  }

  /** Drops the body: what is here now, the rest as it comes. OK, or 400 when its framing is broken. */
  discard(): Verdict {
    if (this.stage === Stage.Done || this.started) return OK
    this.started = true
    this.stage = Stage.Discarding
    const rc = this.consume()
    if (rc !== OK) return rc
    if (this.unread) this.sendContinue()
    return OK
  }

  /** More bytes came for a body that is being read or discarded. */
  more(): void {
    const r = this.request
    const c = r.connection
    const discarding = this.stage !== Stage.Reading
    if (this.stage === Stage.Unread) {
      this.stage = Stage.Discarding
      this.started = true
    }
    const rc = this.consume()
    if (discarding) {
      if (rc !== OK) c.close()
      return
    }
    if (rc !== OK) return this.settle(rc)
    if (!this.unread) return this.settle(OK)
    if (c.paused) return
    c.deadline = c.engine.now + r.location.clientBodyTimeout
  }

  /** Nothing more will come: 408 after a timeout, 499 when the client left. */
  fail(status: number): void {
    if (this.stage === Stage.Reading) this.settle(status)
  }

  private settle(verdict: Verdict): void {
    const { wake } = this
    const c = this.request.connection
    if (verdict !== OK) this.stage = Stage.Unread
    if (c.state === State.Body) c.state = State.Busy
    c.deadline = Infinity
    this.wake = null
    wake?.(verdict)
  }

  /** Takes what the connection has. OK also when more must come; 400, 413 or 500 otherwise. */
  private consume(): Verdict {
    const c = this.request.connection
    if (this.chunked !== null) return this.consumeChunks()
    const n = Math.min(this.left, c.end - c.position)
    const rc = this.keep(c.input, c.position, c.position + n)
    if (this.stage !== Stage.Discarding) this.request.requestLength += n
    c.position += n
    this.left -= n
    if (rc === OK && this.left === 0) this.complete()
    return rc
  }

  private consumeChunks(): Verdict {
    const r = this.request
    const c = r.connection
    const decoder = this.chunked!
    while (c.position < c.end) {
      const next = decoder.feed(c.input, c.position, c.end)
      if (next < 0) {
        r.log(Level.error, 'client sent invalid chunked body')
        r.keepalive = false
        return 400
      }
      const rc = this.keep(c.input, decoder.dataStart, decoder.dataEnd)
      if (this.stage !== Stage.Discarding) r.requestLength += next - c.position
      c.position = next
      if (rc !== OK) return rc
      if (decoder.done) {
        this.complete()
        return OK
      }
    }
    return OK
  }

  /** Stores body bytes when they are wanted. */
  private keep(bytes: Buffer, start: number, end: number): Verdict {
    const r = this.request
    const length = end - start
    if (length === 0) return OK
    const limit = r.location.clientMaxBodySize
    if (this.chunked !== null && limit !== 0 && this.size + length > limit && this.stage !== Stage.Discarding) {
      r.log(Level.error, `client intended to send too large chunked body: ${this.size}+${length} bytes`)
      r.keepalive = false
      return 413
    }
    this.size += length
    if (this.stage === Stage.Discarding) return OK
    if (this.sink !== null) {
      if (!this.sink.data(Buffer.from(bytes.subarray(start, end)))) this.holdClient()
      return OK
    }
    if (this.temporary === null && this.size > r.location.clientBodyBufferSize) this.toFile()
    if (this.temporary === null) {
      this.parts.push(Buffer.from(bytes.subarray(start, end)))
      return OK
    }
    return this.temporary.write(r, bytes, start, end) ? OK : 500
  }

  /** The sink is behind: the client is not read, and does not time out, until it catches up. */
  private holdClient(): void {
    const c = this.request.connection
    c.paused = true
    c.deadline = Infinity
  }

  /** Moves on to a temporary file. */
  private toFile(): void {
    const r = this.request
    this.temporary = new BodyFile(r)
    const level = r.location.clientBodyInFileOnly === 'off' ? Level.warn : Level.notice
    if (this.temporary.path !== '') r.log(level, `a client request body is buffered to a temporary file ${this.temporary.path}`)
    for (const part of this.parts) this.temporary.write(r, part, 0, part.length)
    this.parts = []
  }

  private complete(): void {
    if (this.stage === Stage.Reading && this.temporary === null && this.sink === null) {
      this.buffer = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts)
      // A chunked body has a length now; modules and variables may ask for it.
      if (this.chunked !== null) this.request.contentLength = this.size
    }
    this.parts = []
    this.stage = Stage.Done
  }

  /** `100 Continue` when the client waits for it and nobody decided the status yet (RFC 9110 §10.1.1). */
  private sendContinue(): void {
    const r = this.request
    if (!r.expectContinue || r.headerSent) return
    r.expectContinue = false
    r.connection.engine.writer.text(r.connection, 'HTTP/1.1 100 Continue\r\n\r\n')
    r.connection.engine.writer.flush()
  }

  /** The request is over: removes the temporary file. */
  release(): void {
    this.buffer = null
    this.parts = []
    if (!this.borrowed) this.temporary?.close(this.request.location.clientBodyInFileOnly === 'on')
    this.temporary = null
    this.sink = this.wake = null
  }
}

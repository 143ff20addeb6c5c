import type { Answer, Verdict } from '../module.ts'
import type { InputOwner } from './inputfilters.ts'
import type { Request } from './request.ts'
import { OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { ChunkedDecoder } from './framing/chunked.ts'
import { State } from './connstate.ts'
import { BodyStore } from './bodystore.ts'
import { InputChain, grownTooLong } from './inputfilters.ts'

/** How far the request's body is. */
const Stage = { Done: 0, Unread: 1, Reading: 2, Discarding: 3 } as const
type Stage = (typeof Stage)[keyof typeof Stage]

const noTrailers: readonly string[] = []

/** Who takes a body while it arrives (`proxy_request_buffering off`). */
export interface BodySink {
  /** The bytes are the sink's own; false holds the client until `resumeStream`. */
  data(bytes: Buffer): boolean
  /** OK: that was all. Else the status that says why there is no more. */
  end(verdict: Verdict): void
}

/**
 * The body of one request: read through the input filters into memory and past client_body_buffer_size into a temporary file, or discarded
 * (nginx.md §8). It takes its bytes from the connection's input.
 */
export class RequestBody implements InputOwner {
  private readonly request: Request
  private stage: Stage = Stage.Done
  /** Bytes still to come by Content-Length; unused with chunks. */
  private left = 0
  private chunked: ChunkedDecoder | null = null
  private readonly store = new BodyStore()
  private wake: ((v: Verdict) => void) | null = null
  private sink: BodySink | null = null
  /** The sink is behind. */
  private full = false
  /** Bytes that the client has sent of it. */
  private received = 0
  /** Those were all; filters may still be at work on them. */
  private ended = false
  private chain: InputChain | null = null
  private prepared = false
  /** Somebody began to read or to discard. */
  started = false

  constructor(request: Request) {
    this.request = request
  }

  /** A new request with this framing. */
  begin(contentLength: number, chunked: boolean): void {
    this.store.clear()
    this.started = this.full = this.ended = this.prepared = false
    this.received = 0
    this.chain = this.chunked = null
    if (contentLength <= 0 && !chunked) {
      this.stage = Stage.Done
      return
    }
    this.stage = Stage.Unread
    this.left = chunked ? 0 : contentLength
    this.chunked = chunked ? new ChunkedDecoder() : null
  }

  /** The body of a subrequest: bytes of its own, or another's as far as it has been read (nginx shares request_body). Nothing is read for it. */
  lend(from: RequestBody | null, own: Buffer | null): void {
    const whole = own === null && from !== null && from.stage === Stage.Done
    this.stage = Stage.Done
    this.started = true
    this.store.lend(whole ? from.store : null, own)
  }

  /** The whole body in memory; null when none, unread, or in a file. */
  get buffer(): Buffer | null { return this.store.buffer }
  /** Whether the whole body is in memory. */
  get inMemory(): boolean { return this.store.inMemory }
  /** Copies a body that is still where it was read: called before that is overwritten. */
  detach(): void { this.store.detach() }
  /** What the whole body lies in, `held[heldAt…heldAt + length)`, until control returns to the event loop; null when it is not in memory. */
  get held(): Buffer | null { return this.store.held }
  get heldAt(): number { return this.store.heldAt }
  /** Copies what of the body fits from `offset` on to `to[at…at + capacity)`; how many bytes. The body must be in memory. */
  copyTo(to: Uint8Array, at: number, offset: number, capacity: number): number { return this.store.copyTo(to, at, offset, capacity) }
  /** The whole body as one buffer, from memory or the temporary file; empty when there is none. */
  bytes(): Buffer { return this.store.bytes() }
  /** The temporary file that holds the body, or null. */
  get file(): string | null { return this.store.temporary?.path ?? null }
  /** Length in bytes of the body as far as read. */
  get length(): number { return this.store.size }
  /** Bytes of the body are still in the connection or on the wire. */
  get unread(): boolean { return this.stage !== Stage.Done && !this.ended }
  /** Lines behind a chunked body: name, value, name, value …; empty until it is read to its end. Bytes as they came. */
  get trailers(): readonly string[] { return this.chunked === null || !this.chunked.done ? noTrailers : this.chunked.trailers }
  /** Somebody waits for more of it. */
  get reading(): boolean { return this.stage === Stage.Reading }

  /** Chooses and starts the input filters, once, when somebody wants the body; whether there are any. Throws what a filter throws. */
  prepare(): boolean {
    if (!this.prepared && this.stage === Stage.Unread) {
      this.prepared = true
      this.chain = InputChain.of(this.request, this)
    }
    return this.chain !== null
  }

  /** Takes an input filter out of its chain. */
  removeFilter(state: unknown): void { this.chain?.remove(state) }

  /** Reads the whole body: OK at once when it is here, else a promise of OK or of a status. */
  read(): Answer {
    const r = this.request
    const { clientBodyInFileOnly, clientBodyBufferSize } = r.location
    if (this.stage === Stage.Done && !this.started && r.contentLength === 0 && clientBodyInFileOnly !== 'off') this.store.toFile(r)
    this.started = true
    if (this.stage === Stage.Done || this.stage === Stage.Discarding) return OK
    if (this.stage === Stage.Reading) return new Promise((resolve) => this.alsoWake(resolve))
    const filtered = this.prepare()
    this.stage = Stage.Reading
    if (clientBodyInFileOnly !== 'off' || (!filtered && this.left > clientBodyBufferSize)) this.store.toFile(r)
    if (!filtered && this.takeWhole()) return OK
    const rc = this.consume()
    if (rc !== OK) this.refuse()
    if (rc !== OK || this.isDone()) return rc
    this.sendContinue()
    const c = r.connection
    c.state = State.Body
    c.deadline = c.engine.now + r.location.clientBodyTimeout
    if (this.behind) this.holdClient()
    else c.unpause()
    return new Promise((resolve) => { this.wake = resolve })
  }

  /** Hands the body to `sink` as it arrives instead of keeping it; for a body of which nothing was read yet. */
  stream(sink: BodySink): void {
    const c = this.request.connection
    if (this.stage !== Stage.Unread) return sink.end(this.stage === Stage.Done ? OK : 500)
    this.started = true
    this.prepare()
    this.stage = Stage.Reading
    this.sink = sink
    this.wake = (verdict) => {
      this.sink = null
      sink.end(verdict)
    }
    // What came while the server was being connected to may have filled the connection's share.
    c.unpause()
    const rc = this.consume()
    if (rc !== OK || this.isDone()) return this.settle(rc)
    this.sendContinue()
    c.state = State.Body
    if (this.behind) this.holdClient()
    if (c.paused) return
    c.deadline = c.engine.now + this.request.location.clientBodyTimeout
  }

  /** The sink takes more. */
  resumeStream(): void {
    const c = this.request.connection
    this.full = false
    if (this.sink === null || !c.paused || this.behind) return
    c.deadline = c.engine.now + this.request.location.clientBodyTimeout
    c.unpause()
  }

  /** The sink wants no more: the rest is dropped like a body that nobody reads. */
  stopStream(): void {
    if (this.sink === null) return
    const c = this.request.connection
    this.sink = this.wake = null
    this.full = false
    this.chain?.stop()
    if (this.stage === Stage.Reading) this.stage = this.ended ? Stage.Done : Stage.Discarding
    if (c.state === State.Body) c.state = State.Busy
    c.deadline = Infinity
  }

  private isDone(): boolean { return this.stage === Stage.Done }
  /** What has come cannot be taken yet. */
  private get behind(): boolean { return this.full || this.chain?.busy === true }

  private alsoWake(resolve: (v: Verdict) => void): void {
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
    if (rc !== OK || this.isDone()) return this.settle(rc)
    if (this.behind) this.holdClient()
    if (c.paused) return
    c.deadline = c.engine.now + r.location.clientBodyTimeout
  }

  /** For the filters: see InputOwner. */
  resumed(verdict: Verdict): void {
    const r = this.request
    r.connection.resume(r, () => {
      if (this.stage !== Stage.Reading && !this.isDone()) return
      if (verdict !== OK || this.isDone()) return this.settle(verdict)
      const c = r.connection
      if (this.behind) return
      c.unpause()
      c.deadline = c.engine.now + r.location.clientBodyTimeout
    })
  }

  /** Nothing more will come: 408 after a timeout, 499 when the client left. */
  fail(status: number): void {
    if (this.stage === Stage.Reading) this.settle(status)
  }

  private settle(verdict: Verdict): void {
    const { wake } = this
    const c = this.request.connection
    if (verdict !== OK) this.refuse()
    if (c.state === State.Body) c.state = State.Busy
    c.deadline = Infinity
    this.wake = null
    wake?.(verdict)
  }

  /** There will be no body: what is left of it is dropped. */
  private refuse(): void {
    if (this.chain === null) {
      this.stage = Stage.Unread
      return
    }
    this.stage = this.ended ? Stage.Done : Stage.Discarding
    this.chain.stop()
    this.store.drop()
  }

  /** A body of known length that is all here, and is to be kept in memory, stays where it is; false for any other. */
  private takeWhole(): boolean {
    const c = this.request.connection
    const { left } = this
    if (this.chunked !== null || this.store.temporary !== null || c.end - c.position < left) return false
    this.store.point(c.input, c.position, left)
    this.received = left
    this.request.requestLength += left
    c.position += left
    this.left = 0
    this.ended = true
    this.stage = Stage.Done
    return true
  }

  /** Takes what the connection has. OK also when more must come; 400, 413 or 500 otherwise. */
  private consume(): Verdict {
    const c = this.request.connection
    if (this.ended) return OK
    if (this.chunked !== null) return this.consumeChunks()
    const n = Math.min(this.left, c.end - c.position)
    const rc = this.keep(c.input, c.position, c.position + n)
    if (this.stage !== Stage.Discarding) this.request.requestLength += n
    c.position += n
    this.left -= n
    if (this.left !== 0) return rc
    this.ended = true
    return rc === OK ? this.end() : rc
  }

  private consumeChunks(): Verdict {
    const r = this.request
    const c = r.connection
    const decoder = this.chunked!
    while (c.position < c.end && !decoder.done) {
      const next = decoder.feed(c.input, c.position, c.end)
      if (next < 0) {
        r.log(Level.error, 'client sent invalid chunked body')
        r.keepalive = false
        return 400
      }
      const rc = this.keep(c.input, decoder.dataStart, decoder.dataEnd)
      if (this.stage !== Stage.Discarding) r.requestLength += next - c.position
      c.position = next
      this.ended = decoder.done
      if (rc !== OK) return rc
      if (decoder.done) return this.end()
    }
    return OK
  }

  /** Stores body bytes when they are wanted. */
  private keep(bytes: Buffer, start: number, end: number): Verdict {
    const r = this.request
    const length = end - start
    if (length === 0) return OK
    const limit = r.location.clientMaxBodySize
    if (this.chunked !== null && limit !== 0 && this.received + length > limit && this.stage !== Stage.Discarding) {
      r.log(Level.error, `client intended to send too large chunked body: ${this.received}+${length} bytes`)
      r.keepalive = false
      return 413
    }
    this.received += length
    if (this.chain !== null) return this.stage === Stage.Discarding ? OK : this.chain.put({ data: Buffer.from(bytes.subarray(start, end)), last: false })
    this.store.size += length
    return this.stage === Stage.Discarding ? OK : this.put(bytes, start, end)
  }

  /** For the filters: bytes that came out of them, and are the body's own. */
  take(bytes: Buffer): Verdict {
    const r = this.request
    if (grownTooLong(r, this.store.size + bytes.length, this.received)) return 413
    this.store.size += bytes.length
    return this.put(bytes, 0, bytes.length)
  }

  private put(bytes: Buffer, start: number, end: number): Verdict {
    if (this.sink === null) return this.store.append(this.request, bytes, start, end)
    if (!this.sink.data(Buffer.from(bytes.subarray(start, end)))) {
      this.full = true
      this.holdClient()
    }
    return OK
  }

  /** The sink is behind: the client is not read, and does not time out, until it catches up. */
  private holdClient(): void {
    const c = this.request.connection
    c.paused = true
    c.deadline = Infinity
  }

  /** The client has sent all of it. */
  private end(): Verdict {
    if (this.chain === null || this.stage === Stage.Discarding) this.complete()
    else return this.chain.put({ data: null, last: true })
    return OK
  }

  /** For the filters, too: nothing more comes. */
  complete(): void {
    const r = this.request
    if (this.stage === Stage.Reading && this.sink === null) {
      this.store.finish()
      // A chunked body has a length now; modules and variables may ask for it. What the client said of one that filters have changed is not true.
      if (this.chunked !== null || this.chain !== null) r.contentLength = this.store.size
      if (this.chain !== null && this.chunked === null && this.store.size !== this.received) r.setHeader('Content-Length', String(this.store.size))
    }
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
    this.store.release(this.request.location.clientBodyInFileOnly === 'on')
    this.sink = this.wake = null
    this.chain?.stop()
    this.chain = null
  }
}

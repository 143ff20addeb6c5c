import type { Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import { ERROR, OK } from '../../module.ts'

/**
 * Passes a response body to the client; what the client does not take yet is kept up to a limit, then the server has to
 * wait.
 */
export class Pump {
  private readonly r: Request
  /** Bytes kept at most before the server is held. */
  private readonly limit: number
  private readonly hold: (held: boolean) => void
  private readonly over: (verdict: Verdict) => void
  private readonly queue: Buffer[] = []
  private queued = 0
  private busy = false
  private held = false
  /** How the body ended, once the server is through; null before. */
  private ending: Verdict | null = null
  private closed = false
  private discard = false

  constructor(r: Request, limit: number, hold: (held: boolean) => void, over: (verdict: Verdict) => void) {
    this.r = r
    this.limit = limit
    this.hold = hold
    this.over = over
  }

  /** More content; with `last` it was all. */
  push(data: Buffer, last: boolean): void {
    if (last) this.ending = OK
    if (this.discard) return this.proceed()
    if (data.length > 0) {
      this.queue.push(data)
      this.queued += data.length
    }
    this.proceed()
  }

  /** No more content comes: `verdict` says how the response ends when the client has what is kept. */
  end(verdict: Verdict): void {
    if (this.ending === null) this.ending = verdict
    this.proceed()
  }

  /** The client is gone: what is kept and what comes is dropped. */
  drop(): void {
    this.discard = true
    this.proceed()
  }

  /** Lets what was written so far go out. */
  flush(): void {
    if (this.busy || this.discard || this.closed) return
    this.output(null, false)
  }

  private proceed(): void {
    while (!this.busy && !this.closed) {
      if (this.discard) this.queue.length = this.queued = 0
      if (this.queue.length === 0) {
        if (this.ending === null) break
        this.closed = true
        return this.over(this.ending)
      }
      const data = this.queue.length === 1 ? this.queue[0]! : Buffer.concat(this.queue)
      this.queue.length = this.queued = 0
      this.output(data, this.ending === OK)
    }
    const hold = !this.closed && this.queued > this.limit
    if (hold !== this.held) this.hold(this.held = hold)
  }

  private output(data: Buffer | null, last: boolean): void {
    const rc = this.r.output({ data, file: null, last, flush: !last })
    if (typeof rc === 'number') {
      if (rc !== OK) this.fail(rc)
      return
    }
    this.busy = true
    rc.then((v) => v, () => ERROR).then((v) => {
      this.busy = false
      if (v !== OK && !this.discard) this.fail(v)
      else this.proceed()
    })
  }

  /** A status is the answer in place of a response whose head has not left. */
  private fail(verdict: Verdict): void {
    if (this.closed) return
    this.closed = true
    this.over(verdict >= 300 ? verdict : ERROR)
  }
}

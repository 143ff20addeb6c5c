import type { Request } from '../http/request.ts'
import type { Frame } from './frame.ts'
import { Level } from '../core/log.ts'
import { Kind } from './frame.ts'

/** What unwinds a guest whose call nobody wants any more. Not a fault. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/** One call into an instance of the pool, which may wait, from its beginning until its end. */
export class WaitingCall {
  /** The request has ended meanwhile: whatever the guest does is in vain. */
  cancelled = false
  /** The guest has returned, or was unwound. */
  ended = false
  /** The guest was suspended at least once. */
  suspended = false
  /** Called when the guest is suspended for the first time. */
  onSuspend: (() => void) | null = null
  private readonly frame: Frame
  private readonly request: Request | null
  private readonly what: string
  private giveUp: (() => void) | null = null
  private reject: ((error: Error) => void) | null = null
  private waitsFor = ''
  /** When a sleep ends, milliseconds since the epoch; and until when it may sleep at most. */
  private wakes = 0
  private latest = Infinity

  /** `what`: the function's label, for the log. */
  constructor(frame: Frame, request: Request | null, what: string) {
    this.frame = frame
    this.request = request
    this.what = what
  }

  /**
   * For host functions: a promise of what `begin` hands to its argument, which it may do at once or later, once.
   * `begin` returns how the operation is given up when the client goes away. `waitsFor` is said in the log then. `sleeps`: the
   * milliseconds that it only lets pass.
   */
  wait(waitsFor: string, begin: (done: (value: number) => void) => (() => void) | void, sleeps = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.wakes = sleeps === 0 ? 0 : Date.now() + sleeps
      if (this.wakes > this.latest) this.cancelled = true
      if (this.cancelled) return reject(new Cancelled())
      let settled = false
      this.waitsFor = waitsFor
      const giveUp = begin((value) => {
        settled = true
        this.giveUp = this.reject = null
        resolve(value)
      })
      if (settled) return
      this.giveUp = giveUp ?? null
      this.reject = reject
      if (this.suspended) return
      this.suspended = true
      this.request?.onEnd(() => this.cancel())
      this.onSuspend?.()
    })
  }

  /** The call of a timer whose configuration is no longer in use: it may finish, but a sleep beyond `grace` milliseconds from now ends it. */
  retire(grace: number): void {
    this.latest = Date.now() + grace
    if (this.reject !== null && this.wakes > this.latest) this.cancel()
  }

  /** The request has ended: gives up what the guest waits for, and unwinds it. */
  cancel(): void {
    if (this.cancelled || this.ended) return
    this.cancelled = true
    const { giveUp, reject, request } = this
    // Were it to run once more, no host call would be allowed.
    this.frame.kind = Kind.None
    this.giveUp = this.reject = null
    request?.log(Level.info, `the client went away while ${this.what} waited for ${this.waitsFor}`)
    giveUp?.()
    reject?.(new Cancelled())
  }
}

import type { InputFilter, Verdict } from '../module.ts'
import type { BoundInputFilter, InputPart } from './response.ts'
import type { Request } from './request.ts'
import { OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { collectInput, collectedInput } from './buffered.ts'

/** An input filter at work on one request body. */
interface Running {
  readonly filter: InputFilter['filter']
  readonly state: unknown
  /** It has removed itself: the rest goes by. */
  off: boolean
}

/** Bytes by which filters may make a body longer than the client's where client_max_body_size sets no limit. */
const growth = 67108864

/** Where what comes out of the filters goes. */
export interface InputOwner {
  /** Filtered bytes: OK or the status that ends the body. */
  take(bytes: Buffer): Verdict
  /** The last of them were taken. */
  complete(): void
  /** Filters that had to wait are through with what they were given; or the status that ends the body. */
  resumed(verdict: Verdict): void
}

/**
 * The input filters at work on one request body. Parts go through them one after the other; while a filter waits, what comes is queued, and the owner
 * holds the client.
 */
export class InputChain {
  private readonly r: Request
  private readonly serial: number
  private readonly owner: InputOwner
  private readonly running: Running[] = []
  private readonly queue: InputPart[] = []
  private stopped = false
  /** A filter waits. */
  busy = false

  private constructor(r: Request, owner: InputOwner, filters: readonly BoundInputFilter[]) {
    this.r = r
    this.serial = r.serial
    this.owner = owner
    for (const { filter, conf, module } of filters) {
      const state = filter.start(r, conf)
      if (state === null) continue
      const limits = filter.buffered === undefined ? null : filter.buffered(r, conf)
      this.running.push(limits === null ? { filter: filter.filter, state, off: false }
        : { filter: collectInput as InputFilter['filter'], state: collectedInput(filter, state, limits, module), off: false })
    }
  }

  /** The chain of a request whose body is about to be read; null when no filter wants it. Throws what a filter's start throws. */
  static of(r: Request, owner: InputOwner): InputChain | null {
    const filters = r.filters === null ? r.location.inputFilters : r.filters.inputChain(r, r.location.inputFilters)
    if (filters.length === 0) return null
    const chain = new InputChain(r, owner, filters)
    return chain.running.length === 0 ? null : chain
  }

  /** Gives the filters a part: OK (perhaps it is queued: `busy`), or the status that ends the body. */
  put(part: InputPart): Verdict {
    if (this.stopped) return OK
    if (this.busy) {
      this.queue.push(part)
      return OK
    }
    const rc = this.pass(part, 0)
    if (typeof rc === 'number') return rc
    this.busy = true
    this.finish(rc)
    return OK
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.stopped = true
    this.queue.length = 0
  }

  remove(state: unknown): void {
    for (const f of this.running) if (f.state === state) f.off = true
  }

  /** Waits for a part, then passes on what came meanwhile. */
  private finish(passing: Promise<Verdict>): void {
    passing.then((v) => this.drain(v), (error: unknown) => (this.gone ? 0 : this.r.handlerFailed(error))).then((v) => {
      if (this.gone || v === null) return
      this.busy = false
      this.owner.resumed(v)
    })
  }

  private get gone(): boolean { return this.stopped || this.r.finished || this.r.serial !== this.serial }

  /** Null: it waits again. */
  private drain(rc: Verdict): Verdict | null {
    let verdict = rc
    while (verdict === OK && !this.gone) {
      const part = this.queue.shift()
      if (part === undefined) break
      const passed = this.pass(part, 0)
      if (typeof passed === 'number') verdict = passed
      else {
        this.finish(passed)
        return null
      }
    }
    return verdict
  }

  private pass(part: InputPart, from: number): Verdict | Promise<Verdict> {
    let now = part
    for (let i = from; i < this.running.length; i++) {
      const f = this.running[i]!
      if (f.off) continue
      let out
      try {
        out = f.filter(this.r, now, f.state)
      } catch (error) {
        return this.r.handlerFailed(error)
      }
      if (out instanceof Promise) {
        const { last } = now
        return out.then((made) => {
          if (this.gone) return OK
          const next = this.answered(made, last)
          return next === null || typeof next === 'number' ? next ?? OK : this.pass(next, i + 1)
        })
      }
      const next = this.answered(out, now.last)
      if (next === null) return OK
      if (typeof next === 'number') return next
      now = next
    }
    return this.deliver(now)
  }

  /** What goes on after a filter's answer: a part, null for nothing, or the status that ends the body. The end of a body always goes on. */
  private answered(out: InputPart | null | Verdict, last: boolean): InputPart | null | Verdict {
    if (typeof out === 'number') {
      if (out >= 400 && out < 600) return out
      this.r.log(Level.alert, `input filter answered ${out}, which refuses nothing`)
      return 500
    }
    if (out === null) return last ? { data: null, last: true } : null
    return out.last === last ? out : { data: out.data, last }
  }

  private deliver({ data, last }: InputPart): Verdict {
    const rc = data === null || data.length === 0 ? OK : this.owner.take(data)
    if (rc === OK && last) this.owner.complete()
    return rc
  }
}

/**
 * Whether filters have made a body too long: it may not have more than client_max_body_size bytes then either, unless the client's has. 413, logged.
 */
export function grownTooLong(r: Request, size: number, received: number): boolean {
  const { clientMaxBodySize } = r.location
  const limit = clientMaxBodySize === 0 ? received + growth : Math.max(clientMaxBodySize, received)
  if (size <= limit) return false
  r.log(Level.error, `input filters made a request body of ${received} bytes longer than ${limit} bytes`)
  return true
}

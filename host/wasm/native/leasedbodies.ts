import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart, PartSource } from '../../http/response.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { OpenBody } from './bodycalls.ts'
import type { Calls } from './calls.ts'
import type { Call, Fill, Lease, PooledCalls } from './pooledcalls.ts'
import { OK } from '../../module.ts'
import { Kind } from '../frame.ts'
import { Trap } from '../trap.ts'
import { Cancelled } from '../waiting.ts'

/** The calls of body filters that wait, or whose state nobody else may see: each response has an instance to itself until its request ends. */
export class LeasedBodies {
  private readonly calls: Calls
  private readonly pooled: PooledCalls
  private readonly leases = new Map<Request, Lease>()

  constructor(calls: Calls, pooled: PooledCalls) {
    this.calls = calls
    this.pooled = pooled
  }

  /** Gives a request body's filters an instance: OK, or what stands for it when there is no instance to be had. */
  async leaseForInput(r: Request, f: GuestFunction): Promise<Verdict> {
    return this.pooled.blocked && !this.leases.has(r) ? this.calls.instead(r, 503, OK) : this.takeLease(r, f)
  }

  /** Gives a response's body filters an instance; a header filter: OK, at once or when there is one, or 503. */
  lease(r: Request, f: GuestFunction): Answer {
    return r.headerOnly || this.pooled.blocked ? OK : this.takeLease(r, f)
  }

  private takeLease(r: Request, f: GuestFunction): Answer {
    if (this.leases.has(r)) return OK
    const take = (instance: Instance): Verdict => {
      const lease = { instance, over: false }
      this.leases.set(r, lease)
      r.onEnd(() => this.endLease(r, lease))
      return OK
    }
    try {
      const instance = this.pooled.take(r, r.parent !== null)
      if (!(instance instanceof Promise)) return take(instance)
      return instance.then(take).catch((error: unknown) => this.calls.refused(error, f, r, OK))
    } catch (error) {
      return this.calls.refused(error, f, r, OK)
    }
  }

  private endLease(r: Request, lease: Lease): void {
    this.leases.delete(r)
    if (lease.instance.waiting !== null) lease.over = true
    else this.pooled.pool.release(lease.instance)
  }

  /** Asks a body filter whether it wants this response. */
  start(f: GuestFunction, r: Request, conf: number, kind: number = Kind.BodyFilter): OpenBody | null {
    const lease = this.leases.get(r)
    return lease === undefined ? null : this.calls.bodies.start(f, r, conf, lease.instance, kind)
  }

  /** Passes a part to a body filter that may wait: a source of one part, for which the rest of the body waits. */
  part(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody): PartSource {
    const made = this.filtered(f, r, part, open)
    let asked = false
    return { next: () => (asked ? null : (asked = true, made)) }
  }

  /** Passes a part to a filter of bodies in its instance. */
  async filtered(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody, kind: number = Kind.BodyFilter): Promise<BodyPart | null | Verdict> {
    if (open.off) return part
    const lease = this.leases.get(r)
    try {
      if (open.lost || lease === undefined) throw this.calls.bodies.lost(f, r)
      const flags = (part.last ? 1 : 0) | (part.flush ? 2 : 0)
      const fill: Fill = (frame) => { frame.part = part }
      const call: Call = { f, kind, r, a: open.state, b: flags, fill, keep: null }
      const returned = await this.pooled.start(lease.instance, lease, call)
      const { partOut, ordered } = returned.frame
      this.pooled.leave(returned, lease)
      const passed = this.calls.bodies.passedOn(returned.value, partOut, f, part, open)
      return ordered === null ? passed : this.calls.bodies.withPlaces(passed, r, ordered, open)
    } catch (error) {
      if (error instanceof Cancelled) return null
      if (error instanceof Trap) this.calls.report(error, f, r)
      try {
        return this.calls.bodies.withoutFilter(error, part, open)
      } catch (failure) {
        return this.calls.bodies.statusFor(failure, r)
      }
    }
  }
}

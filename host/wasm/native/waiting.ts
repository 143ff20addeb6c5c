import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart, PartSource } from '../../http/response.ts'
import type { CallContext } from '../../rpc/command.ts'
import type { Frame } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { Calls, OpenBody } from './calls.ts'
import type { NativePlugin } from './plugin.ts'
import { DECLINED, ERROR, OK } from '../../module.ts'
import { keepRequest } from '../../http/keep.ts'
import { RpcCode, RpcError } from '../../rpc/command.ts'
import { Kind } from '../frame.ts'
import { Pool, PoolFull } from '../pool.ts'
import { Trap } from '../trap.ts'
import { Cancelled, WaitingCall } from '../waiting.ts'
import { commandFailed } from './commands.ts'

/** A call that returned, not yet left: its frame holds what the guest wished for. */
interface Returned {
  readonly instance: Instance
  readonly frame: Frame
  readonly value: number
}

/** An instance that a response's body filters have to themselves, because their state is in it. */
interface Lease {
  readonly instance: Instance
  /** The request has ended; the instance is given back when the call that is unwound has left it. */
  over: boolean
}

type Fill = ((frame: Frame) => void) | null
/** A call that is to be made: `a` and `b` are what the function is given besides its data and the request's handle. */
interface Call {
  readonly f: GuestFunction
  readonly kind: number
  readonly r: Request | null
  readonly a: number
  readonly b: number
  readonly fill: Fill
  /** Of log handlers, whose request is over. */
  readonly keep: Keep | null
  /** Told of the call when it has an instance. */
  readonly began?: (call: WaitingCall) => void
}

/** Gives a log handler's request an object of its own, when the handler has to wait (in a call, or for an instance). */
type Keep = (call: WaitingCall | null) => Request

/**
 * The calls of one plugin that may wait. Each runs in an instance of the pool which nobody else uses until it has
 * returned: a guest's stack and heap are made for one call at a time. Calls that cannot wait are `Calls`, and never
 * come here.
 */
export class Waiting {
  readonly pool: Pool
  private readonly plugin: NativePlugin
  private readonly calls: Calls
  private readonly leases = new Map<Request, Lease>()

  constructor(plugin: NativePlugin, calls: Calls) {
    this.plugin = plugin
    this.calls = calls
    const { instances, queue } = plugin.instance.program.settings
    this.pool = new Pool(() => this.make(), instances, queue)
  }

  private make(): Instance {
    try {
      return this.plugin.instance.copy()
    } catch (error) {
      throw new Trap(this.plugin.name, `no instance could be made: ${(error as Error).message}`, null)
    }
  }

  // --- what is called
  // ----------------------------------------------------------------------------------------------------

  /** Runs a phase handler, a content handler or a script function; see `Calls.handler`. */
  handler(f: GuestFunction, r: Request, conf: number, content: boolean, args: readonly string[] | null): Answer {
    if (this.blocked) return this.calls.instead(r, 503, DECLINED)
    const fill = args === null ? null : (frame: Frame): void => { frame.args = args }
    const { serial } = r
    return this.run({ f, kind: Kind.Handle, r, a: conf, b: 0, fill, keep: null }).then(({ instance, frame, value }): Answer => {
      if (r.finished || r.serial !== serial) return this.dropped(instance, frame)
      this.ended(instance)
      return this.calls.settle(instance, frame, value, f, r, content, this.pool)
    }).catch((error: unknown) => this.calls.refused(error, f, r, DECLINED))
  }

  /** As `handler`, when the request body has been read. */
  withBody(f: GuestFunction, r: Request, conf: number, content: boolean): Answer {
    const rc = r.readBody()
    if (rc === OK) return this.handler(f, r, conf, content, null)
    if (typeof rc === 'number') return rc
    return rc.then((v) => (v === OK ? this.handler(f, r, conf, content, null) : v))
  }

  /** Runs a header filter: OK, ERROR, or the status to answer instead. */
  headerFilter(f: GuestFunction, r: Request, conf: number): Answer {
    if (this.blocked) return this.calls.instead(r, 503, OK)
    return this.run({ f, kind: Kind.HeaderFilter, r, a: conf, b: 0, fill: null, keep: null }).then((returned): Verdict => {
      this.leave(returned)
      return this.calls.filterVerdict(returned.value, f, r)
    }).catch((error: unknown) => this.calls.refused(error, f, r, OK))
  }

  /** Runs a script function: its return code. Rejects with PoolFull, Trap or Cancelled. */
  async script(f: GuestFunction, kind: number, r: Request | null, count: number, fill: (frame: Frame) => void): Promise<number> {
    const returned = await this.run({ f, kind, r, a: count, b: 0, fill, keep: null })
    this.leave(returned)
    return returned.value
  }

  /**
   * Runs a log handler. The request is over: when the handler waits it goes on with a copy, and the connection with its
   * next request.
   */
  log(f: GuestFunction, r: Request, conf: number): void {
    if (this.blocked) return
    let kept: Request | null = null
    const { engine } = r.connection
    const work = { running: r.running, cancel: (): void => {} }
    const keep = (call: WaitingCall | null): Request => {
      if (kept === null) engine.detach(work)
      if (call !== null) work.cancel = () => call.cancel()
      return kept ??= keepRequest(r)
    }
    this.run({ f, kind: Kind.Log, r, a: conf, b: 0, fill: null, keep }).then((returned) => this.leave(returned)).catch((error: unknown) => {
      const who = kept ?? r
      if (error instanceof Trap) this.calls.report(error, f, who)
      else this.calls.refused(error, f, who, OK)
    }).finally(() => { if (kept !== null) engine.detachedEnded(work) })
  }

  /** Runs an RPC command: `answer` reads what it gave from the frame. Rejects with RpcError. */
  async command(
    f: GuestFunction, fill: (frame: Frame) => void, answer: (frame: Frame) => unknown, context: CallContext,
  ): Promise<unknown> {
    let returned: Returned
    try {
      returned = await this.run({ f, kind: Kind.Command, r: null, a: 0, b: 0, fill, keep: null }, (context.within ?? 0) > 0)
    } catch (error) {
      if (!(error instanceof PoolFull)) throw commandFailed(error, f)
      throw new RpcError(RpcCode.Failed, `plugin "${this.plugin.name}" is busy: ${error.message}`)
    }
    try {
      return answer(returned.frame)
    } finally {
      this.leave(returned)
    }
  }

  /** Runs a timer. Rejects with PoolFull, Trap or Cancelled. */
  async timer(f: GuestFunction, args: readonly string[], began: (call: WaitingCall) => void): Promise<void> {
    const fill = (frame: Frame): void => { frame.args = args }
    this.leave(await this.run({ f, kind: Kind.Timer, r: null, a: 0, b: 0, fill, keep: null, began }))
  }

  // --- body filters that wait, or whose state nobody else may see
  // ----------------------------------------------------------

  /** The same for a request body's filters: OK, or what stands for it when there is no instance to be had. */
  async leaseForInput(r: Request, f: GuestFunction): Promise<Verdict> {
    return this.blocked && !this.leases.has(r) ? this.calls.instead(r, 503, OK) : this.takeLease(r, f)
  }

  /** Gives a response's body filters an instance; a header filter: OK, at once or when there is one, or 503. */
  lease(r: Request, f: GuestFunction): Answer {
    return r.headerOnly || this.blocked ? OK : this.takeLease(r, f)
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
      const instance = this.take(r, r.parent !== null)
      if (!(instance instanceof Promise)) return take(instance)
      return instance.then(take).catch((error: unknown) => this.calls.refused(error, f, r, OK))
    } catch (error) {
      return this.calls.refused(error, f, r, OK)
    }
  }

  private endLease(r: Request, lease: Lease): void {
    this.leases.delete(r)
    if (lease.instance.waiting !== null) lease.over = true
    else this.pool.release(lease.instance)
  }

  /** Asks a body filter whether it wants this response. */
  bodyStart(f: GuestFunction, r: Request, conf: number, kind: number = Kind.BodyFilter): OpenBody | null {
    const lease = this.leases.get(r)
    return lease === undefined ? null : this.calls.bodyStart(f, r, conf, lease.instance, kind)
  }

  /** Passes a part to a body filter that may wait: a source of one part, for which the rest of the body waits. */
  bodyPart(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody): PartSource {
    const made = this.filtered(f, r, part, open)
    let asked = false
    return { next: () => (asked ? null : (asked = true, made)) }
  }

  /** Passes a part to a filter of bodies in its instance. */
  async filtered(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody, kind: number = Kind.BodyFilter): Promise<BodyPart | null | Verdict> {
    if (open.off) return part
    const lease = this.leases.get(r)
    try {
      if (open.lost || lease === undefined) throw this.calls.lost(f, r)
      const flags = (part.last ? 1 : 0) | (part.flush ? 2 : 0)
      const fill: Fill = (frame) => { frame.part = part }
      const call: Call = { f, kind, r, a: open.state, b: flags, fill, keep: null }
      const returned = await this.start(lease.instance, lease, call)
      const { partOut, ordered } = returned.frame
      this.leave(returned, lease)
      const passed = this.calls.passedOn(returned.value, partOut, f, part, open)
      return ordered === null ? passed : this.calls.withPlaces(passed, r, ordered, open)
    } catch (error) {
      if (error instanceof Cancelled) return null
      if (error instanceof Trap) this.calls.report(error, f, r)
      try {
        return this.calls.withoutFilter(error, part, open)
      } catch (failure) {
        return this.calls.statusFor(failure, r)
      }
    }
  }

  // --- how it is called
  // ----------------------------------------------------------------------------------------------------

  private get blocked(): boolean {
    const { faults } = this.plugin.instance
    return faults.until !== 0 && faults.blocked()
  }

  /** An instance, or a promise of one; throws or rejects with PoolFull, Trap or Cancelled. */
  private take(r: Request | null, beyond: boolean): Instance | Promise<Instance> {
    const instance = this.pool.take(beyond)
    if (instance !== null) return instance
    return new Promise((resolve, reject) => {
      const serial = r?.serial
      const leave = this.pool.wait((given) => {
        if (r === null || r.serial === serial) return resolve(given)
        this.pool.release(given)
        reject(new Cancelled())
      })
      r?.onEnd(() => {
        leave()
        reject(new Cancelled())
      })
    })
  }

  /** Makes a call in an instance of the pool. Rejects with PoolFull, Trap or Cancelled, the instance left. */
  private run(call: Call, beyond = call.r !== null && call.r.parent !== null): Promise<Returned> {
    try {
      const instance = this.take(call.keep === null ? call.r : null, beyond)
      if (!(instance instanceof Promise)) return this.start(instance, null, call)
      const late = call.keep === null ? call : { ...call, r: call.keep(null) }
      return instance.then((given) => this.start(given, null, late))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  private start(instance: Instance, lease: Lease | null, { f, kind, r, a, b, fill, keep, began }: Call): Promise<Returned> {
    let frame: Frame
    try {
      frame = instance.enter(kind, r)
    } catch (error) {
      this.free(instance, lease)
      return Promise.reject(error)
    }
    fill?.(frame)
    const call = new WaitingCall(frame, keep === null ? r : null, `${f.label} of plugin ${this.plugin.name}`)
    if (keep !== null) call.onSuspend = () => { frame.request = keep(call) }
    instance.waiting = call
    began?.(call)
    f.calls++
    return this.enter(instance, f, r, a, b).then((value) => {
      if (!call.cancelled) return { instance, frame, value }
      this.leave({ instance, frame, value }, lease)
      throw new Cancelled()
    }, (error: unknown) => {
      if (call.cancelled) instance.unwound()
      const reason = call.cancelled ? new Cancelled() : instance.trapped(error)
      this.leave({ instance, frame, value: 0 }, lease)
      throw reason
    })
  }

  private enter(instance: Instance, f: GuestFunction, r: Request | null, a: number, b: number): Promise<number> {
    try {
      return instance.promise(f)(f.data, r === null ? 0 : instance.handle(r), a, b)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Leaves a call that has ended, and gives its instance back. */
  private leave({ instance, frame }: Returned, lease: Lease | null = null): void {
    this.ended(instance)
    frame.clear()
    instance.leave(frame)
    this.free(instance, lease)
  }

  private ended(instance: Instance): void {
    instance.waiting!.ended = true
    instance.waiting = null
  }

  private free(instance: Instance, lease: Lease | null): void {
    if (lease === null || lease.over) this.pool.release(instance)
  }

  private dropped(instance: Instance, frame: Frame): Verdict {
    this.leave({ instance, frame, value: 0 })
    return ERROR
  }
}

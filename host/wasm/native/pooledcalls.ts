import type { Request } from '../../http/request.ts'
import type { Frame } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { Pool } from '../pool.ts'
import { Trap } from '../trap.ts'
import { Cancelled, WaitingCall } from '../waiting.ts'

/** A call that returned, not yet left: its frame holds what the guest wished for. */
export interface Returned {
  readonly instance: Instance
  readonly frame: Frame
  readonly value: number
}

/** An instance that a response's body filters have to themselves, because their state is in it. */
export interface Lease {
  readonly instance: Instance
  /** The request has ended; the instance is given back when the call that is unwound has left it. */
  over: boolean
}

/** Puts into a call's frame what the function is given by it. */
export type Fill = ((frame: Frame) => void) | null
/** A call that is to be made: `a` and `b` are what the function is given besides its data and the request's handle. */
export interface Call {
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
export type Keep = (call: WaitingCall | null) => Request

/** How a plugin's function is called in an instance of the pool: taken, called, left. */
export class PooledCalls {
  readonly pool: Pool
  private readonly plugin: NativePlugin

  constructor(plugin: NativePlugin) {
    this.plugin = plugin
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

  /** The plugin is in quarantine. */
  get blocked(): boolean {
    const { faults } = this.plugin.instance
    return faults.blocked
  }

  /** An instance, or a promise of one; throws or rejects with PoolFull, Trap or Cancelled. */
  take(r: Request | null, beyond: boolean): Instance | Promise<Instance> {
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
  run(call: Call, beyond = call.r !== null && call.r.parent !== null): Promise<Returned> {
    try {
      const instance = this.take(call.keep === null ? call.r : null, beyond)
      if (!(instance instanceof Promise)) return this.start(instance, null, call)
      const late = call.keep === null ? call : { ...call, r: call.keep(null) }
      return instance.then((given) => this.start(given, null, late))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Makes a call in this instance. Rejects with Trap or Cancelled, the instance left. */
  start(instance: Instance, lease: Lease | null, { f, kind, r, a, b, fill, keep, began }: Call): Promise<Returned> {
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
  leave({ instance, frame }: Returned, lease: Lease | null = null): void {
    this.ended(instance)
    frame.clear()
    instance.leave(frame)
    this.free(instance, lease)
  }

  /** The call has returned; its frame may still be read. */
  ended(instance: Instance): void {
    instance.waiting!.ended = true
    instance.waiting = null
  }

  private free(instance: Instance, lease: Lease | null): void {
    if (lease === null || lease.over) this.pool.release(instance)
  }
}

import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { CallContext } from '../../rpc/command.ts'
import type { Frame } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Pool } from '../pool.ts'
import type { WaitingCall } from '../waiting.ts'
import type { Calls } from './calls.ts'
import type { NativePlugin } from './plugin.ts'
import type { Returned } from './pooledcalls.ts'
import { DECLINED, ERROR, OK } from '../../module.ts'
import { keepRequest } from '../../http/keep.ts'
import { RpcCode, RpcError } from '../../rpc/command.ts'
import { Kind } from '../frame.ts'
import { PoolFull } from '../pool.ts'
import { Trap } from '../trap.ts'
import { commandFailed } from './commands.ts'
import { LeasedBodies } from './leasedbodies.ts'
import { PooledCalls } from './pooledcalls.ts'

/**
 * The calls of one plugin that may wait. Each runs in an instance of the pool which nobody else uses until it has
 * returned: a guest's stack and heap are made for one call at a time. Calls that cannot wait are `Calls`, and never
 * come here.
 */
export class Waiting {
  /** Those of filters of bodies. */
  readonly bodies: LeasedBodies
  private readonly plugin: NativePlugin
  private readonly calls: Calls
  private readonly pooled: PooledCalls

  constructor(plugin: NativePlugin, calls: Calls) {
    this.plugin = plugin
    this.calls = calls
    this.pooled = new PooledCalls(plugin)
    this.bodies = new LeasedBodies(calls, this.pooled)
  }

  get pool(): Pool { return this.pooled.pool }

  /** Runs a phase handler, a content handler or a script function; see `Calls.handler`. */
  handler(f: GuestFunction, r: Request, conf: number, content: boolean, args: readonly string[] | null): Answer {
    if (this.pooled.blocked) return this.calls.instead(r, 503, DECLINED)
    const fill = args === null ? null : (frame: Frame): void => { frame.args = args }
    const { serial } = r
    return this.pooled.run({ f, kind: Kind.Handle, r, a: conf, b: 0, fill, keep: null }).then(({ instance, frame, value }): Answer => {
      if (r.finished || r.serial !== serial) {
        this.pooled.leave({ instance, frame, value })
        return ERROR
      }
      this.pooled.ended(instance)
      return this.calls.settle(instance, frame, value, f, r, content, this.pool)
    }).catch((error: unknown) => this.calls.refused(error, f, r, DECLINED))
  }

  /** Runs a header filter: OK, ERROR, or the status to answer instead. */
  headerFilter(f: GuestFunction, r: Request, conf: number): Answer {
    if (this.pooled.blocked) return this.calls.instead(r, 503, OK)
    return this.pooled.run({ f, kind: Kind.HeaderFilter, r, a: conf, b: 0, fill: null, keep: null }).then((returned): Verdict => {
      this.pooled.leave(returned)
      return this.calls.filterVerdict(returned.value, f, r)
    }).catch((error: unknown) => this.calls.refused(error, f, r, OK))
  }

  /** Runs a script function: its return code. Rejects with PoolFull, Trap or Cancelled. */
  async script(f: GuestFunction, kind: number, r: Request | null, count: number, fill: (frame: Frame) => void): Promise<number> {
    const returned = await this.pooled.run({ f, kind, r, a: count, b: 0, fill, keep: null })
    this.pooled.leave(returned)
    return returned.value
  }

  /**
   * Runs a log handler. The request is over: when the handler waits it goes on with a copy, and the connection with its
   * next request.
   */
  log(f: GuestFunction, r: Request, conf: number): void {
    if (this.pooled.blocked) return
    let kept: Request | null = null
    const { engine } = r.connection
    const work = { running: r.running, cancel: (): void => {} }
    const keep = (call: WaitingCall | null): Request => {
      if (kept === null) engine.detach(work)
      if (call !== null) work.cancel = () => call.cancel()
      return kept ??= keepRequest(r)
    }
    this.pooled.run({ f, kind: Kind.Log, r, a: conf, b: 0, fill: null, keep }).then((returned) => this.pooled.leave(returned)).catch((error: unknown) => {
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
      returned = await this.pooled.run({ f, kind: Kind.Command, r: null, a: 0, b: 0, fill, keep: null }, (context.within ?? 0) > 0)
    } catch (error) {
      if (!(error instanceof PoolFull)) throw commandFailed(error, f)
      throw new RpcError(RpcCode.Failed, `plugin "${this.plugin.name}" is busy: ${error.message}`)
    }
    try {
      return answer(returned.frame)
    } finally {
      this.pooled.leave(returned)
    }
  }

  /** Runs a timer. Rejects with PoolFull, Trap or Cancelled. */
  async timer(f: GuestFunction, args: readonly string[], began: (call: WaitingCall) => void): Promise<void> {
    const fill = (frame: Frame): void => { frame.args = args }
    this.pooled.leave(await this.pooled.run({ f, kind: Kind.Timer, r: null, a: 0, b: 0, fill, keep: null, began }))
  }
}

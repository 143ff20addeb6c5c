import type { Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import type { OrderedSubrequest } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { Calls } from './calls.ts'
import type { NativePlugin } from './plugin.ts'
import { Kind } from '../frame.ts'
import { Trap } from '../trap.ts'
import { PartAnswer } from './abi.ts'
import { withPlaces } from './ordered.ts'

/** A response that a body filter works on. */
export class OpenBody {
  /** The guest's. */
  readonly state: number
  /** The instance that the state is in. */
  readonly instance: Instance
  readonly generation: number
  /** The filter has changed or kept a part: the rest cannot go on without it. */
  changed = false
  /** The filter has failed, and the rest goes on without it. */
  off = false

  constructor(state: number, instance: Instance) {
    this.state = state
    this.instance = instance
    this.generation = instance.generation
  }

  /** The instance was put back to its snapshot since. */
  get lost(): boolean { return this.generation !== this.instance.generation }
}

/** The calls of a plugin's filters of bodies, and what their answers mean. */
export class BodyCalls {
  private readonly plugin: NativePlugin
  private readonly calls: Calls

  constructor(plugin: NativePlugin, calls: Calls) {
    this.plugin = plugin
    this.calls = calls
  }

  /** Asks a body filter whether it wants this response: its state, or null. A trap is thrown, but with `plugin_on_error pass`. */
  start(f: GuestFunction, r: Request, conf: number, instance = this.calls.instance, kind: number = Kind.BodyFilter): OpenBody | null {
    const { faults } = instance
    let blocked = false
    try {
      blocked = faults.blocked
      if (blocked) throw this.quarantined()
      const state = this.calls.named(f, r, () => this.calls.look(f, r, kind, null, null, conf, 0, instance)).result >>> 0
      return state === 0 ? null : new OpenBody(state, instance)
    } catch (error) {
      if (!(error instanceof Trap)) throw error
      if (this.passes) return null
      const { onError } = this.calls.instance.program.settings
      error.status = typeof onError === 'number' ? onError : blocked ? 503 : 500
      throw error
    }
  }

  /** Told to the log when the quarantine began. */
  private quarantined(): Trap {
    const trap = new Trap(this.plugin.name, 'is in quarantine', null)
    trap.logged = true
    return trap
  }

  private get passes(): boolean {
    return this.calls.instance.depth === 0 && this.calls.instance.program.settings.onError === 'pass'
  }

  /**
   * Passes a part to a body filter. A trap is thrown, because the response that has begun cannot be answered otherwise; with `plugin_on_error pass` the
   * rest of a body that the filter has left as it was goes on without it.
   */
  part(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody, kind: number = Kind.BodyFilter): BodyPart | null | Verdict {
    if (open.off) return part
    try {
      if (open.lost) throw this.lost(f, r)
      return this.filtered(f, r, part, open, kind)
    } catch (error) {
      return this.withoutFilter(error, part, open)
    }
  }

  /** What becomes of a part whose filter failed: it is passed on where that is allowed, else the error is thrown. */
  withoutFilter(error: unknown, part: BodyPart, open: OpenBody): BodyPart {
    if (!(error instanceof Trap) || open.changed || !this.passes) throw error
    open.off = true
    return part
  }

  /** The status of `plugin_on_error` in place of a body whose filter trapped, where nothing of an answer has left; throws the error otherwise. */
  statusFor(error: unknown, r: Request): Verdict {
    const { onError } = this.calls.instance.program.settings
    if (typeof onError !== 'number' || !(error instanceof Trap) || (r.headerSent && !r.headHeld)) throw error
    return onError
  }

  /** The plugin has trapped elsewhere since the filter began: its state of this response is gone. */
  lost(f: GuestFunction, r: Request): Trap {
    const trap = new Trap(this.plugin.name, 'lost its state of this response when it was reset', null)
    this.calls.report(trap, f, r)
    return trap
  }

  private filtered(f: GuestFunction, r: Request, part: BodyPart, open: OpenBody, kind: number): BodyPart | null | Verdict {
    const { state } = open
    const flags = (part.last ? 1 : 0) | (part.flush ? 2 : 0)
    const { result, out, ordered } = this.calls.named(f, r, () => this.calls.look(f, r, kind, null, part, state, flags, open.instance))
    const passed = this.passedOn(result, out, f, part, open)
    return ordered === null ? passed : this.withPlaces(passed, r, ordered, open)
  }

  /** What a body filter's answer makes of a part; a number: the status that it answers instead. */
  passedOn(answer: number, out: Buffer | null, f: GuestFunction, part: BodyPart, open: OpenBody): BodyPart | null | Verdict {
    if (answer >= 400 && answer < 600) return answer
    let result = answer
    if (result > PartAnswer.Hold && result <= PartAnswer.Hold + PartAnswer.Leave) {
      open.off = true
      result -= PartAnswer.Leave
    }
    if (result === PartAnswer.Pass) return part
    open.changed = true
    if (result === PartAnswer.Replace) return { data: out, file: null, last: part.last, flush: part.flush }
    if (result !== PartAnswer.Hold) throw new Error(`plugin ${this.plugin.name} answered ${answer} in ${f.label}, which is none of pass, replace, hold`)
    return part.last || part.flush ? { data: null, file: null, last: part.last, flush: part.flush } : null
  }

  /** What a body filter passes on, with subrequests in it. */
  withPlaces(passed: BodyPart | null | Verdict, r: Request, ordered: readonly OrderedSubrequest[], open: OpenBody): BodyPart | null | Verdict {
    if (typeof passed === 'number') return passed
    open.changed = true
    return withPlaces(r, passed ?? { data: null, file: null, last: false, flush: false }, ordered)
  }

  /** The response is over: the guest may let its state go. */
  end(f: GuestFunction, r: Request, open: OpenBody): void {
    const { state, instance } = open
    // A call that waits in it is being unwound, and the state with it.
    if (open.lost || instance.waiting !== null) return
    this.calls.quietly(f, r, () => this.calls.look(f, r, Kind.Look, null, null, state, 0, instance))
  }
}

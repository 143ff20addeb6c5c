import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import type { Frame, OrderedSubrequest } from '../frame.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { DECLINED, ERROR, OK } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { Kind, Wish } from '../frame.ts'
import { Trap } from '../trap.ts'
import { Cancelled } from '../waiting.ts'
import type { Pool } from '../pool.ts'
import { PoolFull } from '../pool.ts'
import { Verdict as GuestVerdict, hostVerdict } from './abi.ts'
import { BodyCalls } from './bodycalls.ts'
import type { PluginConf } from './confs.ts'
import { keepVerdict } from '../../http/kept.ts'
import { rpcReply } from './commands.ts'
import { keepLines } from './kept.ts'
import { respondWith } from './ordered.ts'

/**
 * The calls into one plugin while requests are served. What a handler wishes (a reply, a redirect) is done when it
 * has returned, so that nothing that follows from it finds the instance busy. A trap ends the one request with 500;
 * the instance is replaced by then.
 */
export class Calls {
  private readonly plugin: NativePlugin
  readonly instance: Instance
  /** Those of filters of bodies. */
  readonly bodies: BodyCalls
  /** Requests that the plugin failed, for callers whose verdicts nobody heeds; they take them out. */
  readonly failures = new WeakSet<Request>()
  /** The request whose response a header filter replaced last. */
  private replaced = 0

  constructor(plugin: NativePlugin) {
    this.plugin = plugin
    this.instance = plugin.instance
    this.bodies = new BodyCalls(plugin, this)
  }

  /**
   * Runs a phase handler, a content handler (`content`) or a script function (with `args`) with the handle of its
   * conf. `place`: where it stands, for a verdict that it would give again (`repeat`); −1: none is kept.
   */
  handler(f: GuestFunction, r: Request, conf: number, content: boolean, args: readonly string[] | null, place = -1): Answer {
    const { instance } = this
    if (instance.faults.blocked) return this.instead(r, 503, DECLINED)
    let frame: Frame | null = null
    let verdict: number
    try {
      frame = instance.enter(Kind.Handle, r)
      if (args !== null) frame.args = args
      f.calls++
      verdict = f.call(f.data, instance.handle(r), conf)
    } catch (error) {
      return this.failed(error, frame, f, r, DECLINED)
    }
    if (frame.wish !== Wish.None) {
      if (frame.wish === Wish.Repeat && place >= 0 && (verdict === GuestVerdict.Ok || verdict === GuestVerdict.Declined)) keepVerdict(r, f.id, place, hostVerdict[verdict]!)
      return this.settle(instance, frame, verdict, f, r, content)
    }
    instance.leave(frame)
    return verdict >= 100 && verdict < 1000 ? verdict : hostVerdict[verdict] ?? this.garbage(verdict, f, r)
  }

  /** Leaves the call of a handler that has returned (its instance goes back to `pool`), and does what it wished for. */
  settle(instance: Instance, frame: Frame, verdict: number, f: GuestFunction, r: Request, content: boolean, pool: Pool | null = null): Answer {
    const { wish, replyStatus, replyType, replyBody, redirectUri, redirectArgs, rpcReply: asked, ordered } = frame
    // A plain call has used nothing else of its frame.
    if (pool !== null || wish === Wish.Rpc) frame.clear()
    instance.leave(frame)
    pool?.release(instance)
    if (verdict !== GuestVerdict.Ok && verdict !== GuestVerdict.Done) {
      if (verdict >= 100 && verdict < 1000) return verdict
      return hostVerdict[verdict] ?? this.garbage(verdict, f, r)
    }
    if (wish === Wish.Redirect) return redirectUri.startsWith('@') ? r.namedLocation(redirectUri) : r.internalRedirect(redirectUri, redirectArgs)
    if (wish === Wish.None || wish === Wish.Repeat) return hostVerdict[verdict]!
    const rc = wish === Wish.Rpc ? rpcReply(this.plugin, r, asked!)
      : ordered === null ? r.respond(replyStatus, replyType, replyBody) : respondWith(r, replyStatus, replyType, replyBody, ordered)
    if (content) return rc
    // Of another phase OK would mean "go on": the status that was sent ends the request there.
    return typeof rc === 'number' ? ended(rc, r) : rc.then((v) => ended(v, r))
  }

  /** Runs a header filter: OK, ERROR, or the status to answer instead. `place`: where what it would do again is kept. */
  headerFilter(f: GuestFunction, r: Request, conf: number, place: PluginConf): Verdict {
    const { instance } = this
    const before = r.headersOut.count
    if (instance.faults.blocked) return this.once(r, this.instead(r, 503, OK))
    let frame: Frame | null = null
    let verdict: number
    try {
      frame = instance.enter(Kind.HeaderFilter, r)
      f.calls++
      verdict = f.call(f.data, instance.handle(r), conf)
    } catch (error) {
      return this.once(r, this.failed(error, frame, f, r, OK))
    }
    if (frame.wish === Wish.Repeat && (verdict === GuestVerdict.Ok || verdict === GuestVerdict.Declined)) keepLines(place, f, r.headersOut, before)
    instance.leave(frame)
    return this.filterVerdict(verdict, f, r)
  }

  /** What a header filter's verdict means: OK, ERROR, or the status to answer instead. */
  filterVerdict(verdict: number, f: GuestFunction, r: Request): Verdict {
    if (verdict === GuestVerdict.Ok || verdict === GuestVerdict.Declined) return OK
    if (verdict === GuestVerdict.Error) return ERROR
    return this.once(r, verdict >= 300 && verdict < 1000 ? verdict : this.garbage(verdict, f, r, OK))
  }

  /**
   * A header filter's answer to a request: a status in the place of the response once only, for the page that answers it passes the same filter.
   */
  private once(r: Request, verdict: Verdict): Verdict {
    if (verdict === OK || verdict === ERROR) return verdict
    if (this.replaced === r.serial || r.errStatus === verdict) return OK
    this.replaced = r.serial
    return verdict
  }

  /**
   * The text that a variable's or select's getter gives for `argument`; null for none, also after a trap, which is
   * logged.
   */
  text(f: GuestFunction, r: Request, argument: string): string | null {
    const outcome = this.quietly(f, r, () => this.look(f, r, Kind.Look, [argument], null, 0, 0))
    return outcome === null || outcome.result === 0 ? null : outcome.answer
  }

  /** Calls a function for its effect: a variable's setter, a log handler. */
  effect(f: GuestFunction, r: Request, argument: string | null, conf: number, kind: number = Kind.Look): void {
    this.quietly(f, r, () => this.look(f, r, kind, argument === null ? null : [argument], null, conf, 0))
  }

  /** Calls a function that has no wishes: what it returned, and what it left in its frame. Throws Trap. */
  look(f: GuestFunction, r: Request, kind: number, args: readonly string[] | null, part: BodyPart | null, a: number, b: number, instance = this.instance):
  { result: number, answer: string | null, out: Buffer | null, ordered: OrderedSubrequest[] | null } {
    return instance.run(kind, f.label, (frame) => {
      if (args !== null) frame.args = args
      frame.part = part
      f.calls++
      const result = instance.bind(f)(f.data, instance.handle(r), a, b)
      return { result, answer: frame.answer, out: frame.partOut, ordered: frame.ordered }
    }, r)
  }

  /** Runs `body`; a trap is logged and null returned, unless an outer call of the same instance must unwind too. */
  quietly<T>(f: GuestFunction, r: Request, body: () => T): T | null {
    const { faults } = this.instance
    if (faults.blocked) return null
    try {
      return body()
    } catch (error) {
      if (!(error instanceof Trap)) throw error
      this.report(error, f, r)
      if (this.instance.depth > 0) throw error
      return null
    }
  }

  /** Runs `body`; a trap is logged with its plugin and place before it is thrown on. */
  named<T>(f: GuestFunction, r: Request, body: () => T): T {
    try {
      return body()
    } catch (error) {
      if (error instanceof Trap) this.report(error, f, r)
      throw error
    }
  }

  private failed(error: unknown, frame: Frame | null, f: GuestFunction, r: Request, pass: Verdict): Verdict {
    const { instance } = this
    const trap = frame === null && error instanceof Trap ? error : instance.trapped(error)
    this.report(trap, f, r)
    if (frame !== null) {
      frame.clear()
      instance.leave(frame)
    }
    if (instance.depth > 0) throw trap
    return this.instead(r, 500, pass)
  }

  /** What becomes of a request whose call into the pool did not return: nobody wants it any more, no instance was to be had, or it trapped. */
  refused(error: unknown, f: GuestFunction, r: Request, pass: Verdict): Verdict {
    if (error instanceof Cancelled) return ERROR
    if (error instanceof PoolFull) {
      r.log(Level.error, `plugin ${this.plugin.name} is busy: ${error.message} (plugin_instances, plugin_queue)`)
      return r.headerSent ? ERROR : 503
    }
    if (!(error instanceof Trap)) throw error
    this.report(error, f, r)
    return this.instead(r, 500, pass)
  }

  /** What becomes of a request that the plugin failed, as `plugin_on_error` says; `pass` is the verdict that goes on without the plugin. */
  instead(r: Request, status: number, pass: Verdict): Verdict {
    const { onError } = this.instance.program.settings
    if (onError === 'pass') return pass
    if (r.headerSent) return ERROR
    this.failures.add(r)
    return onError === 'error' ? status : onError
  }

  report(trap: Trap, f: GuestFunction, r: Request): void {
    if (trap.logged) return
    trap.logged = true
    const place = r.location.name === '' ? '' : ` of location ${r.location.name}`
    r.log(Level.error, `plugin ${trap.plugin} trapped in ${f.label}${place}: ${trap.text}`)
  }

  private garbage(verdict: number, f: GuestFunction, r: Request, pass = DECLINED): Verdict {
    r.log(Level.error, `plugin ${this.plugin.name} answered ${verdict}, which is no verdict in ${f.label}`)
    this.instance.faults.add('trap')
    return this.instead(r, 500, pass)
  }
}

/** Calls a handler, whether it may wait or not, when the request body has been read; see `Calls.handler`. */
export function withBody(calls: Pick<Calls, 'handler'>, f: GuestFunction, r: Request, conf: number, content: boolean): Answer {
  const rc = r.readBody()
  if (rc === OK) return calls.handler(f, r, conf, content, null)
  if (typeof rc === 'number') return rc
  return rc.then((v) => (v === OK ? calls.handler(f, r, conf, content, null) : v))
}

function ended(rc: Verdict, r: Request): Verdict {
  return rc === OK ? r.headersOut.status : rc
}


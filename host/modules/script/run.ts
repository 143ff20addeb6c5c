/** Runs routes for requests, and turns how they ended into verdicts. */
import type { Answer, Phase, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { ContentEvent, ScriptMainConf } from './conf.ts'
import type { LateReply } from '../../script/contract.ts'
import type { ScriptRun } from '../../script/run.ts'
import type { PlacedRoute } from './program.ts'
import type { HeadStyle } from './answer.ts'
import { DECLINED, ERROR, OK, Phase as Phases } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { Cancelled } from '../../wasm/waiting.ts'
import { sendAnswer } from './answer.ts'
import { StandInSubject } from './standin.ts'
import { HttpSubject } from './subject.ts'

/** What is left to do when a route has ended, with what it is called in the log. */
interface Ending {
  readonly what: string
  readonly strict: boolean
  readonly phase: Phase
  /** The route has the server to itself (own.ts). */
  readonly alone?: boolean
}

/** A route bound to the place in the server where it runs. */
export class BoundRoute {
  private readonly placed: PlacedRoute
  private readonly ending: Ending
  private readonly style: HeadStyle
  private readonly debug: number

  constructor(placed: PlacedRoute, main: ScriptMainConf, ending: Ending) {
    this.placed = placed
    this.ending = ending
    this.style = { strict: ending.strict, alone: ending.alone === true, serverLine: main.serverLine }
    this.debug = main.debug
  }

  /** Runs it when the request's body has been read. */
  withBody(r: Request): Answer {
    const rc = r.readBody()
    if (rc === OK) return this.run(r)
    if (typeof rc === 'number') return rc
    return rc.then((v) => (v === OK ? this.run(r) : v))
  }

  /** Runs it. */
  run(r: Request): Answer {
    const { strict, alone } = this.style
    const subject = strict && alone ? new StandInSubject(r, this.debug) : new HttpSubject(r, this.debug)
    const { program, route } = this.placed
    const run = program.start(route, subject)
    if (!(run instanceof Promise)) return this.ended(r, subject, run)
    return this.later(r, subject, run)
  }

  /** The route waits: what it has answered so far leaves now. */
  private async later(r: Request, subject: HttpSubject, run: Promise<ScriptRun>): Promise<Verdict> {
    const { serial } = r
    try {
      const early = subject.replied && subject.late === null && this.ending.phase === Phases.Content ? await sendAnswer(r, subject, this.style) : null
      const ended = await run
      if (r.finished || r.serial !== serial) return ERROR
      if (early !== null) {
        if (ended.result < 0 && !this.style.alone) r.keepalive = false
        return early
      }
      return await this.ended(r, subject, ended)
    } catch (error) {
      if (error instanceof Cancelled || r.finished || r.serial !== serial) return ERROR
      throw error
    }
  }

  private ended(r: Request, subject: HttpSubject, run: ScriptRun): Answer {
    const { late } = subject
    if (late !== null) return this.endedLate(r, subject, run, late)
    const { result, dropped, failed } = run
    const { phase } = this.ending
    if (phase === Phases.Log) return OK
    if (failed && !subject.replied && !this.ending.strict) return 500
    if (subject.replied) {
      if (result < 0 && phase === Phases.Content && !this.style.alone) subject.close = true
      const rc = sendAnswer(r, subject, this.style)
      if (phase === Phases.Content) return rc
      return typeof rc === 'number' ? sent(r, rc) : rc.then((v) => sent(r, v))
    }
    if (phase === Phases.Content) return this.silent(r, result, dropped)
    if (dropped) return closeUnanswered(r)
    if (phase !== Phases.Access && phase !== Phases.Preaccess) return DECLINED
    return result < 0 ? 403 : phase === Phases.Access && result > 0 && r.location.satisfy === 'any' ? OK : DECLINED
  }

  /** The route has ended before its answer is there. */
  private async endedLate(r: Request, subject: HttpSubject, run: ScriptRun, late: Promise<LateReply>): Promise<Verdict> {
    const { serial } = r
    const reply = await late
    if (r.finished || r.serial !== serial) return ERROR
    subject.take(reply)
    return await this.ended(r, subject, run)
  }

  /** The content route has ended without an answer (kamailio.md §1.3, §9.6). */
  private silent(r: Request, result: number, dropped: boolean): Verdict {
    const { what, strict, alone } = this.ending
    if (alone) {
      if (dropped) return closeUnanswered(r)
      r.log(Level.error, `${what} has ended without an answer`)
      return 500
    }
    if (result < 0) return closeUnanswered(r)
    if (!strict) {
      if (dropped) return closeUnanswered(r)
      r.log(Level.error, `${what} has ended without an answer`)
      return 404
    }
    return leaveUnanswered(r)
  }
}

/** Nothing is sent, and the connection goes on. */
function leaveUnanswered(r: Request): Verdict {
  r.headerSent = r.outputDone = r.headerOnly = r.keepalive = true
  return OK
}

/** Nothing is sent, and the connection ends. */
export function closeUnanswered(r: Request): Verdict {
  r.connection.engine.writer.flush()
  return 444
}

/** Of another phase than content OK would mean "go on": the status that was sent ends the request there. */
function sent(r: Request, rc: Verdict): Verdict {
  return rc === OK ? r.headersOut.status : rc
}

/** An event route with who decides which requests it is for. */
export interface BoundEvent {
  readonly event: ContentEvent
  readonly route: BoundRoute
}

/** The content handler of places with event routes: the first that admits the request answers it. */
export function runEvents(r: Request, events: readonly BoundEvent[], strict: boolean): Answer {
  for (let i = 0; i < events.length; i++) {
    const { event, route } = events[i]!
    if (event.admit === undefined || event.admit(r, event.conf)) return route.withBody(r)
  }
  return strict ? leaveUnanswered(r) : DECLINED
}

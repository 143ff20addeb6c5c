import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../request.ts'
import type { Step } from '../phases.ts'
import { AGAIN, DECLINED, DONE, OK } from '../../module.ts'
import { answer } from '../finalize.ts'
import { callStep } from '../phases.ts'

/** What the verdicts of each hook's handlers do with a request (hooks.md §1, §3): the checkers of hook steps, but for those of access. */

/** RUN_ALL. */
export function all(r: Request, step: Step): boolean { return callStep(r, step, allVerdict) }
/** RUN_FIRST. */
export function first(r: Request, step: Step): boolean { return callStep(r, step, firstVerdict) }
/** RUN_FIRST of the hooks that answer the request: OK is an answer. */
export function answering(r: Request, step: Step): boolean { return callStep(r, step, answeringVerdict) }
/** VOID. */
export function every(r: Request, step: Step): boolean { return callStep(r, step, everyVerdict) }
/** pre_translate_name: DONE asks not to decode the URI, which it is by then: nothing is left to do. */
export function untranslated(r: Request, step: Step): boolean { return callStep(r, step, untranslatedVerdict) }

/** RUN_ALL, of the request as the client sent it: not in subrequests. */
export function allOfMain(r: Request, step: Step): boolean {
  if (r.parent === null) return callStep(r, step, allVerdict)
  r.step = step.next
  return true
}

/** RUN_ALL, of subrequests and after an internal redirect: their place on a way that all requests go. */
export function allOfInner(r: Request, step: Step): boolean {
  if (r.internal) return callStep(r, step, allVerdict)
  r.step = step.next
  return true
}

function allVerdict(r: Request, _step: Step, rc: Verdict): boolean {
  if (rc !== DECLINED && rc !== OK) return stopped(r, rc)
  r.step++
  return true
}

function firstVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) r.step++
  else if (rc === OK) r.step = step.next
  else return stopped(r, rc)
  return true
}

function answeringVerdict(r: Request, _step: Step, rc: Verdict): boolean {
  if (rc === OK) return complete(r)
  if (rc !== DECLINED) return stopped(r, rc)
  r.step++
  return true
}

function everyVerdict(r: Request, _step: Step, rc: Verdict): boolean {
  if (r.takeRedirect()) return true
  if (r.outputDone) return r.finalize(OK)
  if (rc === AGAIN) return false
  r.step++
  return true
}

function untranslatedVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc !== DONE) return firstVerdict(r, step, rc)
  if (r.takeRedirect()) return true
  r.step = step.next
  return true
}

/** A handler has ended the run: DONE says that the response is complete as it is, AGAIN that somebody finishes it later, the rest is an answer. */
export function stopped(r: Request, rc: Verdict): boolean {
  if (rc === DONE) return r.takeRedirect() || complete(r)
  return rc === AGAIN ? r.takeRedirect() : r.finalize(rc)
}

/** Ends a request with what was written; an empty answer when nothing was (measured: 200). */
function complete(r: Request): boolean {
  return r.headerSent ? r.finalize(OK) : answer(r, () => nothing(r))
}

function nothing(r: Request): Answer {
  const { status } = r.headersOut
  return r.respond(status === 0 ? 200 : status, '', '')
}

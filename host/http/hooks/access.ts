import type { Verdict } from '../../module.ts'
import type { Request } from '../request.ts'
import type { Step } from '../phases.ts'
import { AGAIN, DECLINED, DONE, OK } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { callStep } from '../phases.ts'
import { requestRecord } from './record.ts'
import { runAuthFailure } from './lists.ts'
import { stopped } from './verdicts.ts'

/**
 * The checkers of the access hooks (hooks.md §3). `satisfy all`: access_checker must not refuse, then either access_checker_ex lets the request
 * pass, or check_user_id and auth_checker agree. `satisfy any`: one consent is enough, nginx's own access handlers included. A hook that everybody
 * declines has no opinion. A request that has passed the hooks of a place is not asked again in subrequests and after redirects to the same place.
 */

/** Before the first of them: forgets what an earlier place decided. */
export function beginAccess(r: Request, _step: Step): boolean {
  const record = requestRecord(r)
  record.consent = record.free = record.forced = record.identified = false
  const main = r.parent === null ? null : requestRecord(r.parent)
  record.skip = record.passed === r.location || main?.passed === r.location
  if (record.skip && main !== null) record.user = main.user
  if (record.skip && r.location.satisfy === 'any') r.step = r.steps.postAccess
  else r.step++
  return true
}

/** access_checker: RUN_ALL. */
export function checkAccess(r: Request, step: Step): boolean {
  return r.hooks!.skip ? pass(r, step) : callStep(r, step, accessVerdict)
}

function accessVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc !== DECLINED && rc !== OK) return refused(r, rc, step.next)
  if (rc === OK) r.hooks!.consent = true
  r.step++
  return true
}

/** Behind access_checker with `satisfy any`: consent is enough. */
export function consented(r: Request, _step: Step): boolean {
  return r.hooks!.consent ? allowed(r) : next(r)
}

/** access_checker_ex: RUN_FIRST. */
export function checkAccessEx(r: Request, step: Step): boolean {
  return r.hooks!.skip ? pass(r, step) : callStep(r, step, accessExVerdict)
}

function accessExVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) return next(r)
  if (rc !== OK) return refused(r, rc, r.steps.postAccess)
  r.hooks!.free = true
  return pass(r, step)
}

/** force_authn: RUN_FIRST, only asked of those whom access_checker_ex lets pass. */
export function forceAuthn(r: Request, step: Step): boolean {
  return r.hooks!.free ? callStep(r, step, forceVerdict) : pass(r, step)
}

function forceVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) return next(r)
  if (rc !== OK) return refused(r, rc, r.steps.postAccess)
  r.hooks!.forced = true
  return pass(r, step)
}

/** Behind both: the request passes without a user. */
export function passedFree(r: Request, _step: Step): boolean {
  const { free, forced } = r.hooks!
  return free && !forced ? allowed(r) : next(r)
}

/** check_user_id: RUN_FIRST; who answers OK must have said who it is. */
export function checkUserId(r: Request, step: Step): boolean {
  return r.hooks!.skip ? pass(r, step) : callStep(r, step, userVerdict)
}

function userVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) return next(r)
  if (rc !== OK) return refused(r, rc, r.steps.postAccess)
  if (r.hooks!.user === null && r.variable('remote_user') === null) {
    r.log(Level.error, `hook check_user_id of module "${step.module}" answered OK without a user`)
    return r.finalize(500)
  }
  r.hooks!.identified = true
  return pass(r, step)
}

/** auth_checker: RUN_FIRST. */
export function checkAuth(r: Request, step: Step): boolean {
  return r.hooks!.skip ? pass(r, step) : callStep(r, step, authVerdict)
}

function authVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) return next(r)
  if (rc !== OK) return refused(r, rc, r.steps.postAccess)
  return r.location.satisfy === 'any' ? allowed(r) : pass(r, step)
}

/** Behind the last of them with `satisfy any`: a known user is consent, where nobody objected. */
export function identified(r: Request, _step: Step): boolean {
  return r.hooks!.identified ? allowed(r) : next(r)
}

/** Behind POST_ACCESS: the request has passed the hooks of this place. */
export function notePassed(r: Request, _step: Step): boolean {
  r.hooks!.passed = r.location
  return next(r)
}

function next(r: Request): boolean {
  r.step++
  return true
}

/** On behind the hook. */
function pass(r: Request, step: Step): boolean {
  r.step = step.next
  return true
}

function allowed(r: Request): boolean {
  r.accessCode = 0
  r.headersOut.remove('www-authenticate')
  r.step = r.steps.postAccess
  return true
}

/** A refusal: final, or with `satisfy any` remembered until nobody else consents; `behind` is where to ask on. */
function refused(r: Request, rc: Verdict, behind: number): boolean {
  if (rc === DONE || rc === AGAIN || rc < 300) return stopped(r, rc)
  if (rc === 401 && r.headersOut.get('www-authenticate') === null) runAuthFailure(r)
  if (r.location.satisfy !== 'any' || (rc !== 401 && rc !== 403 && rc !== 407)) return r.finalize(rc)
  if (r.accessCode !== 401 && r.accessCode !== 407) r.accessCode = rc
  r.hooks!.consent = false
  r.step = behind
  return true
}

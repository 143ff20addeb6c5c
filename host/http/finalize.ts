import type { Verdict } from '../module.ts'
import type { Request } from './request.ts'
import { AGAIN, DECLINED, DONE, ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { statistics } from '../core/statistics.ts'
import { mainOver, subrequestOver, treeOver } from './nested.ts'
import { specialResponse } from './special.ts'
import { runLogPhase } from './phases.ts'

/**
 * ngx_http_finalize_request (nginx.md §3.4): ends the request, or turns a status into its answer. Returns whether the phases go on at
 * once (after a redirect to an error page). A request that is over ignores every further call, so nothing can end it twice.
 */
export function finalizeRequest(r: Request, rc: Verdict): boolean {
  if (r.finished || (r.nest !== null && r.nest.tree.finishing && r.parent === null)) return false
  if (rc === DONE || rc === AGAIN) return r.takeRedirect()
  if (rc === OK) return finishOutput(r)
  if (rc === DECLINED) {
    r.contentHandler = null
    return true
  }
  if (rc === ERROR || rc === 408 || rc === 499 || rc === 444) {
    terminate(r, rc === ERROR ? 0 : rc)
    return false
  }
  // A handler of an early phase that has answered by itself names the status that it sent: OK would mean "go on" there.
  if (r.outputDone && rc === r.headersOut.status) return finishOutput(r)
  if (r.headerSent) {
    r.log(Level.error, `handler answered ${rc} after the response header was sent`)
    terminate(r, 0)
    return false
  }
  if (rc >= 300 || rc === 201 || rc === 204) return specialResponse(r, rc)
  if (rc >= 200) return answer(r, () => r.respond(rc, '', ''))
  r.log(Level.alert, `handler answered ${rc}, which is no verdict`)
  return specialResponse(r, 500)
}

/** Sends what `send` sends and ends the request; a slow client makes it wait. */
export function answer(r: Request, send: () => Verdict | Promise<Verdict>): boolean {
  const rc = send()
  if (typeof rc === 'number') return finalizeRequest(r, rc)
  r.wait(rc, (verdict) => finalizeRequest(r, verdict))
  return false
}

/** The handler is content: make sure that the response is complete, then end the request. */
function finishOutput(r: Request): boolean {
  if (!r.headerSent) {
    r.log(Level.error, 'handler answered OK without a response')
    return specialResponse(r, 500)
  }
  if (!r.outputDone) return answer(r, () => r.outputEnd())
  if (r.nest === null) endMain(r)
  else if (r.parent === null) mainOver(r)
  else subrequestOver(r, OK)
  return false
}

/** The response is complete and no subrequest is left. */
export function endMain(r: Request): void {
  if (r.bytesSent > 0) statistics.reply(r.headersOut.status)
  close(r, true)
  r.connection.requestDone(r)
}

/** Ends the request with all of its subrequests and its connection without another byte (of a subrequest: ends that); `status` is what the access log shows when no head was sent. */
export function terminate(r: Request, status: number): void {
  if (r.finished) return
  if (r.parent !== null) return subrequestOver(r, status === 0 ? ERROR : status)
  if (!r.headerSent && status !== 0) r.headersOut.status = status
  close(r, false)
  r.connection.abort()
}

/** Marks the end and runs the LOG phase; `whole`: the response is complete. */
function close(r: Request, whole: boolean): void {
  r.finished = true
  if (r.nest !== null) treeOver(r.nest.tree, whole)
  runLogPhase(r)
  r.body.release()
  r.runCleanups()
  r.connection.engine.requestEnded(r.running)
}

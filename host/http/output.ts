import type { Answer, BodyFilter, Verdict } from '../module.ts'
import type { BodyPart, BoundBodyFilter, PartSource, RunningBodyFilter } from './response.ts'
import type { Request } from './request.ts'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { collectBody, collectedBody } from './buffered.ts'
import { RequestFilters } from './filters.ts'
import { isPaced } from './pace.ts'
import { piece, writePart } from './partwriter.ts'
import { postpone } from './postpone.ts'

/**
 * Starts the body filters of this response; a filter without work is left out. One that wants the whole body in a part keeps the head back, so that
 * there can still be another answer. OK; when one failed (logged): the status to answer instead (what it threw may have one as `status`; 500), without
 * that filter, or ERROR in a subrequest.
 */
export function startBodyFilters(r: Request): Verdict {
  const { filters } = r
  const chain = filters === null ? r.location.bodyFilters : filters.bodyChain(r, r.location.bodyFilters)
  if (chain.length === 0 || r.headerOnly) return OK
  let running: RunningBodyFilter[] | null = null
  for (const bound of chain) {
    // A subrequest's output passes those of the main request.
    if (bound.late && r.parent !== null) continue
    let state
    try {
      state = bound.filter.start(r, bound.conf)
    } catch (error) {
      return startFailed(r, bound, error)
    }
    if (state !== null) (running ??= []).push(runningFilter(r, bound, state))
  }
  r.runningFilters = running
  return OK
}

/** Nothing of the head has left: there can be another answer, which passes the other filters. */
function startFailed(r: Request, { filter }: BoundBodyFilter, error: unknown): Verdict {
  r.headHeld = false
  r.handlerFailed(error)
  if (r.parent !== null) return ERROR
  r.headerSent = false
  r.errStatus = 0
  r.headersOut.clear()
  ;(r.filters ??= new RequestFilters()).bar(filter)
  const { status } = error as { status?: unknown }
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : 500
}

function runningFilter(r: Request, { filter, conf, late, type, module }: BoundBodyFilter, state: unknown): RunningBodyFilter {
  const limits = filter.buffered === undefined ? null : filter.buffered(r, conf)
  const running = { late, type, definition: filter, off: false }
  if (limits === null) return { ...running, filter: filter.filter, state }
  if (r.parent === null) r.headHeld = true
  return { ...running, filter: collectBody as BodyFilter['filter'], state: collectedBody(filter, state, limits, module) }
}

/** Passes a part through the running body filters and writes what comes out (nginx.md §6.2). */
export function outputPart(r: Request, part: BodyPart): Answer {
  if (r.outputDone) {
    r.log(Level.error, 'output after the end of the response')
    return ERROR
  }
  if (!r.headerSent) {
    r.log(Level.error, 'output before the response header')
    return ERROR
  }
  if (r.headerOnly) {
    r.outputDone = part.last
    return OK
  }
  if (r.runningFilters !== null) return throughFilters(r, part)
  return r.nest === null ? writePart(r, part) : postpone(r, part)
}

/**
 * A whole body at once (a string: one character a byte), behind a head that was just sent: what `outputPart` does with it, without its detours where
 * nothing needs them.
 */
export function outputWhole(r: Request, data: Buffer | string): Answer {
  const c = r.connection
  if (r.runningFilters !== null || r.nest !== null || r.chunked || r.outputDone || c.blockedWrites > 0 || data.length > piece ||
    data.length !== r.headersOut.contentLength || isPaced(r)) {
    return outputPart(r, { data: typeof data === 'string' ? Buffer.from(data, 'latin1') : data, file: null, last: true, flush: false })
  }
  if (data.length > 0) {
    r.bytesSent += data.length
    if (typeof data === 'string') c.engine.writer.text(c, data)
    else c.engine.writer.bytes(c, data)
  }
  r.outputDone = true
  return OK
}

/** For the tree of subrequests: passes a part whose turn has come through the rest of the main request's filters. */
export function passOn(main: Request, part: BodyPart): Answer {
  if (main.headerOnly) return OK
  const at = main.runningFilters === null ? -1 : main.runningFilters.findIndex((f) => f.late)
  return at < 0 ? writePart(main, part) : filterPart(main, part, at, true)
}

/** Starts a part through the filters, behind those that are still under way: a caller need not wait for the order to be kept. */
function throughFilters(r: Request, part: BodyPart): Answer {
  const { filtering } = r
  const rc = filtering === null ? passPart(r, part, 0, false)
    : filtering.then((v) => (v !== OK || r.outputDone ? v : passPart(r, part, 0, false)))
  if (typeof rc === 'number') return rc
  r.filtering = rc
  return rc.then((v) => {
    if (r.filtering === rc) r.filtering = null
    return v
  })
}

/** A part for the filters from one on; places of subrequests pass them by. */
function passPart(r: Request, part: BodyPart, from: number, late: boolean): Answer {
  if (part.pieces !== undefined) return eachPart(r, part.pieces, from, 0, late)
  return part.subrequest === undefined ? filterPart(r, part, from, late) : postpone(r, part)
}

/** `late`: the part is past the place where it waits for its turn among subrequests. */
function filterPart(r: Request, part: BodyPart, from: number, late: boolean): Answer {
  const running = r.runningFilters!
  let now: BodyPart = part
  for (let i = from; i < running.length; i++) {
    const f = running[i]!
    if (f.late && !late && r.nest !== null) return postpone(r, now)
    if (f.off) continue
    let out
    try {
      out = f.filter(r, now, f.state)
    } catch (error) {
      return filterFailed(r, f, error)
    }
    if (out === null) return OK
    if (typeof out === 'number') return filterRefuses(r, f, out)
    if (Array.isArray(out)) return eachPart(r, out, i + 1, 0, late)
    if ('next' in out) return eachMade(r, out, i + 1, late)
    if (out.pieces !== undefined) return eachPart(r, out.pieces, i + 1, 0, late)
    now = out
  }
  return late || r.nest === null ? writePart(r, now) : postpone(r, now)
}

/** A filter answers a status in place of the response: possible while its head is kept back, for the response without that filter. */
function filterRefuses(r: Request, f: RunningBodyFilter, status: Verdict): Verdict {
  if (status < 300) return ERROR
  if (takeBackHead(r, f)) return status
  r.log(Level.error, `body filter answered ${status} after the response header was sent`)
  return ERROR
}

/** A filter has thrown: logged; 500 while the head is kept back, else the response is cut. */
function filterFailed(r: Request, f: RunningBodyFilter, error: unknown): Verdict {
  takeBackHead(r, f)
  return r.handlerFailed(error)
}

/** Forgets a head that has not left, as ngx_http_filter_finalize_request does. With subrequests about there is no way back. */
function takeBackHead(r: Request, f: RunningBodyFilter): boolean {
  if (!r.headHeld || r.nest !== null) return false
  r.headHeld = r.headerSent = false
  r.errStatus = 0
  r.runningFilters = null
  r.headersOut.clear()
  ;(r.filters ??= new RequestFilters()).bar(f.definition)
  return true
}

function eachPart(r: Request, parts: BodyPart[], from: number, start: number, late: boolean): Answer {
  for (let i = start; i < parts.length; i++) {
    const rc = passPart(r, parts[i]!, from, late)
    if (typeof rc !== 'number') return rc.then((v) => (v === OK ? eachPart(r, parts, from, i + 1, late) : v))
    if (rc !== OK) return rc
  }
  return OK
}

/** Passes on what a source makes, part by part. */
function eachMade(r: Request, source: PartSource, from: number, late: boolean): Answer {
  for (;;) {
    let made
    try {
      made = source.next()
    } catch (error) {
      return filterFailed(r, r.runningFilters![from - 1]!, error)
    }
    if (made instanceof Promise) return laterMade(r, source, from, made, late)
    if (made === null) return OK
    if (typeof made === 'number') return filterRefuses(r, r.runningFilters![from - 1]!, made)
    const rc = passPart(r, made, from, late)
    if (typeof rc !== 'number') return rc.then((v) => (v === OK ? eachMade(r, source, from, late) : v))
    if (rc !== OK) return rc
  }
}

function laterMade(r: Request, source: PartSource, from: number, made: Promise<BodyPart | null | Verdict>, late: boolean): Promise<Verdict> {
  const { serial } = r
  const f = r.runningFilters![from - 1]!
  return made.then((part) => {
    // The request may have ended, and its object be another's, while the part was made.
    if (r.finished || r.serial !== serial) return ERROR
    if (part === null) return OK
    if (typeof part === 'number') return filterRefuses(r, f, part)
    const rc = passPart(r, part, from, late)
    if (typeof rc !== 'number') return rc.then((v) => (v === OK ? eachMade(r, source, from, late) : v))
    return rc === OK ? eachMade(r, source, from, late) : rc
  }).catch((error: unknown) => r.finished || r.serial !== serial ? ERROR : filterFailed(r, f, error))
}

import type { Answer, BodyFilter, Verdict } from '../module.ts'
import type { BodyPart, BoundBodyFilter, PartSource, RunningBodyFilter } from './response.ts'
import type { Request } from './request.ts'
import { read, readSync } from 'node:fs'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'
import { collectBody, collectedBody } from './buffered.ts'
import { RequestFilters } from './filters.ts'
import { releaseHead } from './headwriter.ts'
import { isPaced, writePaced } from './pace.ts'
import { postpone } from './postpone.ts'

/** Bytes of a body that are handed to the socket before waiting for the client to take them. */
const piece = 65536
/** File bytes read synchronously per response: page-cache reads are cheaper than a trip to the thread pool; beyond it, disks may be slow. */
const syncLimit = 2 * piece

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

/** Writes the response head to the connection's batch. */
export function writeHeadBytes(r: Request, head: string): Verdict {
  r.headerSize = head.length
  r.bytesSent += head.length
  r.connection.engine.writer.text(r.connection, head)
  return OK
}

/** Writes a response head that the writer keeps for `owner`; false when it keeps it no longer. */
export function writeKeptHead(r: Request, owner: object, slot: number, length: number): boolean {
  if (!r.connection.engine.writer.head(r.connection, owner, slot, length)) return false
  r.headerSize = length
  r.bytesSent += length
  return true
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

/** Frames one part and writes it; answers a promise while the client is slow. */
function writePart(r: Request, part: BodyPart): Answer {
  const length = part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
  if (r.headHeld) releaseHead(r, part.last && r.nest === null ? length : -1)
  const rc = length === 0 ? OK : part.data !== null ? writeData(r, part.data) : writeFile(r, part.file!)
  if (typeof rc !== 'number') return rc.then((v) => (v === OK ? endPart(r, part) : v))
  return rc === OK ? endPart(r, part) : rc
}

function endPart(r: Request, part: BodyPart): Answer {
  const c = r.connection
  if (part.last) {
    r.outputDone = true
    if (r.chunked) writeRaw(r, lastChunk(r))
    else if (r.headersOut.contentLength >= 0 && r.bodyBytesSent !== r.headersOut.contentLength && r.version >= 1000) {
      r.log(Level.error, `response body has ${r.bodyBytesSent} bytes, its Content-Length says ${r.headersOut.contentLength}`)
      r.keepalive = false
    }
  }
  if (part.flush) c.engine.writer.flush()
  else if (!c.engine.reading && !part.last) c.engine.flushSoon()
  return c.blockedWrites > 0 && !part.last ? c.drained() : OK
}

function lastChunk(r: Request): string {
  const { trailers } = r.headersOut
  let text = '0\r\n'
  for (let i = 0; i + 1 < trailers.length; i += 2) if (trailers[i + 1] !== '') text += `${trailers[i]}: ${trailers[i + 1]}\r\n`
  return text + '\r\n'
}

function writeRaw(r: Request, text: string): void {
  r.bytesSent += text.length
  r.connection.engine.writer.text(r.connection, text)
}

/** Bytes that still fit into the announced length: a module that sends more must not break the framing of the next response. */
function allowed(r: Request, length: number): number {
  const announced = r.headersOut.contentLength
  if (r.chunked || announced < 0) return length
  const left = announced - r.bodyBytesSent
  if (length <= left) return length
  r.log(Level.error, `response body is longer than its Content-Length of ${announced}, cut`)
  r.keepalive = false
  return Math.max(0, left)
}

function writeData(r: Request, data: Buffer): Answer {
  const length = allowed(r, data.length)
  const bytes = length === data.length ? data : data.subarray(0, length)
  if (r.chunked) writeRaw(r, `${length.toString(16)}\r\n`)
  const rc = isPaced(r) ? writePaced(r, bytes) : writePieces(r, bytes, 0)
  if (!r.chunked) return rc
  if (typeof rc !== 'number') return rc.then((v) => (writeRaw(r, '\r\n'), v))
  writeRaw(r, '\r\n')
  return rc
}

/** Writes a buffer piece by piece so that a slow client holds at most one piece of it in the socket's queue. */
function writePieces(r: Request, bytes: Buffer, from: number): Answer {
  const c = r.connection
  for (let at = from; at < bytes.length; at += piece) {
    if (c.blockedWrites > 0) return c.drained().then((v) => (v === OK ? writePieces(r, bytes, at) : v))
    const part = bytes.length - at <= piece && at === 0 ? bytes : bytes.subarray(at, at + piece)
    r.bytesSent += part.length
    c.engine.writer.bytes(c, part)
  }
  return OK
}

function writeFile(r: Request, range: { fd: number, start: number, end: number }): Answer {
  const length = allowed(r, range.end - range.start)
  if (r.chunked) writeRaw(r, `${length.toString(16)}\r\n`)
  const rc = isPaced(r) ? writePaced(r, { fd: range.fd, start: range.start, end: range.start + length })
    : filePieces(r, range.fd, range.start, range.start + length, 0)
  if (!r.chunked) return rc
  if (typeof rc !== 'number') return rc.then((v) => (writeRaw(r, '\r\n'), v))
  writeRaw(r, '\r\n')
  return rc
}

/** Sends file bytes: the first pieces read straight into the slab, later ones through the thread pool. */
function filePieces(r: Request, fd: number, from: number, end: number, done: number): Answer {
  const c = r.connection
  let at = from
  let sync = done
  while (at < end) {
    if (c.blockedWrites > 0) return c.drained().then((v) => (v === OK ? filePieces(r, fd, at, end, sync) : v))
    if (sync >= syncLimit) return asyncPiece(r, fd, at, end)
    const room = c.engine.writer.room(c, Math.min(piece, end - at))
    let n: number
    try {
      n = readSync(fd, room, 0, Math.min(room.length, end - at), at)
    } catch (error) {
      r.log(Level.crit, systemFailure('read()', error))
      return ERROR
    }
    if (n === 0) return shortFile(r)
    c.engine.writer.filled(n)
    r.bytesSent += n
    at += n
    sync += n
  }
  return OK
}

function asyncPiece(r: Request, fd: number, at: number, end: number): Promise<Verdict> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(piece, end - at))
  return new Promise<Verdict>((resolve) => {
    read(fd, buffer, 0, buffer.length, at, (error, n) => {
      // The file was closed with its request, possibly before this read began.
      if (r.finished) return resolve(ERROR)
      if (error !== null) {
        r.log(Level.crit, systemFailure('read()', error))
        return resolve(ERROR)
      }
      if (n === 0) return resolve(shortFile(r))
      r.bytesSent += n
      r.connection.engine.writer.bytes(r.connection, n === buffer.length ? buffer : buffer.subarray(0, n))
      r.connection.engine.writer.flush()
      resolve(filePieces(r, fd, at + n, end, syncLimit))
    })
  })
}

function shortFile(r: Request): Verdict {
  r.log(Level.alert, 'file was truncated while it was sent')
  r.keepalive = false
  return ERROR
}

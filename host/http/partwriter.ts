/** The last step of a response: framed bytes into the connection's batch, no more of them than the client takes. */
import type { Answer, Verdict } from '../module.ts'
import type { BodyPart } from './response.ts'
import type { Request } from './request.ts'
import { read, readSync } from 'node:fs'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'
import { releaseHead } from './headwriter.ts'
import { isPaced, writePaced } from './pace.ts'

/** Bytes of a body that are handed to the socket before waiting for the client to take them. */
export const piece = 65536
/** File bytes read synchronously per response: page-cache reads are cheaper than a trip to the thread pool; beyond it, disks may be slow. */
const syncLimit = 2 * piece

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

/** Frames one part and writes it; answers a promise while the client is slow. */
export function writePart(r: Request, part: BodyPart): Answer {
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

/**
 * Serves the file that the URI names. In the host because it reads files and hands them to the socket without a copy
 * (nginx.md §11).
 */
import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Answer, Module } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import { DECLINED, ERROR, OK, Phase } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { moduleOrder } from '../order.ts'
import { escapePath } from '../../expr/escape.ts'
import { linkFailure } from './symlinks.ts'
import { closeFile, failureText, fileFailure, fsPath, requestPath } from './files.ts'

/** Without O_NONBLOCK the thread would wait for a writer when the name is that of a FIFO. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK

/** Files up to this size are given to body filters as one buffer. */
const bufferLimit = 65536

/** GET, HEAD or POST of a name without a final slash: the file, 301 for a directory, or what is wrong with it. */
function staticHandler(r: Request): Answer {
  const { method, uri } = r
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return 405
  if (uri.charCodeAt(uri.length - 1) === 47) return DECLINED
  const path = requestPath(r)
  if (path === null) return 500
  const refused = r.location.disableSymlinks === 'off' ? null : linkFailure(r, path)
  if (refused !== null) return fileFailure(r, openCall(r), path, refused)
  let fd: number
  try {
    fd = openSync(fsPath(path), openFlags)
  } catch (error) {
    return fileFailure(r, openCall(r), path, error)
  }
  let stats: Stats
  try {
    stats = fstatSync(fd)
  } catch (error) {
    closeFile(fd)
    return fileFailure(r, 'fstat()', path, error)
  }
  if (stats.isFile() && method !== 'POST') return sendFile(r, path, fd, stats)
  closeSync(fd)
  if (stats.isDirectory()) return redirectToDirectory(r)
  if (stats.isFile()) return 405
  r.log(Level.crit, `"${path}" is not a regular file`)
  return 404
}

/** The system call that nginx would have made. */
function openCall(r: Request): string {
  return r.location.disableSymlinks === 'off' ? 'open()' : 'openat()'
}

function redirectToDirectory(r: Request): number {
  const location = escapePath(r.uri) + '/'
  r.headersOut.location = r.args === '' ? location : `${location}?${r.args}`
  return 301
}

/** Sends an open regular file as the answer and closes it, whatever happens; `path` is for the log. */
export function sendFile(r: Request, path: string, fd: number, stats: Stats): Answer {
  const { size } = stats
  const discarded = r.discardBody()
  if (discarded !== OK) {
    closeFile(fd)
    return discarded
  }
  r.action = 'sending response to client'
  const out = r.headersOut
  const modified = Math.floor(stats.mtimeMs / 1000)
  out.status = 200
  out.contentLength = size
  out.lastModified = modified
  if (r.location.etag) out.etag = entityTag(modified, size)
  if (out.contentType === '') out.contentType = r.location.contentType(r.extension)
  out.allowRanges = true
  const rc = r.sendHeader()
  if (rc === OK && r.headerOnly) {
    closeFile(fd)
    return r.outputEnd()
  }
  if (rc === OK) return sendBody(r, path, fd, size)
  if (typeof rc === 'number') {
    closeFile(fd)
    return rc
  }
  r.onEnd(() => closeFile(fd))
  return rc.then((v) => (v !== OK ? v : r.headerOnly ? r.outputEnd() : r.output(wholeFile(fd, size))))
}

function wholeFile(fd: number, size: number): BodyPart {
  return { data: null, file: size === 0 ? null : { fd, start: 0, end: size }, last: true, flush: false }
}

/** `"MTIME-SIZE"`, both in hexadecimal, as nginx makes it. */
function entityTag(modified: number, size: number): string {
  return `"${modified.toString(16)}-${size.toString(16)}"`
}

function sendBody(r: Request, path: string, fd: number, size: number): Answer {
  // Without filters the file goes from the page cache straight into the write buffer.
  if (r.runningFilters !== null && size <= bufferLimit) return sendBuffer(r, path, fd, size)
  const filtered = r.runningFilters !== null
  const rc = r.output(wholeFile(fd, size))
  // A filter may hold the file back; a promise is not settled when the client goes away.
  if (filtered || typeof rc !== 'number') r.onEnd(() => closeFile(fd))
  else closeFile(fd)
  return rc
}

function sendBuffer(r: Request, path: string, fd: number, size: number): Answer {
  const data = Buffer.allocUnsafe(size)
  let done = 0
  try {
    while (done < size) {
      const n = readSync(fd, data, done, size - done, done)
      if (n === 0) break
      done += n
    }
  } catch (error) {
    r.log(Level.crit, `read() "${path}" failed (${failureText(error)})`)
  }
  closeFile(fd)
  if (done === size) return r.output({ data, file: null, last: true, flush: false })
  r.log(Level.alert, `file "${path}" was truncated while it was sent`)
  return ERROR
}

/** The static module: the last handler of the content phase. */
export const staticModule: Module = {
  name: 'static',
  order: moduleOrder.static,
  phases: [{ phase: Phase.Content, handler: staticHandler }],
}

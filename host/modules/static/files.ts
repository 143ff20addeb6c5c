import type { Stats } from 'node:fs'
import { closeSync, statSync } from 'node:fs'
import type { Request } from '../../http/request.ts'
import { Level } from '../../core/log.ts'
import { errnoText } from '../../core/errors.ts'

const beyondAscii = /[^\x00-\x7f]/

/** A byte-string path for node:fs, which takes a string as text: bytes above 127 go as a Buffer. */
export function fsPath(path: string): string | Buffer {
  return beyondAscii.test(path) ? Buffer.from(path, 'latin1') : path
}

/** The code of a failed file operation; a NUL in the path, which no name can hold, counts as ENOENT. */
export function failureCode(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_INVALID_ARG_VALUE' ? 'ENOENT' : code ?? ''
}

/** ENOENT, ENOTDIR, ENAMETOOLONG: there is no such file. */
export function isMissing(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG'
}

/**
 * The file that the request's URI names, a byte string; null, and the reason in the log, when the URI was rewritten
 * inside a location with `alias`, whose prefix it then lacks: the answer is 500.
 */
export function requestPath(r: Request): string | null {
  if (r.location.alias !== 0 && !r.validLocation) {
    r.log(Level.alert, `"alias" cannot be used in location "${r.location.name}" where URI was rewritten`)
    return null
  }
  return r.mapToPath()
}

/** Logs a failed call as nginx does and returns the status: 404 (by log_not_found), 403, or 500. */
export function fileFailure(r: Request, call: string, path: string, error: unknown): number {
  const code = failureCode(error)
  const status = isMissing(code) ? 404 : code === 'EACCES' || code === 'EMLINK' || code === 'ELOOP' ? 403 : 500
  if (status !== 404 || r.location.logNotFound) {
    r.log(status === 500 ? Level.crit : Level.error, `${call} "${path}" failed (${failureText(error)})`)
  }
  return status
}

/** `2: No such file or directory`. */
export function failureText(error: unknown): string {
  const e = error as NodeJS.ErrnoException
  return e.code === 'ERR_INVALID_ARG_VALUE' ? '2: No such file or directory' : errnoText(e)
}

/** What stat(2) says: the facts, null for ENOENT and ENOTDIR, or the error of another failure. Links are followed. */
export function statFile(path: string): Stats | Error | null {
  try {
    return statSync(fsPath(path), { throwIfNoEntry: false }) ?? null
  } catch (error) {
    return failureCode(error) === 'ENOENT' ? null : error as Error
  }
}

/** Why stat(2) finds nothing there: `2: No such file or directory`, `20: Not a directory`. */
export function missingReason(path: string): string {
  try {
    statSync(fsPath(path))
  } catch (error) {
    return failureText(error)
  }
  return '2: No such file or directory'
}

/** Closes a file whose closing nobody waits for. */
export function closeFile(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // It can only be closed already; the answer has been sent.
  }
}

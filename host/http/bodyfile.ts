import type { Request } from './request.ts'
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'

let serial = 0

/** A request body in a temporary file under client_body_temp_path, readable by the server's user only. */
export class BodyFile {
  /** Absolute path; '' when the file could not be made. */
  path = ''
  private fd = -1

  constructor(r: Request) {
    const { name: path, levels } = r.location.clientBodyTempPath
    // Ten digits as nginx names them; the thread makes them unique in the process.
    const number = String((threadId + 1) * 100000000 + (++serial % 100000000)).padStart(10, '0')
    let directory = path
    let end = number.length
    for (const level of levels) {
      directory += '/' + number.slice(end - level, end)
      end -= level
    }
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      this.fd = openSync(`${directory}/${number}`, 'wx+', 0o600)
      this.path = `${directory}/${number}`
    } catch (error) {
      r.log(Level.crit, systemFailure(`open() "${directory}/${number}"`, error))
    }
  }

  /** Appends bytes; false when the file cannot be written (logged). */
  write(r: Request, bytes: Buffer, start: number, end: number): boolean {
    if (this.fd < 0) return false
    try {
      for (let at = start; at < end;) at += writeSync(this.fd, bytes, at, end - at)
      return true
    } catch (error) {
      r.log(Level.crit, systemFailure(`write() "${this.path}"`, error))
      return false
    }
  }

  /** Closes the file and removes it unless it is to be kept. */
  close(keep: boolean): void {
    if (this.fd >= 0) closeSync(this.fd)
    this.fd = -1
    if (!keep && this.path !== '') {
      try { unlinkSync(this.path) } catch { /* Somebody moved it away: theirs now. */ }
    }
  }
}

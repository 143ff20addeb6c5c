import type { Verdict } from '../module.ts'
import type { SizeValue } from './core/conf.ts'
import type { Request } from './request.ts'
import { read } from 'node:fs'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'
import { parseSize } from '../core/units.ts'

/** Bytes written at once, at most. */
const piece = 65536

/** Bytes of a body in memory or in a file. */
export type Source = Buffer | { readonly fd: number, readonly start: number, readonly end: number }

/** Whether the response is to be sent slowly: `limit_rate`, `$limit_rate` or X-Accel-Limit-Rate says so. */
export function isPaced(r: Request): boolean {
  return r.limitRate === undefined ? r.location.limitRate !== 0 : r.limitRate !== 0
}

function sizeOf(r: Request, value: SizeValue): number {
  if (typeof value === 'number') return value
  const text = value.evaluate(r)
  const size = parseSize(text)
  if (size === null) r.log(Level.error, `invalid size "${text}"`)
  return size ?? 0
}

/** Bytes per second, 0 for no limit; a rate that a variable gives is taken when the first bytes are sent, and stays. */
function rateOf(r: Request): number {
  return r.limitRate ??= sizeOf(r, r.location.limitRate)
}

/**
 * Writes a body no faster than its rate (ngx_http_write_filter): as many bytes as the seconds since the request began allow, the first
 * `limit_rate_after` bytes besides; then nothing is sent for as long as what was sent should have taken. Resolves when all is handed to the socket.
 */
export async function writePaced(r: Request, source: Source): Promise<Verdict> {
  const { serial, connection: c } = r
  const rate = rateOf(r)
  const after = sizeOf(r, r.location.limitRateAfter)
  const first = Math.floor(r.startTime / 1000)
  let at = 'fd' in source ? source.start : 0
  const end = 'fd' in source ? source.end : source.length
  while (at < end) {
    if (c.blockedWrites > 0 && await c.drained() !== OK) return ERROR
    if (r.finished || r.serial !== serial) return ERROR
    const now = Date.now()
    if (now < r.pausedUntil) {
      await sleep(r.pausedUntil - now)
      continue
    }
    const limit = rate === 0 ? piece : rate * (Math.floor(now / 1000) - first + 1) - (r.bytesSent - after)
    if (limit <= 0) {
      await sleep(-limit * 1000 / rate + 1)
      continue
    }
    const want = Math.min(limit, piece, end - at)
    const bytes = 'fd' in source ? await pieceOf(r, source.fd, at, want) : source.subarray(at, at + want)
    if (bytes === null || r.finished || r.serial !== serial) return ERROR
    const before = Math.max(0, r.bytesSent - after)
    r.bytesSent += bytes.length
    c.engine.writer.bytes(c, bytes)
    c.engine.writer.flush()
    at += bytes.length
    if (rate > 0) r.pausedUntil = now + Math.max(0, r.bytesSent - after - before) * 1000 / rate
  }
  return OK
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref() })
}

/** Some bytes of a file; null (logged) when it cannot be read or has become shorter. */
function pieceOf(r: Request, fd: number, at: number, length: number): Promise<Buffer | null> {
  const buffer = Buffer.allocUnsafeSlow(length)
  return new Promise((resolve) => {
    read(fd, buffer, 0, length, at, (error, n) => {
      if (error === null && n > 0) return resolve(buffer.subarray(0, n))
      if (!r.finished) {
        if (error === null) r.log(Level.alert, 'file was truncated while it was sent')
        else r.log(Level.crit, systemFailure('read()', error))
        r.keepalive = false
      }
      resolve(null)
    })
  })
}

import type { BodyFilter, Buffered, InputFilter, Verdict } from '../module.ts'
import type { BodyPart, InputPart, PartSource } from './response.ts'
import type { Request } from './request.ts'
import { readSync } from 'node:fs'
import { Level } from '../core/log.ts'

/** Bytes of a body that a filter which wants all of it has not got yet. */
class Collected<F> {
  readonly filter: F
  /** The filter's own. */
  readonly state: unknown
  readonly limits: Buffered
  /** For messages. */
  readonly module: string
  parts: Buffer[] = []
  size = 0
  /** The body is too long: it goes on without the filter. */
  passing = false

  constructor(filter: F, state: unknown, limits: Buffered, module: string) {
    this.filter = filter
    this.state = state
    this.limits = limits
    this.module = module
  }

  add(bytes: Buffer): void {
    this.parts.push(bytes)
    this.size += bytes.length
  }

  /** All of it, once. */
  take(): Buffer {
    const { parts } = this
    this.parts = []
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** Whether so many bytes more are too many; that is logged when the body is refused for it. */
  tooLong(r: Request, length: number, what: string): boolean {
    const { limit, over } = this.limits
    if (this.size + length <= limit) return false
    r.log(over === 'pass' ? Level.info : Level.error, `${what} body is longer than the ${limit} bytes that a filter of "${this.module}" takes` +
      (over === 'pass' ? ', it is not filtered' : ''))
    return true
  }
}

export type CollectedBody = Collected<BodyFilter>
export type CollectedInput = Collected<InputFilter>

/** What collects a response body for `filter`; its state is to be given to `collectBody`. */
export function collectedBody(filter: BodyFilter, state: unknown, limits: Buffered, module: string): CollectedBody {
  return new Collected(filter, state, limits, module)
}

/** The same for a request body and `collectInput`. */
export function collectedInput(filter: InputFilter, state: unknown, limits: Buffered, module: string): CollectedInput {
  return new Collected(filter, state, limits, module)
}

/** A body filter that keeps the parts up to the limit and gives them to the filter as one; a flush on the way has no effect. */
export function collectBody(r: Request, part: BodyPart, c: CollectedBody): BodyPart | BodyPart[] | PartSource | null | Verdict {
  if (c.passing) return part
  const length = part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
  if (c.tooLong(r, length, 'response')) {
    const { over } = c.limits
    if (over !== 'pass') {
      c.parts = []
      return over
    }
    c.passing = true
    const kept = c.parts.map((data): BodyPart => ({ data, file: null, last: false, flush: false }))
    c.parts = []
    return [...kept, part]
  }
  if (length > 0) c.add(part.data ?? readRange(r, part.file!))
  if (!part.last) return null
  return c.filter.filter(r, { data: c.take(), file: null, last: true, flush: part.flush }, c.state)
}

/** Bytes of a file that fit a filter's limit. */
function readRange(r: Request, range: { readonly fd: number, readonly start: number, readonly end: number }): Buffer {
  // The file is open as long as its request.
  if (r.finished) throw new Error('the request is over')
  const bytes = Buffer.allocUnsafe(range.end - range.start)
  for (let have = 0; have < bytes.length;) {
    const n = readSync(range.fd, bytes, have, bytes.length - have, range.start + have)
    if (n === 0) throw new Error('file was truncated while it was sent')
    have += n
  }
  return bytes
}

/** An input filter that does the same with a request body; too long a one may go on in one part. */
export function collectInput(r: Request, part: InputPart, c: CollectedInput): InputPart | null | Verdict | Promise<InputPart | null | Verdict> {
  if (c.passing) return part
  const length = part.data === null ? 0 : part.data.length
  if (c.tooLong(r, length, 'request')) {
    const { over } = c.limits
    if (over !== 'pass') {
      c.parts = []
      return over
    }
    c.passing = true
    if (part.data !== null) c.parts.push(part.data)
    return { data: c.take(), last: part.last }
  }
  if (length > 0) c.add(part.data!)
  return part.last ? c.filter.filter(r, { data: c.take(), last: true }, c.state) : null
}

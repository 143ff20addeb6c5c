import type { BodyFilter, HeaderFilter, InputFilter, Verdict } from '../module.ts'
import type { Request } from './request.ts'

/** A stretch of an open file: bytes `start` up to `end` (exclusive). The connection reads it as the client takes it and never closes it. */
export interface FileRange {
  readonly fd: number
  readonly start: number
  readonly end: number
}

/**
 * One part of a response body on its way through the filters. `data` and `file` may both be null in a part that only carries flags.
 * `data` belongs to the response from here on: nobody may change it.
 */
export interface BodyPart {
  data: Buffer | null
  file: FileRange | null
  /** The last part of the response. */
  last: boolean
  /** Send what is held so far without waiting for more. */
  flush: boolean
  /** The part is the place of a subrequest (`placeOf`); it passes the filters by. */
  subrequest?: Request
  /** What stands for the part, one after the other, some of it places of subrequests; of the part itself nothing counts then. In what a body filter returns. */
  pieces?: BodyPart[]
}

/** One part of a request body on its way through the input filters. `data` is the request's own; null in a part that only says that it is the last. */
export interface InputPart {
  readonly data: Buffer | null
  readonly last: boolean
}

/**
 * Parts that a body filter makes one after the other: each is asked for when the one before was handed to the client's socket and there is room for
 * more. `next` answers null behind the last; what it throws or rejects with ends the response and is logged; a status as a filter's answer.
 */
export interface PartSource {
  next(): BodyPart | null | Verdict | Promise<BodyPart | null | Verdict>
}

/** A body filter at work on one response. */
export interface RunningBodyFilter {
  readonly filter: BodyFilter['filter']
  readonly state: unknown
  /** It stands behind nginx's postpone filter: sees the response with its subrequests. */
  readonly late: boolean
  readonly type: number
  readonly definition: BodyFilter
  /** It has removed itself: the rest goes by. */
  off: boolean
}

/** A body filter of a location with the conf it is called with. */
export interface BoundBodyFilter {
  readonly filter: BodyFilter
  readonly conf: unknown
  readonly late: boolean
  readonly type: number
  /** Name of its module, for messages. */
  readonly module: string
}

/** An input filter of a location. */
export interface BoundInputFilter {
  readonly filter: InputFilter
  readonly conf: unknown
  readonly type: number
  readonly module: string
}

/** A header filter of a location with the conf it is called with. */
export interface BoundHeaderFilter {
  readonly filter: HeaderFilter['filter']
  readonly conf: unknown
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const knownTokens = new Set<string>()

/** Whether a name may stand before the colon; names repeat, so the answer is remembered (in a bounded set). */
function isToken(name: string): boolean {
  if (knownTokens.has(name)) return true
  if (!token.test(name)) return false
  if (knownTokens.size < 1024) knownTokens.add(name)
  return true
}

const lineBreak = /[\r\n\0]/

/**
 * A field value that cannot end its line: CR, LF and NUL become spaces (RFC 9110 §5.5). This is where a decoded URI in a Location or a header
 * cannot split the response.
 */
export function safeValue(value: string): string {
  return lineBreak.test(value) ? value.replace(/[\r\n\0]/g, ' ') : value
}

/**
 * The response head under construction (ngx_http_headers_out_t). Names keep the case they are given; values are byte strings.
 * The dedicated fields are written in nginx's order (nginx.md §6.5) before the list.
 */
export class ResponseHeaders {
  /** 0 until somebody decides. */
  status = 0
  /** Reason phrase that overrides nginx's text for the status; null: nginx's. */
  reason: string | null = null
  /** Without parameters; '' writes no Content-Type. */
  contentType = ''
  charset = ''
  /** Body length in bytes, −1 when unknown (chunked or until close). */
  contentLength = -1
  /** Seconds since the epoch, −1 for none. */
  lastModified = -1
  /** As given by a module; made absolute when written (absolute_redirect). '' for none. */
  location = ''
  /** With its quotes; '' for none. */
  etag = ''
  /** Content-Encoding value, '' for none. */
  contentEncoding = ''
  /** Overrides the Server line; null: vespid's own. */
  server: string | null = null
  /** Makes the head's text in the place of the server's own layout, once the body's framing is decided; null: the server's. */
  write: ((r: Request) => string) | null = null
  /** Overrides the Date line; null: now. */
  date: string | null = null
  /** The body may be cut to ranges. */
  allowRanges = false
  /** Every other header, in order: parallel arrays, `count` valid entries. */
  readonly names: string[] = []
  readonly values: string[] = []
  count = 0
  /** Trailers, in order: name, value, name, value …; sent with chunked bodies only. */
  readonly trailers: string[] = []

  /** Back to the state of a new response; keeps the arrays. */
  reset(): void {
    this.status = 0
    this.reason = null
    this.clear()
  }

  /** Forgets every header but keeps the status (used before an error page). */
  clear(): void {
    this.contentType = ''
    this.charset = ''
    this.contentLength = -1
    this.lastModified = -1
    this.location = ''
    this.etag = ''
    this.contentEncoding = ''
    this.server = null
    this.date = null
    this.write = null
    this.allowRanges = false
    this.count = 0
    if (this.names.length > 64) this.names.length = this.values.length = 64
    if (this.trailers.length > 0) this.trailers.length = 0
  }

  /** Makes the entity tag weak, because a filter changes the body; one that is no tag goes (ngx_http_weak_etag). */
  weakenEtag(): void {
    if (this.etag.startsWith('W/')) return
    this.etag = this.etag.startsWith('"') ? `W/${this.etag}` : ''
  }

  /** Adds a line to the list, after those of the same name. A name that is no token is not added and answered false. */
  add(name: string, value: string): boolean {
    if (!isToken(name)) return false
    this.append(name, value)
    return true
  }

  /** Adds a line whose name is known to be a token. */
  append(name: string, value: string): void {
    this.names[this.count] = name
    // Made safe when the head is written: a head that is the same as the last one is copied and costs no check.
    this.values[this.count] = value
    this.count++
  }

  /**
   * Gives a trailer its value: announced with '' before the head is written, so that the body is sent in chunks, and set at its end. One that is
   * '' then is not sent. A name that was announced several times gets its values in turn. The name must be a token.
   */
  trailer(name: string, value: string): void {
    const { trailers } = this
    if (value !== '') {
      for (let i = 0; i + 1 < trailers.length; i += 2) {
        if (trailers[i + 1] !== '' || trailers[i] !== name) continue
        trailers[i + 1] = safeValue(value)
        return
      }
    }
    if (trailers.length < 256) trailers.push(name, safeValue(value))
  }

  /** The first value of a listed or dedicated header by lower-case name, or null. */
  get(lower: string): string | null {
    const own = this.dedicated(lower)
    if (own !== null) return own === '' ? null : own
    for (let i = 0; i < this.count; i++) if (this.names[i]!.toLowerCase() === lower) return this.values[i]!
    return null
  }

  /** Replaces every line of that name by one with this value; '' removes. Dedicated fields are recognised in any case; false as `add`. */
  set(name: string, value: string): boolean {
    const lower = name.toLowerCase()
    if (this.assign(lower, value)) return true
    this.remove(lower)
    return value === '' || this.add(name, value)
  }

  /** Removes every line of that lower-case name; returns how many there were. */
  remove(lower: string): number {
    if (this.dedicated(lower) !== null) {
      const was = this.dedicated(lower) === '' ? 0 : 1
      this.assign(lower, '')
      return was
    }
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      if (this.names[i]!.toLowerCase() === lower) continue
      this.names[kept] = this.names[i]!
      this.values[kept] = this.values[i]!
      kept++
    }
    const removed = this.count - kept
    this.count = kept
    return removed
  }

  /** The value of a header that has a field of its own ('' when unset), or null when it has none. */
  private dedicated(lower: string): string | null {
    switch (lower) {
      case 'content-type': return this.charset === '' || this.contentType === '' ? this.contentType : `${this.contentType}; charset=${this.charset}`
      case 'content-length': return this.contentLength < 0 ? '' : String(this.contentLength)
      case 'last-modified': return this.lastModified < 0 ? '' : new Date(this.lastModified * 1000).toUTCString()
      case 'location': return this.location
      case 'etag': return this.etag
      case 'content-encoding': return this.contentEncoding
      case 'server': return this.server ?? ''
      case 'date': return this.date ?? ''
      default: return null
    }
  }

  /** Writes a dedicated field from its text; returns false when the name has no field. An unparsable number or date unsets the field. */
  private assign(lower: string, value: string): boolean {
    switch (lower) {
      case 'content-type': this.contentType = value; this.charset = ''; return true
      case 'content-length': this.contentLength = /^\d{1,15}$/.test(value) ? Number(value) : -1; return true
      case 'last-modified': {
        const time = Date.parse(value)
        this.lastModified = Number.isNaN(time) ? -1 : Math.floor(time / 1000)
        return true
      }
      case 'location': this.location = value; return true
      case 'etag': this.etag = value; return true
      case 'content-encoding': this.contentEncoding = value; return true
      case 'server': this.server = value === '' ? null : value; return true
      case 'date': this.date = value === '' ? null : value; return true
      default: return false
    }
  }
}

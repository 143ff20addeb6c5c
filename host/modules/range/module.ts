/**
 * Ranges (RFC 9110 §14, nginx.md §6.6): a header filter that turns a 200 of known length into 206 or 416, and a body
 * filter that cuts. In the host because ranges of files are cut without reading them.
 */
import type { Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import type { Range } from './ranges.ts'
import { randomInt } from 'node:crypto'
import { OK } from '../../module.ts'
import { parseHttpTime } from '../../core/httpdate.ts'
import { H_IF_RANGE, H_RANGE } from '../../http/framing/table.ts'
import { moduleOrder } from '../order.ts'
import { RangeCutter } from './cutter.ts'
import { isByteRange, parseRanges } from './ranges.ts'

/** Conf of both modules: where the request keeps what the header filter decided. */
interface RangeConf { readonly index: number }

/** The ranges to send and the text before each (its Content-Range is appended). */
interface RangeState {
  readonly length: number
  readonly ranges: readonly Range[]
  readonly partHead: string
  readonly end: string
}

/** Decides about ranges and says in the head what was decided. */
function rangeHeaderFilter(r: Request, conf: RangeConf): Verdict {
  const out = r.headersOut
  if (!out.allowRanges) return OK
  if (out.status !== 200 || out.contentLength < 0 || r.version < 1000 || r.parent !== null) return OK
  const limit = r.location.maxRanges
  if (limit === 0) return OK
  const header = r.head.known(H_RANGE)
  if (header !== null && isByteRange(header) && ifRange(r)) {
    const ranges = parseRanges(header, out.contentLength, limit)
    if (ranges === 'unsatisfiable') {
      out.add('Content-Range', `bytes */${out.contentLength}`)
      out.contentLength = -1
      out.allowRanges = false
      return 416
    }
    if (ranges !== 'ignore') {
      if (ranges.length === 1) single(r, conf, ranges[0]!)
      else multiple(r, conf, ranges)
      return OK
    }
  }
  out.add('Accept-Ranges', 'bytes')
  return OK
}

/**
 * If-Range: the Range header counts when there is none, or when it names what would be sent (strong tag, or the exact
 * date).
 */
function ifRange(r: Request): boolean {
  const condition = r.head.known(H_IF_RANGE)
  if (condition === null) return true
  const { etag, lastModified } = r.headersOut
  if (condition.length >= 2 && condition.endsWith('"')) return etag !== '' && condition === etag
  return lastModified >= 0 && parseHttpTime(condition) === lastModified
}

function single(r: Request, conf: RangeConf, range: Range): void {
  const out = r.headersOut
  r.ctx[conf.index] = { length: out.contentLength, ranges: [range], partHead: '', end: '' } satisfies RangeState
  out.status = 206
  out.reason = null
  out.add('Content-Range', `bytes ${range.start}-${range.end - 1}/${out.contentLength}`)
  out.contentLength = range.end - range.start
}

function multiple(r: Request, conf: RangeConf, ranges: readonly Range[]): void {
  const out = r.headersOut
  const boundary = String(randomInt(2 ** 47)).padStart(20, '0')
  const type = out.get('content-type')
  const partHead = `\r\n--${boundary}\r\n${type === null ? '' : `Content-Type: ${type}\r\n`}Content-Range: bytes `
  const end = `\r\n--${boundary}--\r\n`
  const length = out.contentLength
  let total = end.length
  for (const range of ranges) total += rangeHead(partHead, range, length).length + range.end - range.start
  r.ctx[conf.index] = { length, ranges, partHead, end } satisfies RangeState
  out.status = 206
  out.reason = null
  out.contentType = `multipart/byteranges; boundary=${boundary}`
  out.charset = ''
  out.contentLength = total
}

function rangeHead(partHead: string, { start, end }: Range, length: number): string {
  return `${partHead}${start}-${end - 1}/${length}\r\n\r\n`
}

/** Starts to cut when the header filter has decided so. */
function startRanges(r: Request, conf: RangeConf): RangeCutter | null {
  const state = r.ctx[conf.index] as RangeState | undefined
  if (state === undefined || r.headersOut.status !== 206) return null
  const { ranges, partHead, length, end } = state
  const heads = partHead === '' ? null : ranges.map((range) => rangeHead(partHead, range, length))
  return new RangeCutter(ranges, heads, end)
}

function rangeBodyFilter(_r: Request, part: BodyPart, cutter: RangeCutter): BodyPart[] | null {
  return cutter.cut(part)
}

/** The range header filter: the last of the header filters. */
export const rangeHeaderModule: Module = {
  name: 'range_header',
  order: moduleOrder.range_header,
  createLocConf: (cf: Cf): RangeConf => ({ index: cf.cycle.indexOf(rangeHeaderModule) }),
  headerFilters: [{ filter: rangeHeaderFilter }],
}

/** The range body filter: before every other body filter. */
export const rangeBodyModule: Module = {
  name: 'range_body',
  order: moduleOrder.range_body,
  createLocConf: (cf: Cf): RangeConf => ({ index: cf.cycle.indexOf(rangeHeaderModule) }),
  bodyFilters: [{ start: startRanges, filter: rangeBodyFilter }],
}

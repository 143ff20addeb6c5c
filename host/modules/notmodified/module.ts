/**
 * Conditional requests: 304 and 412 (RFC 9110 §13, nginx.md §6.6). In the host because the headers that it asks for are
 * in the parser's table, and every answer with status 200 passes here.
 */
import type { Module, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import { OK } from '../../module.ts'
import { parseHttpTime } from '../../core/httpdate.ts'
import { H_IF_MATCH, H_IF_MODIFIED_SINCE, H_IF_NONE_MATCH, H_IF_UNMODIFIED_SINCE } from '../../http/framing/table.ts'
import { moduleOrder } from '../order.ts'

/**
 * Answers 412 when a precondition fails, turns a 200 into 304 when every condition that is there says that the client
 * has it.
 */
function notModifiedFilter(r: Request): Verdict {
  const out = r.headersOut
  if (out.status !== 200 || r.parent !== null) return OK
  const { head } = r
  if (!head.conditional) return OK
  const { lastModified } = out
  const unmodifiedSince = head.known(H_IF_UNMODIFIED_SINCE)
  if (unmodifiedSince !== null && (lastModified < 0 || parseHttpTime(unmodifiedSince) < lastModified)) return 412
  const match = head.known(H_IF_MATCH)
  if (match !== null && !matches(match, out.etag, false)) return 412
  const modifiedSince = head.known(H_IF_MODIFIED_SINCE)
  const noneMatch = head.known(H_IF_NONE_MATCH)
  if (modifiedSince === null && noneMatch === null) return OK
  if (modifiedSince !== null && isModified(r, modifiedSince)) return OK
  if (noneMatch !== null && !matches(noneMatch, out.etag, true)) return OK
  out.status = 304
  out.reason = null
  out.contentType = out.contentEncoding = ''
  out.contentLength = -1
  out.allowRanges = false
  out.remove('accept-ranges')
  return OK
}

function isModified(r: Request, since: string): boolean {
  const { lastModified } = r.headersOut
  const rule = r.location.ifModifiedSince
  if (lastModified < 0 || rule === 'off') return true
  const time = parseHttpTime(since)
  if (time === lastModified) return false
  return rule === 'exact' || time < lastModified
}

/** Whether a list of entity tags holds `etag`, or is `*`. Weak comparison leaves `W/` out of account on both sides. */
export function matches(list: string, etag: string, weak: boolean): boolean {
  if (list === '*') return true
  if (etag === '') return false
  const tag = weak && etag.length > 2 && etag.startsWith('W/') ? etag.slice(2) : etag
  let i = 0
  while (i < list.length) {
    if (weak && list.length - i > 2 && list.startsWith('W/', i)) i += 2
    if (tag.length > list.length - i) return false
    if (list.startsWith(tag, i)) {
      i = skip(list, i + tag.length, ' \t')
      if (i === list.length || list[i] === ',') return true
    }
    const comma = list.indexOf(',', i)
    if (comma < 0) return false
    i = skip(list, comma, ' \t,')
  }
  return false
}

function skip(text: string, i: number, what: string): number {
  while (i < text.length && what.includes(text[i]!)) i++
  return i
}

/** The not_modified module: the first of the header filters. */
export const notModifiedModule: Module = {
  name: 'not_modified',
  order: moduleOrder.not_modified,
  headerFilters: [{ filter: notModifiedFilter }],
}

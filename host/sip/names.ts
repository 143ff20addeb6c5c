/** Header names that parts of the server know, and their short forms (RFC 3261 §7.3.3 and IANA's registry). */
import { sameAt } from './scan.ts'

export const H_VIA = 1
export const H_FROM = 2
export const H_TO = 3
export const H_CALL_ID = 4
export const H_CSEQ = 5
export const H_CONTACT = 6
export const H_RECORD_ROUTE = 7
export const H_REFER_TO = 8
export const H_RPID = 9
export const H_EVENT = 10
export const H_EXPIRES = 11
export const H_MAX_FORWARDS = 12
export const H_CONTENT_TYPE = 13
export const H_CONTENT_LENGTH = 14
export const H_SUBJECT = 15
export const H_ORGANIZATION = 16
export const H_PRIORITY = 17
export const H_SESSION_EXPIRES = 18
export const H_MIN_SE = 19
export const H_USER_AGENT = 20
export const H_SIP_IF_MATCH = 21
export const H_DATE = 22
export const H_IDENTITY = 23
export const H_IDENTITY_INFO = 24
export const H_AUTHORIZATION = 25
export const H_PROXY_AUTHORIZATION = 26
export const H_ROUTE = 27
export const H_SUPPORTED = 28
export const H_CONTENT_ENCODING = 29
export const H_REFERRED_BY = 30
export const H_ALLOW_EVENTS = 31
export const H_ACCEPT_CONTACT = 32
export const H_REQUEST_DISPOSITION = 33
export const H_REJECT_CONTACT = 34
/** One more than the highest id. */
export const H_COUNT = 35

/** Names by id, lower case. */
export const sipHeaderNames: readonly string[] = [
  '', 'via', 'from', 'to', 'call-id', 'cseq', 'contact', 'record-route', 'refer-to', 'remote-party-id', 'event', 'expires',
  'max-forwards', 'content-type', 'content-length', 'subject', 'organization', 'priority', 'session-expires', 'min-se', 'user-agent',
  'sip-if-match', 'date', 'identity', 'identity-info', 'authorization', 'proxy-authorization', 'route', 'supported',
  'content-encoding', 'referred-by', 'allow-events', 'accept-contact', 'request-disposition', 'reject-contact',
]

const compact: Record<string, number> = {
  v: H_VIA, f: H_FROM, t: H_TO, i: H_CALL_ID, m: H_CONTACT, r: H_REFER_TO, o: H_EVENT, c: H_CONTENT_TYPE, l: H_CONTENT_LENGTH,
  s: H_SUBJECT, x: H_SESSION_EXPIRES, y: H_IDENTITY, n: H_IDENTITY_INFO, k: H_SUPPORTED, e: H_CONTENT_ENCODING, b: H_REFERRED_BY,
  u: H_ALLOW_EVENTS, a: H_ACCEPT_CONTACT, d: H_REQUEST_DISPOSITION, j: H_REJECT_CONTACT,
}

const ids = new Map<string, number>(sipHeaderNames.map((name, id): [string, number] => [name, id]))
ids.delete('')
/** The id of a header name in lower case, 0 when it has none; without its short form. */
export function headerId(lower: string): number {
  return ids.get(lower) ?? 0
}

/** As `headerId`, for names in SIP messages: short forms count. */
export function sipHeaderId(lower: string): number {
  return lower.length === 1 ? compact[lower] ?? 0 : headerId(lower)
}

/** Ids of the names of a length. */
const byLength: (readonly number[] | undefined)[] = []
for (const [id, name] of sipHeaderNames.entries()) if (id > 0) byLength[name.length] = [...byLength[name.length] ?? [], id]
/** Ids of the short forms by character code. */
const byLetter: readonly number[] = Array.from({ length: 128 }, (_, code) => compact[String.fromCharCode(code).toLowerCase()] ?? 0)

/** The id of the name in `text[start…end)` of a SIP message, whatever its case. */
export function sipHeaderIdAt(text: string, start: number, end: number): number {
  const length = end - start
  if (length === 1) return byLetter[text.charCodeAt(start)] ?? 0
  const candidates = byLength[length]
  if (candidates === undefined) return 0
  for (let i = 0; i < candidates.length; i++) {
    const id = candidates[i]!
    if (sameAt(text, start, sipHeaderNames[id]!)) return id
  }
  return 0
}

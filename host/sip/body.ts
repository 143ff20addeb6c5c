import { parameterValue } from './params.ts'
import { lowerAscii, sameAt, skipSpace, trimmed } from './scan.ts'

/** The media type of a Content-Type value in lower case, without parameters and white space. */
export function mediaType(value: string): string {
  const semicolon = value.indexOf(';')
  return lowerAscii(trimmed(value, 0, semicolon < 0 ? value.length : semicolon))
}

/** The application/sdp body, or the first such part of a multipart body; null for none. */
export function sdpOf(contentType: string | null, body: string): string | null {
  if (contentType === null || body === '') return null
  const type = mediaType(contentType)
  if (type === 'application/sdp') return body
  return type.startsWith('multipart/') ? sdpPart(contentType, body) : null
}

function sdpPart(contentType: string, body: string): string | null {
  const boundary = parameterValue(contentType.slice(contentType.indexOf(';') + 1), 'boundary')
  if (typeof boundary !== 'string' || boundary === '' || boundary.length > 70) return null
  const mark = `--${boundary}`
  let at = body.indexOf(mark)
  while (at >= 0) {
    const start = body.indexOf('\n', at + mark.length)
    if (start < 0 || body.startsWith('--', at + mark.length)) return null
    const next = body.indexOf(mark, start)
    const end = next < 0 ? body.length : lineBefore(body, start, next)
    const content = partContent(body, start + 1, end)
    if (content !== null) return content
    at = next
  }
  return null
}

/** The line end in front of a boundary belongs to the boundary (RFC 2046 §5.1.1). */
function lineBefore(body: string, start: number, at: number): number {
  if (at - 1 > start && body.charCodeAt(at - 1) === 10) at--
  if (at - 1 > start && body.charCodeAt(at - 1) === 13) at--
  return at
}

/** What stands behind the part's headers when one of them says application/sdp. */
function partContent(body: string, at: number, end: number): string | null {
  let sdp = false
  while (at < end) {
    let line = body.indexOf('\n', at)
    if (line < 0 || line > end) line = end
    const text = trimmed(body, at, line)
    if (text === '') return sdp ? body.slice(line + 1, end) : null
    if (text.length > 13 && sameAt(text, 0, 'content-type')) {
      const colon = text.indexOf(':')
      if (colon > 0) sdp = mediaType(text.slice(colon + 1)) === 'application/sdp'
    }
    at = line + 1
  }
  return null
}

/**
 * The value of the first SDP line with that letter; undefined (cannot be evaluated) when there is none or it is empty, as in Kamailio. The last
 * line needs no line end (RFC 8866 §5).
 */
export function sdpLine(sdp: string, letter: number): string | undefined {
  let at = 0
  while (at < sdp.length) {
    let end = sdp.indexOf('\n', at)
    if (end < 0) end = sdp.length
    if (sdp.charCodeAt(at) === letter && sdp.charCodeAt(at + 1) === 61) {
      const value = trimmed(sdp, at + 2, end)
      return value === '' ? undefined : value
    }
    at = end + 1
  }
  return undefined
}

/** Number and method of a CSeq value, as written; null when it is no number and a method. */
export function parseCSeq(value: string): { readonly number: string, readonly method: string } | null {
  let end = 0
  while (end < value.length && value.charCodeAt(end) >= 48 && value.charCodeAt(end) <= 57) end++
  const at = skipSpace(value, end, value.length)
  if (end === 0 || at === end) return null
  const method = value.slice(at)
  for (let i = 0; i < method.length; i++) if (method.charCodeAt(i) <= 32) return null
  return method === '' ? null : { number: value.slice(0, end), method }
}

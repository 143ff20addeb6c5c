/** Answers to requests, built of their bytes (RFC 3261 §8.2.6). */
import type { SipMessage } from './sipmessage.ts'
import type { Via } from './via.ts'
import { H_CALL_ID, H_CSEQ, H_FROM, H_RECORD_ROUTE, H_TO, H_VIA } from './names.ts'
import { unbracketed } from './listens.ts'

/** Where the peer of a message is. */
export interface Source { readonly address: string, readonly port: number }

/**
 * The text of the topmost Via with `received` and `rport` as RFC 3261 §18.2.1 and RFC 3581 want them; `force` treats it as if it had asked for rport
 * (force_rport). What the client itself wrote there is replaced.
 */
export function markedVia(text: string, via: Via, source: Source, force: boolean): string {
  const rport = via.param('rport')
  const asked = force || rport !== null
  const named = via.param('received') !== null
  if (!asked && !named && unbracketed(via.host) === source.address) return text
  if (named) text = text.replace(/\s*;\s*received\s*(?:=\s*[^;,\s]*)?/gi, '')
  if (!asked) return unbracketed(via.host) === source.address ? text : `${text};received=${source.address}`
  if (rport === '') {
    // Nearly all that ask do so in this form.
    const at = text.indexOf(';rport')
    const next = text.charCodeAt(at + 6)
    if (at >= 0 && (next === 59 || at + 6 === text.length)) return `${text.slice(0, at)};rport=${source.port}${text.slice(at + 6)};received=${source.address}`
  }
  const written = text.replace(/(;\s*rport)(?:\s*=\s*[^;,\s]*)?(?=\s*(?:;|$))/i, `$1=${source.port}`)
  return `${written === text && !/;\s*rport=/i.test(text) ? `${text};rport=${source.port}` : written};received=${source.address}`
}

/** What a reply is made of besides its request. */
export interface Reply {
  readonly code: number
  readonly reason: string
  /** `Name: value\r\n` lines. */
  readonly headers: string
  /** '' for none. */
  readonly contentType: string
  readonly body: string
  /** Goes into To where that has none; '' for none (100 Trying). */
  readonly tag: string
  /** The `Server` value, '' for no such line. */
  readonly server: string
}

/** The bytes of a reply. `via` is the topmost Via as `markedVia` made it. */
export function replyText(m: SipMessage, via: string, { code, reason, headers, contentType, body, tag, server }: Reply): string {
  let text = `SIP/2.0 ${code} ${reason}\r\n`
  let first = true
  for (let i = 0, n = m.count; i < n; i++) {
    switch (m.id(i)) {
      case H_VIA: {
        const value = m.value(i)
        text += `Via: ${first ? via + value.slice(m.parsed.viaText(0).length) : value}\r\n`
        first = false
        break
      }
      case H_TO: {
        const value = m.value(i)
        text += tag === '' || (m.parsed.address(H_TO)?.param('tag') ?? null) !== null ? `To: ${value}\r\n` : `To: ${value};tag=${tag}\r\n`
        break
      }
      case H_FROM: text += `From: ${m.value(i)}\r\n`; break
      case H_CALL_ID: text += `Call-ID: ${m.value(i)}\r\n`; break
      case H_CSEQ: text += `CSeq: ${m.value(i)}\r\n`; break
      // A dialog that the answer makes goes through the same proxies (RFC 3261 §12.1.1).
      case H_RECORD_ROUTE: if (code >= 180 && code < 300) text += `Record-Route: ${m.value(i)}\r\n`; break
      default:
    }
  }
  text += headers
  if (server !== '') text += `Server: ${server}\r\n`
  if (body !== '' && contentType !== '') text += `Content-Type: ${contentType}\r\n`
  return `${text}Content-Length: ${body.length}\r\n\r\n${body}`
}

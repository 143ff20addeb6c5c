import type { SipMessage } from './sipmessage.ts'
import { H_CALL_ID, H_FROM, H_TO, H_VIA } from './names.ts'

/** What is wrong with a message so that nobody can answer it, or null (RFC 3261 §8.1.1; Kamailio drops the same). */
export function faultOf(message: SipMessage): string | null {
  if (message.isRequest) {
    if (message.version !== 'SIP/2.0' && message.version.toUpperCase() !== 'SIP/2.0') return 'a version that is not SIP/2.0'
  } else if (!message.isResponse) return 'no SIP message'
  if (!message.complete) return 'headers without an end'
  const { parsed } = message
  const via = parsed.via(0)
  if (via === null || (via.protocol !== 'SIP' && via.protocol.toUpperCase() !== 'SIP')) return 'no Via'
  if ((via.port.length > 4 && Number(via.port) > 65535) || !message.value(parsed.line(H_VIA)).startsWith(parsed.viaText(0))) return 'a bad Via'
  if (parsed.header(H_CALL_ID) === null) return 'no Call-ID'
  if (parsed.cseq === null) return 'no CSeq'
  if (parsed.header(H_FROM) === null) return 'no From'
  if ((parsed.address(H_TO) ?? null) === null) return 'no To'
  return null
}

/** Kamailio's module sanity: what a request must be before a route works on it. */
import type { SipExchange } from '../../sip/exchange.ts'
import { H_AUTHORIZATION, H_CONTENT_LENGTH, H_EXPIRES, H_FROM, H_MAX_FORWARDS, H_PROXY_AUTHORIZATION, H_TO } from '../../sip/names.ts'
import { uriOf } from '../../sip/uri.ts'

/** One check: its bit, and the answer to a request that fails it. */
type Check = readonly [bit: number, fails: (sip: SipExchange, uris: number) => readonly [number, string] | null]

const header = (sip: SipExchange, id: number): string | null => sip.message.parsed.header(id)
const number = (sip: SipExchange, id: number): boolean => /^\d{1,10}$/.test(header(sip, id) ?? '0')

const checks: readonly Check[] = [
  [2, (sip) => sip.message.version.toUpperCase() === 'SIP/2.0' ? null : [505, 'Version Not Supported']],
  [4, (sip) => /^[a-z]+:/i.test(sip.message.target) ? (uriOf(sip.message.target) === null && !/^(?:sips?|tels?|urn):/i.test(sip.message.target) ? [416, 'Unsupported URI Scheme'] : null) : [416, 'Unsupported URI Scheme']],
  [64, (sip) => sip.message.parsed.cseq!.method === sip.message.method ? null : [400, 'CSeq method does not match request method']],
  [128, (sip) => Number(sip.message.parsed.cseq!.number) <= 0x7fffffff ? null : [400, 'CSeq number is illegal']],
  [256, (sip) => number(sip, H_CONTENT_LENGTH) ? null : [400, 'Content-Length mis-match']],
  [512, (sip) => number(sip, H_EXPIRES) ? null : [400, 'Expires value is illegal']],
  [1024, (sip, uris) => badUris(sip, uris)],
  [4096, (sip) => broken(sip, H_AUTHORIZATION) || broken(sip, H_PROXY_AUTHORIZATION) ? [400, 'Bad authorization header'] : null],
  [16384, (sip) => number(sip, H_MAX_FORWARDS) ? null : [400, 'Bad Max-Forwards']],
]

/** Which URIs can be understood: 1 the request's, 2 From's, 4 To's. */
function badUris(sip: SipExchange, uris: number): readonly [number, string] | null {
  const { parsed, target } = sip.message
  if ((uris & 1) !== 0 && uriOf(target) === null) return [400, 'Bad Request URI']
  if ((uris & 2) !== 0 && uriOf(parsed.address(H_FROM)?.uri ?? '') === null) return [400, 'Bad From header']
  if ((uris & 4) !== 0 && uriOf(parsed.address(H_TO)?.uri ?? '') === null) return [400, 'Bad To header']
  return null
}

function broken(sip: SipExchange, id: number): boolean {
  return sip.message.parsed.credentials(id).some((one) => one === null)
}

/** Whether a request passes; one that does not is answered. `wanted` and `uris` are sums of Kamailio's bits, its defaults when absent. */
export function sanityCheck(sip: SipExchange, wanted = 0xffff, uris = 7): boolean {
  for (const [bit, fails] of checks) {
    if ((wanted & bit) === 0) continue
    const answer = fails(sip, uris)
    if (answer === null) continue
    sip.reply(answer[0], answer[1], '', '')
    return false
  }
  return true
}

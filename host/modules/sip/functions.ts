/** What scripts do with SIP messages: Kamailio's core, sl, tm (without transactions), rr, maxfwd, sanity, siputils. */
import type { ParameterKind, ScriptFunction, ScriptRunView, ScriptValue } from '../../script/contract.ts'
import type { SipExchange } from '../../sip/exchange.ts'
import { commaIn } from '../../sip/parsed.ts'
import { fullHops } from '../../sip/exchange.ts'
import { parseAddress } from '../../sip/address.ts'
import { unbracketed } from '../../sip/listens.ts'
import { H_ROUTE } from '../../sip/names.ts'
import { targetOf } from '../../sip/target.ts'
import { parseUri, uriOf } from '../../sip/uri.ts'
import { sanityCheck } from './sanity.ts'
import { setDestination, setPart, setUri } from './variables.ts'

type Call = (sip: SipExchange, args: readonly ScriptValue[], run: ScriptRunView) => boolean | number

/** A function that works on SIP messages only: elsewhere it is false. */
function define(name: string, minimum: number, maximum: number, call: Call, parameters?: readonly ParameterKind[]): ScriptFunction {
  return {
    name, minimum, maximum, ...(parameters === undefined ? {} : { parameters }),
    call: (run, args) => {
      const { sip } = run.subject
      if (sip === undefined) return -1
      const result = call(sip, args, run)
      return typeof result === 'number' ? result : result ? 1 : -1
    },
  }
}

/** `forward()`, `forward(HOST[, PORT])`, `forward("sip:HOST:PORT")`, all the same for t_relay. */
const forward: Call = (sip, [host, port]) => {
  if (host === undefined) return sip.forward()
  const text = String(host)
  const uri = parseUri(text) ?? parseUri(`sip:${text}${port === undefined ? '' : `:${String(port)}`}`)
  const target = uri === null ? null : targetOf(uri)
  return target !== null && sip.forward(target)
}

/** What Max-Forwards may say: less than the limit, and one less when sent on. */
const checkHops: Call = (sip, [limit]) => {
  const most = Number(limit)
  const hops = sip.maxForwards
  if (hops < 0) {
    sip.hops = most > 0 && most < 256 ? most : fullHops
    return 2
  }
  if (Number.isNaN(hops) || hops === 0) return false
  sip.hops = Math.min(hops, most > 0 ? most : hops) - 1
  return true
}

/**
 * A request on the path that Record-Route has made: what of Route is ours is taken off, and the request goes to the next value, or else to its URI (RFC 3261
 * §16.4, loose routing).
 */
const looseRoute: Call = (sip) => {
  const values = routeValues(sip)
  let taken = 0
  while (taken < values.length) {
    const uri = uriOf(parseAddress(values[taken]!)?.uri ?? '')
    if (uri === null || !sip.main.isLocal(unbracketed(uri.host), uri.port === '' ? 5060 : Number(uri.port))) break
    taken++
  }
  if (taken === 0) return false
  sip.routesTaken = taken
  const next = values[taken]
  return next === undefined || setDestination(sip, parseAddress(next)?.uri ?? '-')
}

function routeValues({ message }: SipExchange): string[] {
  const values: string[] = []
  for (let line = message.find(H_ROUTE, 'route', 0); line >= 0; line = message.find(H_ROUTE, 'route', line + 1)) {
    const list = message.value(line)
    for (let at = 0; at < list.length;) {
      const end = commaIn(list, at)
      values.push(list.slice(at, end).trim())
      at = end + 1
    }
  }
  return values
}

/** The answer to OPTIONS that is meant for this server itself. */
const optionsReply: Call = (sip) => {
  const uri = uriOf(sip.uri ?? sip.message.target)
  if (sip.message.method !== 'OPTIONS' || uri === null || uri.user !== '') return false
  sip.appendReplyHeader('Accept: */*\r\nAccept-Encoding: \r\nAccept-Language: en\r\nSupported: \r\n')
  return sip.reply(200, 'OK', '', '')
}

/** Without transactions: an ACK or CANCEL is sent on as any other request, so it counts as belonging to one. */
const checkTransaction: Call = ({ message: { method } }) => method === 'ACK' || method === 'CANCEL'

/** Functions of tm that have nothing to do without transactions: [name, most arguments, what they answer]. */
const idle: readonly (readonly [string, number, boolean])[] = [
  ['t_on_failure', 1, true], ['t_on_reply', 1, true], ['t_on_branch', 1, true], ['t_set_fr', 2, true], ['t_reset_fr', 0, true], ['t_set_max_lifetime', 2, true],
  ['t_newtran', 0, true], ['t_release', 0, true], ['t_precheck_trans', 0, false], ['t_lookup_request', 0, false], ['t_lookup_cancel', 1, false], ['t_is_set', 1, false],
]

/** Functions that stand for transactions: a script that calls one is told at the start that there are none. */
export const transactionFunctions: ReadonlySet<string> = new Set(['t_relay', 't_relay_to_udp', 't_relay_to_tcp', 't_reply', 't_check_trans', ...idle.map(([name]) => name)])

function relayTo(protocol: 'udp' | 'tcp'): Call {
  return (sip, [host, port]) => host === undefined ? sip.forward() : sip.forward({ protocol, host: unbracketed(String(host)), port: Number(port ?? 5060) })
}

const text: readonly ParameterKind[] = ['text']

export const sipFunctions: readonly ScriptFunction[] = [
  define('forward', 0, 2, forward, text), define('t_relay', 0, 2, forward, text),
  define('t_relay_to_udp', 0, 2, relayTo('udp'), text), define('t_relay_to_tcp', 0, 2, relayTo('tcp'), text),
  define('t_reply', 2, 2, (sip, [code, reason]) => sip.reply(Number(code), String(reason).replace(/[\r\n][^]*/, ''), '', ''), text),
  define('sl_reply_error', 0, 0, (sip) => sip.reply(500, 'Server Internal Error', '', '')),
  define('t_check_trans', 0, 0, checkTransaction),
  ...idle.map(([name, most, answer]) => define(name, 0, most, () => answer, text)),
  define('mf_process_maxfwd_header', 1, 1, checkHops, ['int']),
  define('is_maxfwd_lt', 1, 1, (sip, [limit]) => sip.maxForwards < Number(limit), ['int']),
  define('sanity_check', 0, 2, (sip, [checks, uris]) => sanityCheck(sip, checks === undefined ? undefined : Number(checks), uris === undefined ? undefined : Number(uris)), ['int']),
  define('has_totag', 0, 0, (sip) => sip.hasToTag), define('loose_route', 0, 0, looseRoute),
  define('record_route', 0, 1, (sip) => sip.recordRoute = true, text), define('remove_record_route', 0, 0, (sip) => { sip.recordRoute = false; return true }),
  define('force_rport', 0, 0, (sip) => sip.forced = true), define('add_rport', 0, 0, (sip) => sip.forced = true),
  define('options_reply', 0, 0, optionsReply),
  define('is_request', 0, 0, (sip) => sip.message.isRequest), define('is_reply', 0, 0, (sip) => sip.message.isResponse),
  ...['seturi', 'rewriteuri'].map((name) => define(name, 1, 1, (sip, [uri]) => setUri(sip, String(uri)))),
  ...['setuser', 'rewriteuser'].map((name) => define(name, 1, 1, (sip, [user]) => setPart(sip, { user: String(user) }))),
  ...['sethost', 'rewritehost'].map((name) => define(name, 1, 1, (sip, [host]) => setPart(sip, { host: String(host) }))),
  define('setdsturi', 1, 1, (sip, [uri]) => setDestination(sip, String(uri))), define('resetdsturi', 0, 0, (sip) => setDestination(sip, '')),
  define('isdsturiset', 0, 0, (sip) => sip.destination !== ''),
  define('set_reply_body', 2, 2, (sip, [body, type]) => sip.setReplyBody(String(body), String(type))),
]

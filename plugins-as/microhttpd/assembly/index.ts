// Kamailio's module microhttpd: an HTTP server of its own, whose requests run event_route[microhttpd:request].
import {
  Admit, Inner, Level, LogLevel, Param, ParamType, Request, Script, conf, event_route, event_server, log, parameter,
  pseudo_variable, script_function,
} from '@vespid/sdk'
import { Cidr } from '@vespid/sdk/cidr'
import { unescaped } from '@vespid/sdk/form'
import { parseNetwork } from './network'

/** An argument that is not there: '' as text. */
const empty: i32 = 63
const colon: i32 = 58

/** Where the server listens, and for whom. */
class Conf {
  address: string = ''
  port: i32 = 8280
  allowed: Cidr[] | null = null
}
conf<Conf>(Level.Main)

/** Bodies end at a NUL, as in Kamailio. */
let strict = false

parameter<Conf>('listen_addr', ParamType.Text, (c: Conf, value: string): string | null => {
  const fits = value.length == 0 || !value.includes('/') && Cidr.parse(value) !== null
  if (!fits) return 'must be an IP address, or "" for all of them'
  c.address = value
  return null
})
parameter<Conf>('listen_port', ParamType.Int, (c: Conf, value: string, port: i32): string | null => {
  if (port < 0 || port > 65535) return 'must be a port, 0 to 65535'
  c.port = port
  return null
})
parameter<Conf>('allowed_ips', ParamType.Text, (c: Conf, value: string): string | null => {
  const networks: Cidr[] = []
  const words = value.split(',').join(' ').split(' ')
  for (let i = 0; i < words.length; i++) {
    if (words[i].length == 0) continue
    const network = parseNetwork(words[i])
    if (network === null) return `has "${words[i]}", which is none of ADDRESS, ADDRESS/LENGTH, ADDRESS/MASK`
    networks.push(network)
  }
  c.allowed = networks.length == 0 ? null : networks
  return null
})
parameter<Conf>('event_callback', ParamType.Text, (c: Conf, value: string): string | null =>
  value.length == 0 ? null : 'there is no embedded language here; write event_route[microhttpd:request]')
parameter<Conf>('compat', ParamType.Text, (c: Conf, value: string): string | null => {
  strict = value == 'strict'
  return null
})

event_route<Conf>('microhttpd:request', (r: Request, c: Conf): Admit => {
  const allowed = c.allowed
  if (allowed === null) return Admit.Always
  for (let i = 0; i < allowed.length; i++) if (allowed[i].has(r.remoteAddress)) return Admit.Yes
  return Admit.No
}, true)

event_server<Conf>('microhttpd:request', (c: Conf): string => {
  const address = c.address.length == 0 ? '*' : c.address.includes(':') ? `[${c.address}]` : c.address
  return `${address}:${c.port}`
})

/** The answer: code, reason (the standard one is sent), content type (none when empty), body. */
script_function('mhttpd_reply', 4, 4, [Param.Int, Param.Text], (s: Script): i32 => {
  const code = s.int(0)
  // An interim answer is no answer: the client would wait for another (RFC 9110 §15.2).
  if (code < 200 || code > 699) return failed(`mhttpd_reply: invalid code parameter ${code}`)
  if (!s.replyArguments(code, empty, 2, 3)) return failed('mhttpd_reply: the request is answered already')
  return 1
})
function failed(message: string): i32 {
  log(LogLevel.Error, message)
  return -1
}

pseudo_variable('mhttpd', Inner.Required, (s: Script): bool => {
  if (!s.hasRequest) return false
  const key = s.text(0).trim()
  if (key.length > 2 && key.charCodeAt(1) == colon) return ofHeader(s, key.substring(2))
  const name = key.toLowerCase()
  if (name == 'data') return ofBody(s)
  const r = s.request
  if (name == 'size') return s.answerInt(r.bodyLength)
  if (name == 'url') return s.answerBytes(unescaped(pathOf(r.unparsedUri)))
  if (name == 'method') return s.answer(r.method)
  const value = r.variable(name == 'version' ? 'server_protocol' : 'remote_addr')
  return value === null ? false : s.answer(value)
}, null, '~,method,url,data,size,version,srcip,h:*')

/** What stands before `?`. */
function pathOf(url: string): string {
  const question = url.indexOf('?')
  return question < 0 ? url : url.substring(0, question)
}

function ofHeader(s: Script, name: string): bool {
  const value = s.request.header(name.trim())
  return value === null ? false : s.answer(value)
}

function ofBody(s: Script): bool {
  const body = s.request.body
  const nul = strict ? body.indexOf(0) : -1
  return s.answerBytes(nul < 0 ? body : body.slice(0, nul))
}

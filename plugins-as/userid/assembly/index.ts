import { Args, LogLevel, Request, Where, conf_of, directive, header_filter, variable } from '@vespid/sdk'
import { wholeNumber } from '@vespid/sdk/ascii'
import { secondsOf } from '@vespid/sdk/time'
import { Uid } from './uid'

enum Mode { Unset, Off, Log, V1, On }

/** `userid_expires`: not said, no expiry, for ever, or seconds. */
const unset: i64 = -3
const session: i64 = -1
const forever: i64 = -2

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

class Conf {
  mode: Mode = Mode.Unset
  name: string | null = null
  domain: string | null = null
  path: string | null = null
  p3p: string | null = null
  expires: i64 = unset
  service: i64 = unset
  flags: string | null = null
}

/** Where a directive stores its word. */
function setMode(conf: Conf, args: string[]): string | null {
  if (conf.mode != Mode.Unset) return 'is duplicate'
  const word = args[1].toLowerCase()
  conf.mode = word == 'on' ? Mode.On : word == 'v1' ? Mode.V1 : word == 'log' ? Mode.Log : word == 'off' ? Mode.Off : Mode.Unset
  return conf.mode == Mode.Unset ? `invalid value "${args[1]}"` : null
}

function setName(conf: Conf, args: string[]): string | null {
  if (conf.name !== null) return 'is duplicate'
  conf.name = args[1]
  return null
}

function setDomain(conf: Conf, args: string[]): string | null {
  if (conf.domain !== null) return 'is duplicate'
  conf.domain = args[1] == 'none' ? '' : `; domain=${args[1]}`
  return null
}

function setPath(conf: Conf, args: string[]): string | null {
  if (conf.path !== null) return 'is duplicate'
  conf.path = `; path=${args[1]}`
  return null
}

function setP3p(conf: Conf, args: string[]): string | null {
  if (conf.p3p !== null) return 'is duplicate'
  conf.p3p = args[1] == 'none' ? '' : args[1]
  return null
}

function setExpires(conf: Conf, args: string[]): string | null {
  if (conf.expires != unset) return 'is duplicate'
  const word = args[1]
  const time = secondsOf(word)
  conf.expires = word == 'max' ? forever : word == 'off' ? session : time < 0 ? unset : time
  return conf.expires == unset ? '"userid_expires" directive invalid value' : null
}

function setService(conf: Conf, args: string[]): string | null {
  if (conf.service != unset) return 'is duplicate'
  conf.service = wholeNumber(args[1], 9999999999999)
  return conf.service < 0 ? '"userid_service" directive invalid number' : null
}

/** `userid_flags off|FLAG …;` in the order in which nginx writes them. */
function setFlags(conf: Conf, args: string[]): string | null {
  if (conf.flags !== null) return 'is duplicate'
  const known = ['secure', 'httponly', 'samesite=strict', 'samesite=lax', 'samesite=none']
  for (let i = 1; i < args.length; i++) if (args[i] != 'off' && !known.includes(args[i])) return `invalid value "${args[i]}"`
  let flags = ''
  for (let i = 0; i < known.length; i++) if (args.includes(known[i])) flags += `; ${known[i]}`
  conf.flags = flags
  return null
}

function merge(parent: Conf, child: Conf): void {
  if (child.mode == Mode.Unset) child.mode = parent.mode
  if (child.name === null) child.name = parent.name
  if (child.domain === null) child.domain = parent.domain
  if (child.path === null) child.path = parent.path
  if (child.p3p === null) child.p3p = parent.p3p
  if (child.expires == unset) child.expires = parent.expires
  if (child.service == unset) child.service = parent.service
  if (child.flags === null) child.flags = parent.flags
}

const where = Where.Http | Where.Server | Where.Location
directive<Conf>('userid', where, 1, setMode, merge)
directive<Conf>('userid_name', where, 1, setName, merge)
directive<Conf>('userid_domain', where, 1, setDomain, merge)
directive<Conf>('userid_path', where, 1, setPath, merge)
directive<Conf>('userid_p3p', where, 1, setP3p, merge)
directive<Conf>('userid_expires', where, 1, setExpires, merge)
directive<Conf>('userid_service', where, 1, setService, merge)
directive<Conf>('userid_flags', where, Args.OneToThree, setFlags, merge)

function nameOf(conf: Conf): string {
  const name = conf.name
  return name === null ? 'uid' : name
}

function orEmpty(text: string | null, otherwise: string = ''): string {
  return text === null ? otherwise : text
}

/** The identifier that the client sent, or null. */
function got(r: Request, conf: Conf): Uid | null {
  const cookie = r.cookie(nameOf(conf))
  return cookie === null ? null : Uid.parse(cookie)
}

header_filter<Conf>((r: Request, conf: Conf): void => {
  if (conf.mode != Mode.On && conf.mode != Mode.V1) return
  const name = nameOf(conf)
  const cookie = r.cookie(name)
  if (cookie !== null) {
    if (Uid.parse(cookie) !== null) return
    r.log(LogLevel.Error, `client sent ${cookie.length < 22 ? 'too short' : 'invalid'} userid cookie "${cookie}"`)
  }
  r.response.add('Set-Cookie', `${name}=${make(r, conf).text()}${expiry(conf.expires)}${orEmpty(conf.domain)}${orEmpty(conf.path, '; path=/')}${orEmpty(conf.flags)}`)
  const p3p = conf.p3p
  if (p3p !== null && p3p != '') r.response.add('P3P', p3p)
})

/** A new identifier: who serves, when, and 64 bits that nobody can guess, the last of which say nginx's version. */
function make(r: Request, conf: Conf): Uid {
  const uid = new Uid()
  const id = orEmpty(r.variable('request_id'), '0123456789abcdef')
  const version = conf.mode == Mode.V1 ? 1 : 2
  uid.put(0, conf.service < 0 ? version == 1 ? 0 : local(r) : <u32>conf.service)
  uid.put(1, <u32>(<i64>(Date.now() / 1000)))
  uid.put(2, <u32>parseInt(id.substring(0, 8), 16))
  uid.put(3, <u32>parseInt(id.substring(8, 16), 16) & 0xffffff00 | version)
  return uid
}

/** The server's IPv4 address as a number; 0 for others. */
function local(r: Request): u32 {
  const parts = orEmpty(r.variable('server_addr')).split('.')
  if (parts.length != 4) return 0
  let word: u32 = 0
  for (let i = 0; i < 4; i++) word = word << 8 | <u32>wholeNumber(parts[i])
  return word
}

/** `; expires=…` as cookies have it: the year in two digits up to 2037. */
function expiry(after: i64): string {
  if (after == unset || after == session) return ''
  if (after == forever) return '; expires=Thu, 31-Dec-37 23:55:55 GMT'
  const date = new Date(<i64>Date.now() + after * 1000)
  const year = date.getUTCFullYear()
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  return `; expires=${days[date.getUTCDay()]}, ${two(date.getUTCDate())}-${months[date.getUTCMonth()]}-${year > 2037 ? year.toString() : two(year % 100)} ${clock} GMT`
}

function two(n: i32): string { return n.toString().padStart(2, '0') }

/** `NAME=HEX` of the identifier that the client sent. */
variable('uid_got', (r: Request): string | null => {
  const conf = conf_of<Conf>()
  if (conf.mode == Mode.Unset || conf.mode == Mode.Off) return null
  const uid = got(r, conf)
  return uid === null ? null : `${nameOf(conf)}=${uid.hex()}`
})

/** `NAME=HEX` of the identifier that the response gives. */
variable('uid_set', (r: Request): string | null => {
  const conf = conf_of<Conf>()
  if (conf.mode != Mode.On && conf.mode != Mode.V1) return null
  const begin = `${nameOf(conf)}=`
  for (let i = 0; i < r.response.count; i++) {
    const value = r.response.value(i)
    if (r.response.name(i) != 'Set-Cookie' || !value.startsWith(begin)) continue
    const uid = Uid.parse(value.substring(begin.length))
    if (uid !== null) return begin + uid.hex()
  }
  return null
}, null, false)

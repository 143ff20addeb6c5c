// Kamailio's parameters of the module, and the transports that they ask for (docs/kamailio.md, "jsonrpcs").
import { ParamType, Received, Transport, TransportKind, main_conf, parameter, warn } from '@vespid/sdk'
import { wholeNumber } from '@vespid/sdk/ascii'

/** Bits of `transport`. */
enum Bit { Http = 1, Fifo = 2, Datagram = 4, Tcp = 8, All = 15 }

/** The longest documents: Kamailio's where it is followed, else what is sensible. */
const fifoStrict = 8191
const datagramMost = 65456
const tcpStrict = 65455
const roomy = 1 << 20

/** What modparam sets. Names that are null were not given. */
export class Settings {
  transport: i32 = -1
  pretty: bool = true
  strict: bool = false
  batch: i32 = 100
  store: string = ''
  fifoName: string | null = null
  fifoMode: i32 = 0o660
  fifoUser: string = ''
  fifoGroup: string = ''
  replies: string = '/tmp/'
  datagram: string | null = null
  datagramMode: i32 = 0o660
  datagramUser: string = ''
  datagramGroup: string = ''
  datagramTimeout: i32 = 2000
  tcp: string | null = null
}

/** The dialect of requests over HTTP and in scripts, of sockets, and of the fifo. */
export let dialect = 'safe pretty batch=100'
let socketDialect = dialect
let fifoDialect = dialect
export let strict = false

function owner(value: string, number: i32): string {
  return number < 0 || value == '-1' ? '' : value
}

main_conf<Settings>((c: Settings): string | null => {
  strict = c.strict
  const words = (c.strict ? 'strict' : 'safe') + (c.pretty ? ' pretty' : '') + ' batch=' + c.batch.toString()
  dialect = words
  socketDialect = words + '\nstore=' + c.store
  fifoDialect = words + ' reply_name\nstore=' + c.store
  const fifoName = c.fifoName
  const datagram = c.datagram
  const tcp = c.tcp
  // Kamailio's default is fifo and datagram; here nothing is opened that the configuration does not name.
  let bits = c.transport
  if (bits < 0) bits = (fifoName === null ? 0 : Bit.Fifo) | (datagram === null ? 0 : Bit.Datagram) | (tcp === null ? 0 : Bit.Tcp)
  const optional = c.transport == 0
  if (optional) bits = Bit.All
  let error: string | null = null
  if ((bits & Bit.Fifo) != 0) fifo(c, fifoName === null ? 'kamailio_rpc.fifo' : fifoName, optional)
  if ((bits & Bit.Datagram) != 0) error = datagrams(c, datagram === null ? 'kamailio_rpc.sock' : datagram, optional)
  if (error !== null && !optional) return error
  if (error !== null) warn(error + '; it goes on without it')
  error = (bits & Bit.Tcp) != 0 && tcp !== null ? stream(c, tcp, optional) : null
  if (error === null || !optional) return error
  warn(error + '; it goes on without it')
  return null
})

parameter<Settings>('transport', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  c.transport = n
  return null
})
parameter<Settings>('pretty_format', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  c.pretty = n != 0
  return null
})
parameter<Settings>('compat', ParamType.Text, (c: Settings, v: string): string | null => {
  c.strict = v == 'strict'
  return null
})
parameter<Settings>('batch', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  if (n < 0 || n > 1000000) return 'must be between 0 and 1000000'
  c.batch = n
  return null
})
parameter<Settings>('store_dir', ParamType.Text, (c: Settings, v: string): string | null => {
  if (v.length > 0 && v.charCodeAt(0) != 47) return 'must be an absolute path'
  if (v.indexOf('\n') >= 0) return 'must be one line'
  c.store = v
  return null
})
parameter<Settings>('fifo_name', ParamType.Text, (c: Settings, v: string): string | null => {
  c.fifoName = v
  return lines(v)
})
parameter<Settings>('fifo_mode', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  c.fifoMode = n
  return mode(n)
})
parameter<Settings>('fifo_user', ParamType.IntOrText, (c: Settings, v: string, n: i32): string | null => {
  c.fifoUser = owner(v, n)
  return lines(v)
})
parameter<Settings>('fifo_group', ParamType.IntOrText, (c: Settings, v: string, n: i32): string | null => {
  c.fifoGroup = owner(v, n)
  return lines(v)
})
parameter<Settings>('fifo_reply_dir', ParamType.Text, (c: Settings, v: string): string | null => {
  if (v.length == 0 || v.charCodeAt(0) != 47) return 'must be an absolute path'
  c.replies = v
  return lines(v)
})
parameter<Settings>('dgram_socket', ParamType.Text, (c: Settings, v: string): string | null => {
  c.datagram = v
  return lines(v)
})
parameter<Settings>('dgram_workers', ParamType.Int, (c: Settings, v: string, n: i32): string | null => n < 1 ? 'must be at least 1' : null)
parameter<Settings>('dgram_mode', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  c.datagramMode = n
  return mode(n)
})
parameter<Settings>('dgram_user', ParamType.IntOrText, (c: Settings, v: string, n: i32): string | null => {
  c.datagramUser = owner(v, n)
  return lines(v)
})
parameter<Settings>('dgram_group', ParamType.IntOrText, (c: Settings, v: string, n: i32): string | null => {
  c.datagramGroup = owner(v, n)
  return lines(v)
})
parameter<Settings>('dgram_timeout', ParamType.Int, (c: Settings, v: string, n: i32): string | null => {
  if (n < 1) return 'must be at least 1'
  c.datagramTimeout = n
  return null
})
parameter<Settings>('tcp_socket', ParamType.Text, (c: Settings, v: string): string | null => {
  c.tcp = v
  return lines(v)
})

function lines(value: string): string | null {
  return value.indexOf('\n') >= 0 || value.indexOf('\0') >= 0 ? 'must be one line' : null
}

function mode(value: i32): string | null {
  return value < 0 || value > 0o777 ? `must be an octal mode like 0660, not ${value.toString()}` : null
}

function base(kind: TransportKind, c: Settings, limit: i32, optional: bool): Transport {
  const t = new Transport(kind).set('limit', limit.toString())
  if (c.strict) t.set('strict', '1')
  if (optional) t.set('optional', '1')
  return t
}

function owned(t: Transport, what: string, mode: i32, user: string, group: string): Transport {
  if (mode == 0) warn(`${what} 0 is taken as 0600`)
  t.set('mode', (mode == 0 ? 0o600 : mode).toString())
  if (user.length > 0) t.set('user', user)
  if (group.length > 0) t.set('group', group)
  return t
}

function fifo(c: Settings, name: string, optional: bool): void {
  if (name.length == 0) return
  const t = base(TransportKind.Fifo, c, c.strict ? fifoStrict : roomy, optional).set('path', name).set('replies', c.replies)
  owned(t, 'fifo_mode', c.fifoMode, c.fifoUser, c.fifoGroup).listen((d: Received): void => { d.serve(fifoDialect) })
}

function answer(d: Received): void { d.serve(socketDialect) }

function datagrams(c: Settings, name: string, optional: bool): string | null {
  if (name.length == 0) return null
  if (name.length < 6) return `dgram_socket "${name}" is too short, it must have at least 6 characters`
  const t = base(TransportKind.Datagram, c, datagramMost, optional).set('timeout', c.datagramTimeout.toString())
  if (!name.startsWith('udp:')) {
    owned(t.set('path', name.startsWith('unix:') ? name.substring(5) : name), 'dgram_mode', c.datagramMode, c.datagramUser, c.datagramGroup).listen(answer)
    return null
  }
  const error = address(t, 'dgram_socket', name, 1024)
  if (error === null) t.listen(answer)
  return error
}

function stream(c: Settings, name: string, optional: bool): string | null {
  if (name.length == 0) return null
  if (name.length < 6 || name.length > 71) return `tcp_socket "${name}" must have 6 to 71 characters`
  if (!name.startsWith('tcp:')) return `invalid tcp_socket "${name}", it must be like "tcp:127.0.0.1:8080"`
  const t = base(TransportKind.Tcp, c, c.strict ? tcpStrict : roomy, optional)
  const error = address(t, 'tcp_socket', name, 1)
  if (error === null) t.listen(answer)
  return error
}

/** Reads `udp:HOST:PORT` or `tcp:[HOST]:PORT` into a transport's settings; what is wrong, or null. */
function address(t: Transport, what: string, name: string, least: i32): string | null {
  const rest = name.substring(4)
  const colon = rest.lastIndexOf(':')
  if (colon <= 0) return `invalid ${what} "${name}", it must be like "${name.substring(0, 4)}127.0.0.1:8080"`
  let host = rest.substring(0, colon)
  if (host.startsWith('[') && host.endsWith(']')) host = host.substring(1, host.length - 1)
  if (host == 'localhost') host = '127.0.0.1'
  const word = rest.substring(colon + 1)
  const port = wholeNumber(word, 65535)
  if (port < least) return `invalid port in ${what} "${name}", it must be between ${least} and 65535`
  for (let i = 0; i < host.length; i++) {
    const letter = host.charCodeAt(i)
    if (!((letter >= 48 && letter <= 58) || letter == 46 || (letter >= 97 && letter <= 102) || (letter >= 65 && letter <= 70))) {
      return `invalid address in ${what} "${name}", it must be an IP address`
    }
  }
  if (!host.startsWith('127.') && host != '::1') warn(`${what} "${name}" can be reached by other hosts, and whoever reaches it may call every command`)
  t.set('host', host).set('port', port.toString())
  return null
}

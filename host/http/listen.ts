/** The `listen` directive: its address forms and options (nginx.md §2.1). */
import type { Cf } from '../conf/cf.ts'
import type { Cycle } from '../cycle.ts'
import type { HostAddress } from './core/hostnames.ts'
import { suggest } from '../core/suggest.ts'
import { parseNumber, parseSec, parseSize } from '../core/units.ts'
import { inet6Address, inetAddress, lookUpHost } from './core/hostnames.ts'

/** TCP keep-alive of accepted connections: `on`, `off`, or its times in seconds (0: the system's own). */
export type SoKeepalive = 'on' | 'off' | { readonly idle: number, readonly interval: number, readonly count: number }

/**
 * One address and port to listen on, with what its `listen` says. Sizes in bytes, −1 or null where nothing was said.
 */
export interface ListenOptions {
  readonly family: 'inet' | 'inet6' | 'unix'
  /** Numeric address; '' for unix sockets. */
  readonly host: string
  /** 0 for unix sockets; else 0 lets the system choose a free port, which nginx does not have. */
  readonly port: number
  /** Of a unix socket, else null. */
  readonly path: string | null
  /**
   * As nginx names the address: `0.0.0.0:80`, `[::]:80`, `unix:/path`. Two addresses are the same when their texts are.
   */
  readonly text: string
  /** Every address of the family: `*`, `0.0.0.0`, `[::]`. */
  readonly wildcard: boolean
  /** A socket option was given: only one `listen` of an address may do so. */
  readonly set: boolean
  /** The address needs a socket of its own even beside a wildcard. */
  readonly bind: boolean
  readonly defaultServer: boolean
  readonly ssl: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  readonly backlog: number
  readonly rcvbuf: number
  readonly sndbuf: number
  readonly fastopen: number
  readonly deferred: boolean
  readonly ipv6only: boolean
  readonly reuseport: boolean
  readonly multipath: boolean
  readonly soKeepalive: SoKeepalive | null
}

/** Where to listen, without options. */
type Endpoint = Pick<ListenOptions, 'family' | 'host' | 'port' | 'path' | 'text' | 'wildcard'>
type Options = { -readonly [K in Exclude<keyof ListenOptions, keyof Endpoint>]: ListenOptions[K] }

/** Why an address cannot be used: nginx's word for it. */
type Reason = 'invalid port' | 'invalid port range' | 'no host' | 'host not found' | 'invalid host' |
  'invalid IPv6 address' | 'no path in the unix domain socket' | 'too long path in the unix domain socket'

/** Looks up a host name; replaceable so that tests need no resolver. */
export type Lookup = (name: string) => HostAddress[]

/** Longest path of a unix socket: sun_path of sockaddr_un without its final NUL. */
const longestPath = 107

const noOptions: Options = {
  set: false, bind: false, defaultServer: false, ssl: false, http2: false, proxyProtocol: false, backlog: 511,
  rcvbuf: -1, sndbuf: -1, fastopen: -1, deferred: false, ipv6only: true, reuseport: false, multipath: false,
  soKeepalive: null,
}

/** What a server without `listen` listens on: `*:80`, or `*:8000` when the process may not have port 80. */
export function defaultListen(): ListenOptions {
  return { ...inet('0.0.0.0', process.geteuid?.() === 0 ? 80 : 8000), ...noOptions }
}

/**
 * Reads a `listen` directive's words: one entry per address and port. Throws ConfigError with nginx's texts. `lookup`
 * is asked for host names that are not numeric.
 */
export function parseListen(cf: Cf, lookup: Lookup = lookupOf(cf.cycle)): ListenOptions[] {
  const url = cf.args[1]!
  const endpoints = parseEndpoints(url, lookup)
  if (typeof endpoints === 'string') return cf.fail(`${endpoints} in "${url}" of the "listen" directive`, 1)
  const options = { ...noOptions }
  for (let i = 2; i < cf.args.length; i++) readOption(cf, i, options)
  return endpoints.map((endpoint) => ({ ...endpoint, ...options }))
}

/**
 * An address as `listen` writes it, without options: one entry per address and port, or nginx's word for what is wrong
 * with it.
 */
export function listenOn(cf: Cf, url: string): ListenOptions[] | string {
  const endpoints = parseEndpoints(url, lookupOf(cf.cycle))
  return typeof endpoints === 'string' ? endpoints : endpoints.map((endpoint) => ({ ...endpoint, ...noOptions }))
}

const answers = new WeakMap<Cycle, Map<string, HostAddress[]>>()

/** Looks up each name once per configuration. */
function lookupOf(cycle: Cycle): Lookup {
  return (name) => {
    let known = answers.get(cycle)
    if (known === undefined) answers.set(cycle, known = new Map())
    let found = known.get(name)
    if (found === undefined) known.set(name, found = lookUpHost(name))
    return found
  }
}

function inet(host: string, port: number): Endpoint {
  return { family: 'inet', host, port, path: null, text: `${host}:${port}`, wildcard: host === '0.0.0.0' }
}

function inet6(host: string, port: number): Endpoint {
  return { family: 'inet6', host, port, path: null, text: `[${host}]:${port}`, wildcard: host === '::' }
}

function parseEndpoints(url: string, lookup: Lookup): Endpoint[] | Reason {
  if (/^unix:/i.test(url)) {
    const path = url.slice(5)
    if (path === '') return 'no path in the unix domain socket'
    if (path.length > longestPath) return 'too long path in the unix domain socket'
    return [{ family: 'unix', host: '', port: 0, path, text: `unix:${path}`, wildcard: false }]
  }
  return url.startsWith('[') ? parseInet6(url) : parseInet(url, lookup)
}

function parseInet6(url: string): Endpoint[] | Reason {
  const end = url.indexOf(']')
  if (end < 0) return 'invalid host'
  const rest = url.slice(end + 1)
  if (rest.includes('/') || (rest !== '' && !rest.startsWith(':'))) return 'invalid host'
  const ports = rest === '' ? [80] : parsePorts(rest.slice(1))
  if (typeof ports === 'string') return ports
  if (end === 1) return 'no host'
  const host = inet6Address(url.slice(1, end))
  return host === null ? 'invalid IPv6 address' : ports.map((port) => inet6(host, port))
}

function parseInet(url: string, lookup: Lookup): Endpoint[] | Reason {
  if (/[/?]/.test(url)) return 'invalid host'
  const colon = url.indexOf(':')
  // A number alone, or a range of numbers, is a port; anything else without a colon is a host.
  if (colon < 0 && /^\d+(-\d+)?$/.test(url)) {
    const ports = parsePorts(url)
    return typeof ports === 'string' ? ports : ports.map((port) => inet('0.0.0.0', port))
  }
  const ports = colon < 0 ? [80] : parsePorts(url.slice(colon + 1))
  if (typeof ports === 'string') return ports
  const host = colon < 0 ? url : url.slice(0, colon)
  if (host === '') return 'no host'
  const numeric = host === '*' ? '0.0.0.0' : inetAddress(host)
  const found: HostAddress[] = numeric !== null ? [{ family: 'inet', host: numeric }] : lookup(host)
  if (found.length === 0) return 'host not found'
  const all = found.flatMap((a) => ports.map((port) => (a.family === 'inet' ? inet : inet6)(a.host, port)))
  return all.filter((one, i) => all.findIndex((other) => other.text === one.text) === i)
}

/** `80` or `8000-8010`. nginx refuses port 0; here it asks the system for a free one. */
function parsePorts(text: string): number[] | Reason {
  const dash = text.indexOf('-')
  const first = parseNumber(dash < 0 ? text : text.slice(0, dash))
  const last = dash < 0 ? first : parseNumber(text.slice(dash + 1))
  if (first === null || last === null || first > 65535 || last > 65535) return 'invalid port'
  if (dash >= 0 && first < 1) return 'invalid port'
  if (first > last) return 'invalid port range'
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

/** Reads one parameter behind the address. nginx names most bad ones with their `NAME=`. */
function readOption(cf: Cf, i: number, options: Options): void {
  const word = cf.args[i]!
  const equals = word.indexOf('=')
  if (equals < 0) return readFlag(cf, i, options)
  const name = word.slice(0, equals)
  const value = word.slice(equals + 1)
  switch (name) {
    case 'backlog': options.backlog = number(cf, i, name, parseNumber(value), 1); break
    case 'rcvbuf': options.rcvbuf = number(cf, i, name, parseSize(value), 0); break
    case 'sndbuf': options.sndbuf = number(cf, i, name, parseSize(value), 0); break
    case 'fastopen': options.fastopen = number(cf, i, name, parseNumber(value), 0); break
    case 'accept_filter': return cf.warn(`accept filters "${word}" are not supported on this platform, ignored`, i)
    case 'ipv6only':
      if (!value.startsWith('o')) cf.fail(`invalid parameter "${word}"`, i, 'it may be ipv6only=on or ipv6only=off')
      if (value !== 'on' && value !== 'off') cf.fail(`invalid ipv6only flags "${value}"`, i, 'it may be on or off')
      options.ipv6only = value === 'on'
      break
    case 'so_keepalive':
      options.soKeepalive = parseKeepalive(value) ?? cf.fail(`invalid so_keepalive value: "${value}"`, i)
      break
    default: unknownOption(cf, i, name)
  }
  options.set = options.bind = true
}

function number(cf: Cf, i: number, name: string, value: number | null, least: number): number {
  return value !== null && value >= least ? value : cf.fail(`invalid ${name} "${cf.args[i]}"`, i)
}

const optionNames = [
  'default_server', 'ssl', 'proxy_protocol', 'bind', 'deferred', 'reuseport', 'multipath', 'backlog', 'rcvbuf', 'sndbuf',
  'fastopen', 'ipv6only', 'so_keepalive',
]

function unknownOption(cf: Cf, i: number, name: string): never {
  const near = suggest(name, optionNames)
  return cf.fail(`invalid parameter "${cf.args[i]}"`, i, near === null ? undefined : `did you mean "${near}"?`)
}

function readFlag(cf: Cf, i: number, options: Options): void {
  switch (cf.args[i]) {
    case 'default_server': case 'default': options.defaultServer = true; return
    case 'ssl': options.ssl = true; return
    case 'proxy_protocol': options.proxyProtocol = true; return
    case 'http2':
      options.http2 = true
      return cf.warn('the "listen ... http2" directive is deprecated, use the "http2" directive instead', i)
    case 'quic': return cf.fail('the "quic" parameter requires ngx_http_v3_module', i, 'HTTP/3 is not supported')
    case 'bind': break
    case 'deferred': options.deferred = true; break
    case 'reuseport': options.reuseport = true; break
    case 'multipath': options.multipath = true; break
    default: unknownOption(cf, i, cf.args[i]!)
  }
  options.set = options.bind = true
}

/** `on`, `off` or `idle:interval:count`, where each may be empty but not all. */
function parseKeepalive(value: string): SoKeepalive | null {
  if (value === 'on' || value === 'off') return value
  const parts = value.split(':')
  if (parts.length > 3) return null
  const [idle, interval, count] = [0, 1, 2].map((i) => {
    const part = parts[i] ?? ''
    if (part === '') return 0
    const parsed = i === 2 ? parseNumber(part) : parseSec(part)
    return parsed === null || parsed === 0 ? -1 : parsed
  }) as [number, number, number]
  if (idle < 0 || interval < 0 || count < 0 || idle + interval + count === 0) return null
  return { idle, interval, count }
}

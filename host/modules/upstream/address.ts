import { inet6Address, inetAddress } from '../../http/core/hostnames.ts'

/** An address as `proxy_pass` and `server` write it, taken apart (nginx's ngx_url_t). */
export interface UpstreamUrl {
  /** The host as written, an IPv6 address with its brackets; of a unix socket its path. */
  readonly host: string
  readonly port: number
  /** No port was written: `port` is the scheme's. */
  readonly noPort: boolean
  /** What follows the address: a path with arguments, or '' when nothing does. */
  readonly uri: string
  /** The path of a unix socket, else null. */
  readonly path: string | null
  /** The host's numeric form without brackets, or null when it is a name or a unix socket. */
  readonly numeric: string | null
}

/** Where to connect to: a numeric address with a port, or a unix socket. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly path: string | null
  /** As nginx shows it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`. */
  readonly name: string
}

/** Longest path of a unix socket: sun_path of sockaddr_un without its final NUL. */
const longestPath = 107

/**
 * Parses `HOST[:PORT][/URI]` or `unix:PATH[:/URI]` (nginx's ngx_parse_url); a URI is allowed with `uriPart` only.
 * Returns nginx's word for what is wrong instead.
 */
export function parseUpstreamUrl(text: string, defaultPort: number, uriPart: boolean): UpstreamUrl | string {
  if (/^unix:/i.test(text)) return parseUnix(text.slice(5), uriPart)
  const bracket = text.startsWith('[') ? text.indexOf(']') : 0
  if (bracket < 0) return 'invalid host'
  const rest = text.slice(bracket)
  const cut = rest.search(/[/?]/)
  if (cut >= 0 && !uriPart) return 'invalid host'
  const uri = cut < 0 ? '' : rest.slice(cut)
  const authority = cut < 0 ? text : text.slice(0, bracket + cut)
  const behind = bracket > 0 ? authority.slice(bracket + 1) : authority
  if (bracket > 0 && behind !== '' && !behind.startsWith(':')) return 'invalid host'
  const colon = behind.indexOf(':')
  const port = colon < 0 ? defaultPort : parsePort(behind.slice(colon + 1))
  if (port < 0) return 'invalid port'
  const host = bracket > 0 ? authority.slice(0, bracket + 1) : colon < 0 ? behind : behind.slice(0, colon)
  if (host === '' || host === '[]') return 'no host'
  const numeric = bracket > 0 ? inet6Address(host.slice(1, -1)) : inetAddress(host)
  if (bracket > 0 && numeric === null) return 'invalid IPv6 address'
  return { host, port, noPort: colon < 0, uri, path: null, numeric }
}

function parseUnix(text: string, uriPart: boolean): UpstreamUrl | string {
  const colon = uriPart ? text.indexOf(':') : -1
  const path = colon < 0 ? text : text.slice(0, colon)
  if (path === '') return 'no path in the unix domain socket'
  if (path.length > longestPath) return 'too long path in the unix domain socket'
  return { host: path, port: 0, noPort: true, uri: colon < 0 ? '' : text.slice(colon + 1), path, numeric: null }
}

/** 1 to 65535, −1 for anything else. */
function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text)) return -1
  const port = Number(text)
  return port >= 1 && port <= 65535 ? port : -1
}

/** The endpoint of a numeric address. */
export function inetEndpoint(host: string, port: number): Endpoint {
  return { host, port, path: null, name: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` }
}

/** The endpoint of a unix socket. */
export function unixEndpoint(path: string): Endpoint {
  return { host: '', port: 0, path, name: `unix:${path}` }
}

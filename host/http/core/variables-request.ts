import type { VariableDefinition } from '../../module.ts'
import type { Request } from '../request.ts'
import { O_IGNORE_INVALID } from '../framing/table.ts'

/**
 * The value of the first argument of that name in a raw query, not decoded, or null (ngx_http_arg); `name` in lower case, compared
 * without regard to case. An argument without `=` has no value.
 */
export function queryArgument(args: string, name: string): string | null {
  if (name === '') return null
  let start = 0
  while (start < args.length) {
    let end = args.indexOf('&', start)
    if (end < 0) end = args.length
    const equals = start + name.length
    if (equals < end && args.charCodeAt(equals) === 61 && args.slice(start, equals).toLowerCase() === name) return args.slice(equals + 1, end)
    start = end + 1
  }
  return null
}

/**
 * The value of the first cookie of that name, or null; names are compared without regard to case, `;` and `,` separate, blanks around
 * `=` are skipped, a value ends at `;` (ngx_http_parse_multi_header_lines).
 */
export function cookieValue(cookies: string, name: string): string | null {
  let start = 0
  while (start < cookies.length) {
    let at = start + name.length
    if (cookies.slice(start, at).toLowerCase() === name) {
      while (cookies.charCodeAt(at) === 32) at++
      if (cookies.charCodeAt(at) === 61) {
        at++
        while (cookies.charCodeAt(at) === 32) at++
        const end = cookies.indexOf(';', at)
        return end < 0 ? cookies.slice(at) : cookies.slice(at, end)
      }
    }
    while (start < cookies.length && cookies.charCodeAt(start) !== 59 && cookies.charCodeAt(start) !== 44) start++
    start++
    while (cookies.charCodeAt(start) === 32) start++
  }
  return null
}

/** Header names by the part of `$http_…` behind the prefix; as many as configurations name. */
const headerNames = new Map<string, string>()

function requestHeader(r: Request, rest: string): string | null {
  if (r.connection.limits.flags !== O_IGNORE_INVALID) return r.head.getByVariable(rest)
  let name = headerNames.get(rest)
  if (name === undefined) {
    name = rest.replaceAll('_', '-')
    if (headerNames.size < 10000) headerNames.set(rest, name)
  }
  return r.header(name)
}

/** The user name of `Authorization: Basic …`, or null when there is none or it is malformed (RFC 7617). */
export function basicUser(authorization: string | null): string | null {
  if (authorization === null || authorization.slice(0, 6).toLowerCase() !== 'basic ') return null
  const encoded = authorization.slice(6).trim()
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return null
  const credentials = Buffer.from(encoded, 'base64').latin1Slice()
  const colon = credentials.indexOf(':')
  return colon <= 0 ? null : credentials.slice(0, colon)
}

/** Without a query there is no value: `-` in the access log. */
function queryString(r: Request): string | null {
  return r.args === '' ? null : r.args
}

/** What the request line and the head say (nginx.md §5.3). */
export const requestVariables: readonly VariableDefinition[] = [
  { name: 'http_host', get: (r) => r.header('host') },
  { name: 'http_user_agent', get: (r) => r.header('user-agent') },
  { name: 'http_referer', get: (r) => r.header('referer') },
  { name: 'http_via', get: (r) => r.header('via') },
  { name: 'http_x_forwarded_for', get: (r) => r.header('x-forwarded-for') },
  { name: 'http_cookie', get: (r) => r.header('cookie') },
  { name: 'http_', prefix: true, get: requestHeader },
  { name: 'content_length', get: (r) => r.header('content-length') ?? (r.contentLength >= 0 ? String(r.contentLength) : null) },
  { name: 'content_type', get: (r) => r.header('content-type') },
  { name: 'cookie_', prefix: true, get: (r, rest) => cookieOf(r, rest) },
  { name: 'arg_', prefix: true, nocache: true, get: (r, rest) => r.args === '' ? null : queryArgument(r.args, rest) },
  { name: 'host', get: (r) => r.host !== '' ? r.host : r.server.serverName },
  { name: 'request', get: (r) => r.requestLine },
  { name: 'request_method', nocache: true, get: method },
  { name: 'request_uri', get: (r) => r.unparsedUri || null },
  { name: 'uri', nocache: true, get: path },
  { name: 'document_uri', nocache: true, get: path },
  { name: 'args', nocache: true, changeable: true, get: queryString, set: (r, value) => r.setUri(r.uri, value) },
  { name: 'query_string', nocache: true, get: queryString },
  { name: 'is_args', nocache: true, get: (r) => r.args === '' ? '' : '?' },
  { name: 'server_protocol', get: protocol },
  { name: 'request_port', get: (r) => r.hostPort === 0 ? '' : String(r.hostPort) },
  { name: 'is_request_port', get: (r) => r.hostPort === 0 ? '' : ':' },
  { name: 'remote_user', get: (r) => r.hooks?.user ?? basicUser(r.header('authorization')) },
  { name: 'request_length', nocache: true, get: (r) => String(r.requestLength) },
  { name: 'request_body', get: (r) => r.bodyBuffer === null ? null : r.bodyBuffer.latin1Slice() },
  { name: 'request_body_file', get: (r) => r.bodyFile },
]

function cookieOf(r: Request, name: string): string | null {
  const cookies = r.header('cookie')
  return cookies === null ? null : cookieValue(cookies, name)
}

/** The protocol as the client wrote it; an HTTP/0.9 request names none. */
function protocol(r: Request): string | null {
  if (r.version < 1000 || !r.head.understood) return null
  const line = r.requestLine.trimEnd()
  return line.slice(line.lastIndexOf(' ') + 1)
}

/** A request whose line was not understood has no path: `-` in the access log. */
function path(r: Request): string | null {
  return r.uri === '' ? null : r.uri
}

function method(r: Request): string | null {
  if (!r.head.understood && !r.internal) return null
  return r.nest === null ? r.method : r.nest.tree.main.method
}

import type { ConnectionOptions } from 'node:tls'
import type { Bufs } from '../../conf/setters.ts'
import type { Regex } from '../../expr/regex.ts'
import type { Template } from '../../expr/template.ts'
import type { UpstreamGroup } from '../upstream/group.ts'

/** The value of a field that no directive has set. */
const unset = undefined as never

/** Reasons to try the next server: bits of `proxy_next_upstream`. */
export const NextUpstream = {
  error: 1, timeout: 2, invalidHeader: 4, nonIdempotent: 8, http500: 16, http502: 32, http503: 64, http504: 128,
  http403: 256, http404: 512, http429: 1024, updating: 2048, off: 4096,
  /** No server is left: never retried. */
  noLive: 8192,
} as const

/** Response headers whose meaning `proxy_ignore_headers` switches off. */
export const IgnoreHeaders = {
  'X-Accel-Redirect': 1, 'X-Accel-Expires': 2, Expires: 4, 'Cache-Control': 8, 'Set-Cookie': 16,
  'X-Accel-Limit-Rate': 32, 'X-Accel-Buffering': 64, 'X-Accel-Charset': 128, Vary: 256,
} as const

/** Where `proxy_pass` sends requests, when the address is constant. */
export interface Target {
  readonly ssl: boolean
  /** `$proxy_host`: host, and port when it is not the scheme's. */
  readonly hostHeader: string
  /** `$proxy_port`. */
  readonly port: string
  /** The host without port, for TLS. */
  readonly name: string
  /** The URI behind the address; '' when there is none. */
  readonly uri: string
}

/** One rule of `proxy_redirect`, `proxy_cookie_domain`, `proxy_cookie_path`. */
export interface ReplaceRule {
  /** A regex, or a text to compare. */
  readonly pattern: Regex | Template
  readonly replacement: Template
}

/** One `proxy_cookie_flags`: which cookies, and the flags to add (true) or remove (false). */
export interface CookieFlags {
  readonly cookie: Regex | Template
  readonly secure: boolean | null
  readonly httponly: boolean | null
  /** A value, or false to remove. */
  readonly samesite: string | false | null
}

/** A request header line to send. */
export interface SendHeader {
  readonly name: string
  readonly value: Template
}

/** The proxy module's conf of one place. Times in ms, sizes in bytes. */
export class ProxyConf {
  // --- proxy_pass
  group: UpstreamGroup | null = null
  target: Target | null = null
  /** `proxy_pass` with variables; then `group` and `target` are null. */
  pass: Template | null = null
  /** The URL as written. */
  url = ''
  /** The part of the URI that the target's URI replaces: the location's name. */
  location = ''

  // --- request
  setHeaders: { name: string, value: Template }[] | null = unset
  method: Template | null = unset
  httpVersion: number = unset
  passRequestHeaders: boolean = unset
  passRequestBody: boolean = unset
  setBody: Template | null = unset
  requestBuffering: boolean = unset
  bind: Template | null = unset

  // --- connection
  connectTimeout: number = unset
  sendTimeout: number = unset
  readTimeout: number = unset
  socketKeepalive: boolean = unset
  ignoreClientAbort: boolean = unset
  nextUpstream: number = unset
  nextUpstreamTries: number = unset
  nextUpstreamTimeout: number = unset

  // --- response
  buffering: boolean = unset
  bufferSize: number = unset
  buffers: Bufs = unset
  busyBuffersSize: number = unset
  tempFileWriteSize: number = unset
  maxTempFileSize: number = unset
  interceptErrors: boolean = unset
  ignoreHeaders: number = unset
  forceRanges: boolean = unset
  hideHeaders: string[] | null = unset
  passHeaders: string[] | null = unset
  redirects: ReplaceRule[] | null = unset
  cookieDomains: ReplaceRule[] | null = unset
  cookiePaths: ReplaceRule[] | null = unset
  cookieFlags: CookieFlags[] | null = unset

  // --- TLS to the server
  sslName: Template | null = unset
  sslServerName: boolean = unset
  sslVerify: boolean = unset
  sslTrustedCertificate: string = unset
  sslCertificate: string = unset
  sslCertificateKey: string = unset
  sslCiphers: string = unset
  sslProtocols: number = unset

  // --- compiled when merged
  /** Header lines of ours, in order. */
  sendHeaders: SendHeader[] = []
  /** Lower-case names of the client's header lines that are not passed on. */
  skipHeaders: ReadonlySet<string> = new Set()
  /** Whether the user decides about `Connection`. */
  ownConnection = false
  /** Lower-case names of response header lines that are not passed on. */
  hidden: ReadonlySet<string> = new Set()
  tls: ConnectionOptions = {}
}

/** The client's headers that are between it and us alone, or that we write anew (nginx.md §11). */
const hopHeaders = [
  'host', 'connection', 'content-length', 'transfer-encoding', 'te', 'keep-alive', 'expect', 'upgrade',
]

/** Response headers that are not passed on unless `proxy_pass_header` says so (nginx.md §11). */
const hiddenHeaders = [
  'date', 'server', 'x-pad', 'x-accel-expires', 'x-accel-redirect', 'x-accel-limit-rate', 'x-accel-buffering',
  'x-accel-charset',
]

/** Works out what requests and responses of a place need, from the merged fields; `hostHeader` is `$proxy_host`. */
export function compileProxyConf(conf: ProxyConf, hostHeader: Template): void {
  const own = conf.setHeaders ?? []
  const names = new Set(own.map((header) => header.name.toLowerCase()))
  conf.skipHeaders = new Set([...names, ...hopHeaders])
  conf.ownConnection = names.has('connection')
  // Where a body ends is ours to say: a length or coding that contradicts it would let one request hide in another.
  const framing = (name: string) => name === 'content-length' || name === 'transfer-encoding'
  conf.sendHeaders = own.filter(({ name, value }) => value.constant !== '' && !framing(name.toLowerCase()))
  if (!names.has('host')) conf.sendHeaders.push({ name: 'Host', value: hostHeader })
  const passed = new Set((conf.passHeaders ?? []).map((name) => name.toLowerCase()))
  conf.hidden = new Set([...hiddenHeaders.filter((name) => !passed.has(name)),
    ...(conf.hideHeaders ?? []).map((name) => name.toLowerCase()).filter((name) => !passed.has(name))])
}


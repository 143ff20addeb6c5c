/**
 * The HTTP client behind `fetch` of plugins: Node's own, with kept-alive connections, one per thread. The proxy module
 * has a stricter one of its own (host/modules/upstream/link.ts tells why); what a plugin asks for is not relayed, so
 * this may normalise.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import type { Socket } from 'node:net'
import { systemFailure } from '../core/errors.ts'

// An `import` makes all that node:http exports, WebSocket with its 60 ms of processor time in every thread, for names that nobody uses.
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http')
const { Agent: HttpsAgent, request: httpsRequest } = process.getBuiltinModule('node:https')

/** What is asked for, apart from where. */
export interface FetchAsk {
  readonly method: string
  /** Name, value, name, value …: byte strings that can be header fields. */
  readonly headers: readonly string[]
  readonly body: Buffer | null
  /** Milliseconds for the whole of it, redirects included. */
  readonly timeout: number
  /** Milliseconds for the connection to come about. */
  readonly connectTimeout: number
  /** The most bytes of body. */
  readonly limit: number
  /** Redirects to follow; with 0 a redirect is the answer. */
  readonly redirects: number
}

/** The answer: headers as received, in order, as name, value, name, value …. */
export interface FetchAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** A fetch that failed; the message is for logs and plugins. */
export class FetchError extends Error {
  override readonly name = 'FetchError'
}

/** Where a request goes. */
export interface Target {
  readonly secure: boolean
  /** Lower case; an IPv6 address without brackets. */
  readonly host: string
  readonly port: number
  /** `HOST:PORT` as it stands in a Host header. */
  readonly authority: string
  /** Path and arguments. */
  readonly path: string
}

/** Reads an absolute http: or https: URL (`base`: of the redirect that gave a relative one). Throws FetchError. */
export function parseTarget(url: string, base?: string): Target {
  const parsed = URL.parse(url, base)
  if (parsed === null || parsed.hostname === '') throw new FetchError(`"${url}" is not an absolute URL`)
  const secure = parsed.protocol === 'https:'
  if (!secure && parsed.protocol !== 'http:') throw new FetchError(`"${url}" is neither http: nor https:`)
  if (parsed.username !== '' || parsed.password !== '') throw new FetchError(`"${url}" holds a user name`)
  const port = parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port)
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  return { secure, host, port, authority: parsed.host, path: parsed.pathname + parsed.search }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const lineBreak = /[\r\n\0]/
/** What frames the message and what the connection is for is the client's own business (RFC 9110 §7.6.1). */
const ours = new Set([
  'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'trailer', 'expect',
])

/** What is wrong with headers, given as name, value, name, value …; null when nothing is. */
export function headerMistake(headers: readonly string[]): string | null {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]!
    if (!token.test(name)) return `"${name}" cannot be the name of a header`
    if (ours.has(name.toLowerCase())) return `header "${name}" is set by the client itself`
    if (lineBreak.test(headers[i + 1]!)) return `the value of header "${name}" holds a line break`
  }
  return null
}

/** Bytes of the head of a response, at most. */
const headLimit = 32768
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

const agentOptions = { keepAlive: true, maxFreeSockets: 32, timeout: 60_000, scheduling: 'lifo' as const }

/** The client of one thread: the connections that wait for their next request. */
export class FetchClient {
  private readonly http = new HttpAgent(agentOptions)
  private readonly https = new HttpsAgent(agentOptions)

  /**
   * Asks; `done` is called once, later. `allowed` is asked where every request may go, those of redirects too: null, or
   * why not. Returns the function that gives the fetch up: the socket is closed, `done` is not called any more. Throws
   * FetchError for a URL that is none or is not allowed.
   */
  fetch(url: string, ask: FetchAsk, allowed: Allowed, done: Done): () => void {
    const agent = (target: Target, fresh: boolean) => (fresh ? false : target.secure ? this.https : this.http)
    const exchange = new Exchange(url, ask, allowed, done, agent)
    try {
      exchange.begin(url, ask.method, ask.body)
    } catch (error) {
      exchange.abort()
      throw error
    }
    return () => exchange.abort()
  }

  /** Closes the idle connections. */
  close(): void {
    this.http.destroy()
    this.https.destroy()
  }
}

type Allowed = (target: Target) => string | null
type Done = (answer: FetchAnswer | FetchError) => void
type ChooseAgent = (target: Target, fresh: boolean) => Agent | SecureAgent | false

/** One fetch, from the first request to the last byte. */
class Exchange {
  private readonly ask: FetchAsk
  private readonly allowed: Allowed
  private readonly agent: ChooseAgent
  private done: Done | null
  private readonly timer: NodeJS.Timeout
  private connectTimer: NodeJS.Timeout | null = null
  private request: ClientRequest | null = null
  private url: string
  private authority = ''
  private headers: readonly string[]
  private hops = 0

  constructor(url: string, ask: FetchAsk, allowed: Allowed, done: Done, agent: ChooseAgent) {
    this.url = url
    this.ask = ask
    this.headers = ask.headers
    this.allowed = allowed
    this.done = done
    this.agent = agent
    this.timer = setTimeout(() => this.fail(`${this.url} timed out after ${ask.timeout} ms`), ask.timeout)
  }

  /** Sends one request; `fresh`: on a connection of its own. */
  begin(url: string, method: string, body: Buffer | null, fresh = false): void {
    const target = parseTarget(url, this.url)
    const refusal = this.allowed(target)
    if (refusal !== null) throw new FetchError(refusal)
    // What proves who asks is for the server that was asked (RFC 9110 §15.4).
    if (this.authority !== '' && this.authority !== target.authority) this.headers = withoutSecrets(this.headers)
    this.authority = target.authority
    this.url = `${target.secure ? 'https' : 'http'}://${target.authority}${target.path}`
    const send = target.secure ? httpsRequest : httpRequest
    const { headers } = this
    const own = hasHeader(headers, 'host') ? [] : ['Host', target.authority]
    const agent = this.agent(target, fresh)
    const bodiless = body === null && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method)
    const length = bodiless ? [] : ['Content-Length', String(body?.length ?? 0)]
    const connection = agent === false ? 'close' : 'keep-alive'
    const request = this.request = send({
      host: target.host, port: target.port, path: target.path, method, agent,
      maxHeaderSize: headLimit, insecureHTTPParser: false,
      // An array is sent as it is, in this order, and nothing is added to it.
      headers: [...own, ...headers, ...length, 'Connection', connection] as unknown as string[],
    })
    request.on('socket', (socket) => this.watchConnect(socket, target))
    request.on('response', (response) => this.response(response, method, body))
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      this.fail(`${this.url} answered 101, which was not asked for`)
    })
    request.on('error', (error: NodeJS.ErrnoException) => this.broken(error, request, target, method, body))
    request.end(body ?? undefined)
  }

  private watchConnect(socket: Socket, target: Target): void {
    this.stopConnectTimer()
    if (!socket.connecting) return
    const { connectTimeout } = this.ask
    const late = (): void => this.fail(`connect() to ${target.authority} timed out after ${connectTimeout} ms`)
    this.connectTimer = setTimeout(late, connectTimeout)
    socket.once(target.secure ? 'secureConnect' : 'connect', () => this.stopConnectTimer())
  }

  private stopConnectTimer(): void {
    if (this.connectTimer !== null) clearTimeout(this.connectTimer)
    this.connectTimer = null
  }

  private broken(
    error: NodeJS.ErrnoException, request: ClientRequest, target: Target, method: string, body: Buffer | null,
  ): void {
    if (this.done === null || request !== this.request) return
    this.stopConnectTimer()
    // A kept connection that the server closed just now has done nothing with the request (RFC 9112 §9.3.1).
    if (request.reusedSocket && idempotent.has(method) && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) {
      return this.begin(this.url, method, body, true)
    }
    if (error.code === 'HPE_HEADER_OVERFLOW') this.fail(`${this.url} answered with a head of more than ${headLimit} bytes`)
    else if (error.code?.startsWith('HPE_')) {
      this.fail(`${this.url} did not answer in HTTP (${error.message.replace(/^Parse Error: /, '')})`)
    } else if (error.code === 'ECONNRESET') this.fail(cut(this.url))
    else this.fail(systemFailure(`${error.syscall ?? 'connect'}() to ${target.authority}`, error))
  }

  private response(response: IncomingMessage, method: string, body: Buffer | null): void {
    const { ask } = this
    const status = response.statusCode!
    const { location } = response.headers
    if (this.hops < ask.redirects && location !== undefined && [301, 302, 303, 307, 308].includes(status)) {
      this.hops++
      response.resume()
      const keeps = status === 307 || status === 308 || method === 'HEAD'
      return this.follow(location, keeps ? method : 'GET', keeps ? body : null)
    }
    const parts: Buffer[] = []
    let size = 0
    response.on('data', (data: Buffer) => {
      size += data.length
      if (size > ask.limit) this.fail(`${this.url} answered with more than ${ask.limit} bytes`)
      else parts.push(data)
    })
    // A connection that ends in the middle of a body is told by both; the first counts.
    response.on('aborted', () => this.fail(cut(this.url)))
    response.on('error', (error) => this.fail(`${this.url} failed: ${error.message}`))
    response.on('end', () => {
      if (!response.complete) return this.fail(cut(this.url))
      const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      this.settle()?.({ status, headers: response.rawHeaders, body: whole })
    })
  }

  private follow(location: string, method: string, body: Buffer | null): void {
    try {
      this.begin(location, method, body)
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      this.fail(error.message)
    }
  }

  /** Ends it: returns who is to be told, once. */
  private settle(): ((answer: FetchAnswer | FetchError) => void) | null {
    const { done } = this
    this.done = null
    clearTimeout(this.timer)
    this.stopConnectTimer()
    return done
  }

  private fail(message: string): void {
    const done = this.settle()
    this.request?.destroy()
    done?.(new FetchError(message))
  }

  /** Gives it up. */
  abort(): void {
    if (this.settle() !== null) this.request?.destroy()
  }
}

function cut(url: string): string {
  return `${url} closed the connection before its answer was complete`
}

function withoutSecrets(headers: readonly string[]): string[] {
  const secret = (name: string): boolean => ['authorization', 'cookie', 'host'].includes(name.toLowerCase())
  return headers.filter((_, i) => !secret(headers[i - (i & 1)]!))
}

function hasHeader(headers: readonly string[], lower: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === lower) return true
  return false
}

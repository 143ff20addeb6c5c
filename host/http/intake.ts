import type { Connection, KnownBytes, KnownHost } from './connection.ts'
import type { RequestHead } from './head.ts'
import type { CoreSrvConf } from './core/conf.ts'
import type { HeadLimits } from './framing/parser.ts'
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'
import { State } from './connstate.ts'
import { runPhases } from './phases.ts'
import { refuseHead } from './badhead.ts'
import { parseHost } from './framing/host.ts'
import { methodNames } from './framing/names.ts'
import { normalise } from './framing/uri.ts'
import {
  O_IGNORE_INVALID, O_UNDERSCORES, F_CHUNKED, F_COMPLEX, F_EXPECT_100, F_PERSIST, F_PLUS, F_QUOTED, M_CONNECT, M_HEAD, M_TRACE, H_HOST,
  HEADER_WORDS, T_ARGS_LEN, T_ARGS_OFF, T_CL_HI, T_CL_LO, T_FLAGS, T_HEADERS, T_HOST_LEN, T_HOST_OFF, T_KNOWN, T_METHOD, T_METHOD_LEN, T_METHOD_OFF,
  T_PATH_LEN, T_PATH_OFF, T_PORT_LEN, T_PORT_OFF, T_SKIPPED, T_SKIPPED_LEN, T_SKIPPED_OFF, T_VERSION,
} from './framing/table.ts'

/** Starts the wait for a request: the header timeout on a new connection, keepalive_timeout on a used one. */
export function waitForRequest(c: Connection): void {
  c.state = State.Idle
  c.pipelined = c.end > c.position
  const { defaultServer } = c.listen
  const time = c.requests === 0 ? defaultServer.clientHeaderTimeout : c.request.location.keepaliveTimeout
  c.deadline = c.engine.now + time
}

/**
 * Parses and runs every whole request in the connection's input, until one waits, the input ends, or the connection closes. Pipelined requests
 * are answered in one batch (the writer gathers).
 */
export function readHead(c: Connection): void {
  while (c.position < c.end) {
    if (c.blockedWrites > 0) return c.stall()
    if (c.state === State.Discard) {
      if (!finishDiscard(c)) return
      continue
    }
    if (c.state !== State.Idle && c.state !== State.Head) return
    if (!c.refresh()) return c.close()
    const n = c.engine.parser.parseHead(c.position, c.end, c.limits, c.resumption)
    if (n === 0) return headIncomplete(c)
    if (n < 0) return refuseHead(c, n)
    process(c, n)
  }
}

/** Drops the rest of a request body before the next head; false while more of it is to come or the connection ended. */
function finishDiscard(c: Connection): boolean {
  const { request } = c
  request.body.more()
  if (c.state as State !== State.Discard) return true
  if (request.body.unread) {
    c.deadline = Math.min(c.engine.now + request.location.lingeringTimeout, c.lingerUntil)
    return false
  }
  waitForRequest(c)
  return true
}

function headIncomplete(c: Connection): void {
  if (c.state !== State.Idle) return
  c.state = State.Head
  c.deadline = c.engine.now + c.listen.defaultServer.clientHeaderTimeout
}

/** Gives the request object to a new request of the connection, under the present configuration of its address. */
export function begin(c: Connection): Request {
  const { engine, request: r } = c
  c.requests++
  c.state = State.Busy
  c.deadline = Infinity
  r.begin(engine.requests + 1, engine.now)
  r.pipelined = c.pipelined
  r.running = engine.requestBegan()
  const server = c.listen.defaultServer
  r.server = server
  r.main = server.ctx.main
  r.srv = server.ctx.srv
  r.useServerLocation()
  return r
}

/** Takes a parsed head over into the request, checks what only the whole head tells, and runs the phases. */
function process(c: Connection, length: number): void {
  const r = begin(c)
  const { head } = r
  head.attach(c.input, c.position)
  const { table } = head
  c.position += length
  const flags = table[T_FLAGS]!
  const method = table[T_METHOD]!
  r.method = method === 0 ? head.text(table[T_METHOD_OFF]!, table[T_METHOD_LEN]!) : methodNames[method]!
  r.headerOnly = method === M_HEAD
  r.version = table[T_VERSION]!
  r.keepalive = (flags & F_PERSIST) !== 0
  r.chunkedBody = (flags & F_CHUNKED) !== 0
  r.expectContinue = (flags & F_EXPECT_100) !== 0
  r.quotedUri = (flags & F_QUOTED) !== 0
  r.plusInUri = (flags & F_PLUS) !== 0
  const low = table[T_CL_LO]!
  const high = table[T_CL_HI]!
  r.contentLength = low === -1 && high === -1 ? -1 : high * 4294967296 + (low >>> 0)
  // Empty lines before it do not count; the body counts as it is read.
  r.requestLength = length - table[T_METHOD_OFF]!
  r.args = table[T_ARGS_LEN]! > 0 ? head.text(table[T_ARGS_OFF]!, table[T_ARGS_LEN]!) : ''
  r.body.begin(r.contentLength, r.chunkedBody)
  let status = takeTarget(c, r, flags, method)
  if (status === 0 && c.guard !== null) status = c.guard(r)
  if (status !== 0 && r.finalize(status)) runPhases(r)
  else if (status === 0) runPhases(r)
}

/** Normalised path, host, server, methods that are never served; 0 or the status to answer. The path is judged as the default server says. */
function takeTarget(c: Connection, r: Request, flags: number, method: number): number {
  const { head } = r
  const { table } = head
  if ((flags & F_COMPLEX) === 0) r.uri = pathOf(c, head, table[T_PATH_OFF]!, table[T_PATH_LEN]!)
  else {
    const path = normalise(head.text(table[T_PATH_OFF]!, table[T_PATH_LEN]!), r.server.mergeSlashes)
    if (path === null) return refuseTarget(c, r)
    r.uri = path
  }
  if (!takeHost(c, r)) return 400
  if (table[T_SKIPPED]! > 0) {
    r.log(Level.info, `client sent invalid header line: "${head.text(table[T_SKIPPED_OFF]!, table[T_SKIPPED_LEN]!)}" ${inHeaders}`)
  }
  if (method === M_TRACE || method === M_CONNECT) {
    r.log(Level.info, `client sent ${methodNames[method]} method ${inHeaders}`)
    r.keepalive = false
    return 405
  }
  return 0
}

/** The line is bad, so nginx reads no further: the headers count as never seen. */
function refuseTarget(c: Connection, r: Request): number {
  const { table } = r.head
  const line = r.requestLine
  r.requestLength = line.length + 2
  r.contentLength = -1
  r.uri = ''
  r.keepalive = r.expectContinue = r.chunkedBody = false
  r.body.begin(-1, false)
  if (table[T_HOST_LEN]! > 0) takeHost(c, r)
  r.head.invalidate(line, true)
  r.log(Level.info, `client sent invalid request ${inLine(c)}`)
  return 400
}

/** What nginx is doing while it reads the request line, for the log. */
export function inLine(c: Connection): string {
  return c.pipelined ? 'while reading client pipelined request line' : 'while reading client request line'
}

/** What nginx is doing while it reads header lines, for the log. */
export const inHeaders = 'while reading client request headers'

/** The host of an absolute target wins over the Host header (RFC 9112 §3.2.2); it chooses the server. False: 400, and the reason is logged. */
export function takeHost(c: Connection, r: Request): boolean {
  const { head } = r
  const { table } = head
  r.host = ''
  r.hostPort = 0
  const line = table[T_KNOWN + H_HOST]!
  const at = T_HEADERS + line * HEADER_WORDS
  let known: KnownHost | null = null
  if (table[T_HOST_LEN]! > 0) {
    const end = table[T_PORT_OFF]! >= 0 ? table[T_PORT_OFF]! + table[T_PORT_LEN]! : table[T_HOST_OFF]! + table[T_HOST_LEN]!
    known = hostOf(c, head, table[T_HOST_OFF]!, end - table[T_HOST_OFF]!)
    if (known === null) return refuseHost(r, `client sent invalid host in request line ${inLine(c)}`)
    if (line >= 0 && parseHost(head.text(table[at + 2]!, table[at + 3]!)) === null) return refuseHost(r, `client sent invalid host header ${inHeaders}`)
  } else if (line >= 0) {
    known = hostOf(c, head, table[at + 2]!, table[at + 3]!)
    if (known === null) return refuseHost(r, `client sent invalid host header ${inHeaders}`)
  }
  if (known !== null) {
    r.host = known.host
    r.hostPort = known.port
  }
  chooseServer(c, r)
  return true
}

function refuseHost(r: Request, message: string): boolean {
  r.log(Level.info, message)
  r.keepalive = false
  return false
}

/** Whether the head has these bytes at an offset. */
function hasBytes(c: Connection, head: RequestHead, offset: number, length: number, known: KnownBytes): boolean {
  if (known.length !== length) return false
  const expected = known.bytes
  const { bytes } = head
  const { memory } = c.engine
  const start = head.base + offset
  // From the end: hosts and paths of one client mostly differ there.
  let i = length
  if (bytes === memory.bytes) {
    const { view } = memory
    for (; i >= 4; i -= 4) if (view.getInt32(start + i - 4, true) !== expected.getInt32(i - 4, true)) return false
  }
  for (i--; i >= 0; i--) if (bytes[start + i] !== expected.getUint8(i)) return false
  return true
}

function bytesOf(text: string): DataView {
  return new DataView(Uint8Array.from(Buffer.from(text, 'latin1')).buffer)
}

/** The path in these bytes of the head as a string; the one of the connection's last request again when the bytes are the same. */
function pathOf(c: Connection, head: RequestHead, offset: number, length: number): string {
  const last = c.lastPath
  if (last !== null && hasBytes(c, head, offset, length, last)) return last.text
  const text = head.text(offset, length)
  // Clients that poll ask for one path; with others remembering would only cost.
  if (length <= 128 && c.pathsSeen < 4) {
    c.pathsSeen++
    c.lastPath = { bytes: bytesOf(text), length, text, tree: null, found: null }
  }
  return text
}

/** The host in these bytes of the head; a client repeats its host, so the connection's last one is compared before anything is parsed. */
function hostOf(c: Connection, head: RequestHead, offset: number, length: number): KnownHost | null {
  const last = c.lastHost
  if (last !== null && hasBytes(c, head, offset, length, last)) return last
  const text = head.text(offset, length)
  const parsed = parseHost(text)
  if (parsed === null) return null
  return c.lastHost = { bytes: bytesOf(text), length, host: parsed.host, port: parsed.port }
}

function chooseServer(c: Connection, r: Request): void {
  const server = c.listen.find(r.host, r)
  if (server === r.server) return
  r.server = server
  r.srv = server.ctx.srv
  r.useServerLocation()
}

/** The bounds of a head are the default server's: the Host that would choose another is not known yet. */
export function headLimits(server: CoreSrvConf): HeadLimits {
  const { count, size } = server.largeClientHeaderBuffers
  return {
    smallBuf: server.clientHeaderBufferSize, largeNum: count, largeSize: size, maxHeaders: server.maxHeaders,
    flags: (server.ignoreInvalidHeaders ? O_IGNORE_INVALID : 0) | (server.underscoresInHeaders ? O_UNDERSCORES : 0),
  }
}

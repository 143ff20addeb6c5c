/** Request heads that are wrong or never become whole: what was understood of them is kept for the log, the error page and the choice of the server. */
import type { Connection } from './connection.ts'
import type { HeadLimits } from './framing/parser.ts'
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'
import { State } from './connstate.ts'
import { terminate } from './finalize.ts'
import { runPhases } from './phases.ts'
import { begin, inHeaders, inLine, takeHost } from './intake.ts'
import { headError, headErrorText } from './framing/errors.ts'
import { TsHead } from './framing/head.ts'
import { methodNames } from './framing/names.ts'
import { normalise } from './framing/uri.ts'
import { parseHost } from './framing/host.ts'
import {
  E_DUPLICATE_HOST, E_METHOD_09, E_TOO_MANY_HEADERS, F_COMPLEX, HEADER_WORDS, H_HOST, M_HEAD, TABLE_BYTES, T_ARGS_LEN, T_ARGS_OFF, T_COUNT, T_ERR_OFF,
  T_ERR_POS, T_FLAGS, T_HEADERS, T_HEAD_LEN, T_HOST_LEN, T_METHOD, T_METHOD_LEN, T_METHOD_OFF, T_PATH_LEN, T_PATH_OFF, T_VERSION, T_WORDS,
} from './framing/table.ts'

/** Where the part of a bad head is parsed once more; only the words that are used are copied out. */
const table = new Int32Array(TABLE_BYTES / 4)

/** A head that is no HTTP: logs nginx's sentence, answers the status, closes. `code` is the head parser's, its table still holds the culprit. */
export function refuseHead(c: Connection, code: number): void {
  const { status } = headError(code)
  const message = headErrorText(code, c.input, c.position, c.engine.memory.table)
  const r = begin(c)
  const inside = takePart(c, r, code)
  // What is understood of a line without a protocol is answered as HTTP/0.9: the page alone.
  if (code === E_METHOD_09) r.version = 9
  r.log(Level.info, `${message} ${inside ? inHeaders : inLine(c)}`)
  c.position = c.end
  if (r.finalize(status)) runPhases(r)
  if (!r.finished) return
  if (c.state !== State.Linger && c.state !== State.Closed) terminate(r, 0)
}

/** The client left, or took too long, in the middle of a head: `status` goes to the access log, not a byte to the client (nginx.md §8). */
export function abandonHead(c: Connection, message: string, status: number): void {
  if (!c.refresh()) return c.abort()
  const r = begin(c)
  const inside = takePart(c, r, 0)
  c.position = c.end
  r.log(Level.info, `${message} ${inside ? inHeaders : inLine(c)}`)
  terminate(r, status)
}

/** Takes over into the request what of the connection's input is understood. False when that is not even the request line. */
function takePart(c: Connection, r: Request, code: number): boolean {
  r.method = 'GET'
  r.uri = r.args = r.host = ''
  r.hostPort = r.requestLength = 0
  r.contentLength = -1
  // The version of a request that has not told it yet (nginx).
  r.version = 1000
  r.headerOnly = r.keepalive = r.chunkedBody = r.expectContinue = r.quotedUri = r.plusInUri = false
  r.body.begin(-1, false)
  const bytes = Buffer.from(c.input.subarray(c.position, c.end))
  const understood = parsePart(bytes, c.limits)
  if (!understood) {
    r.head.invalidate(/^[\r\n]*([^\r\n]*)/.exec(bytes.latin1Slice(0, Math.min(bytes.length, 2048)))![1]!)
    return false
  }
  r.head.attachOwn(table.slice(0, table[T_WORDS]), bytes)
  takeLine(c, r)
  r.requestLength = Math.max(0, goodBytes(bytes, code) - table[T_METHOD_OFF]!)
  return true
}

/** Where the last good line ends; a line that is refused for what it says is good. */
function goodBytes(bytes: Buffer, code: number): number {
  if (code === 0) return bytes.lastIndexOf(10) + 1
  return code <= E_DUPLICATE_HOST || code === E_TOO_MANY_HEADERS ? table[T_ERR_POS]! + 1 : table[T_ERR_OFF]!
}

/** Fills the table as far as the bytes are good; false when the request line is not whole. */
function parsePart(bytes: Buffer, limits: HeadLimits): boolean {
  table[T_VERSION] = 0
  table[T_COUNT] = 0
  new TsHead(bytes, table).parseHead(0, bytes.length, limits)
  table[T_HEAD_LEN] = bytes.length
  table[T_WORDS] = T_HEADERS + table[T_COUNT]! * HEADER_WORDS
  return table[T_VERSION] !== 0
}

/** Method, target and host of a head whose line is whole. */
function takeLine(c: Connection, r: Request): void {
  const { head } = r
  const words = head.table
  const method = words[T_METHOD]!
  r.method = method === 0 ? head.text(words[T_METHOD_OFF]!, words[T_METHOD_LEN]!) : methodNames[method]!
  r.headerOnly = method === M_HEAD
  r.version = words[T_VERSION]!
  const path = head.text(words[T_PATH_OFF]!, words[T_PATH_LEN]!)
  r.uri = (words[T_FLAGS]! & F_COMPLEX) === 0 ? path : normalise(path, r.server.mergeSlashes) ?? ''
  if (words[T_ARGS_LEN]! > 0) r.args = head.text(words[T_ARGS_OFF]!, words[T_ARGS_LEN]!)
  const host = head.known(H_HOST)
  if (words[T_HOST_LEN]! > 0 || (host !== null && parseHost(host) !== null)) takeHost(c, r)
}

// The request head parser, in AssemblyScript: the same rules and results as head.ts beside table.ts, which says why they are so. It works in place, allocates
// nothing, and keeps no state between calls but the limits.
import * as t from '../table'
import { clear, get, put, putAbsent, putRange, refuse, region } from './state'
import { connectionFlags, headerId, isChunked, isContinue, methodId } from './known'
import { nameEnd, valueEnd } from './scan'
import { fault, scanTarget } from './target'

let smallBuf: usize = 1024
let largeNum: i32 = 4
let largeSize: usize = 8192
let maxHeaders: i32 = 1000
let options: i32 = t.O_IGNORE_INVALID

let start: usize = 0
let end: usize = 0
/** nginx's header buffer, emulated: where the one in use ends, and how many large ones are taken. */
let bufEnd: usize = 0
let busy: i32 = 0
/** The line being parsed, the one before it, the first header line (0 in the request line), and where the next line begins. */
let line: usize = 0
let lineBefore: usize = 0
let headers: usize = 0
let next: usize = 0
let count: i32 = 0
let flags: i32 = 0

/** Sets the limits of the heads parsed from now on: HeadLimits of parser.ts. */
export function limits(small: i32, number: i32, size: i32, headerLines: i32, bits: i32): void {
  smallBuf = small
  largeNum = number
  largeSize = size
  maxHeaders = headerLines < t.MAX_HEADERS ? headerLines : t.MAX_HEADERS
  options = bits
}

/** parseHead of parser.ts without its resuming. */
export function parse(from: usize, to: usize): i32 {
  start = from
  end = to
  region(from, to)
  busy = 0
  headers = 0
  let p = from
  while (p < to && (load<u8>(p) == 0x0d || load<u8>(p) == 0x0a)) p++
  line = lineBefore = p
  bufEnd = from + smallBuf
  if (p != from) {
    if (p - from > smallBuf + <usize>largeNum * largeSize) return refuse(t.E_TOO_LARGE, p, p, p - 1)
    bufEnd += smallBuf * ((p - from) / smallBuf)
  }
  if (p == to) return incomplete()
  clear(t.T_KNOWN, t.T_HEADERS)
  put(t.T_FLAGS, 0)
  put(t.T_SKIPPED, 0)
  putAbsent(t.T_SKIPPED_OFF)
  put(t.T_CL_LO, -1)
  put(t.T_CL_HI, -1)
  count = 0
  const result = requestLine(p)
  if (result != 1) return result
  flags = get(t.T_FLAGS)
  if (get(t.T_VERSION) == 9) return finish(next)
  headers = next
  return headerLines()
}

function requestLine(method: usize): i32 {
  let p = method
  while (p < end && isMethodByte(load<u8>(p))) p++
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x20 || p == method) return fail(t.E_METHOD, p)
  put(t.T_METHOD, methodId(method, p - method))
  putRange(t.T_METHOD_OFF, method, p)
  while (p < end && load<u8>(p) == 0x20) p++
  if (p == end) return incomplete()
  const target = p
  p = scanTarget(p, end)
  if (p == 0) return fail(t.E_REQUEST, fault)
  if (p == end) return incomplete()
  putRange(t.T_TARGET_OFF, target, p)
  // What almost everybody sends, in one comparison.
  if (p + 10 <= end && load<u64>(p + 1) == 0x312e312f50545448 && load<u8>(p) == 0x20) {
    putRange(t.T_PROTO_OFF, p + 1, p + 9)
    return requestLineEnd(p + 9, 1001)
  }
  return version(p)
}

// @ts-ignore: decorator
@inline
function isMethodByte(c: u32): bool {
  return c - 0x41 < 26 || c == 0x5f || c == 0x2d
}

// @ts-ignore: decorator
@inline
function isDigit(c: u32): bool {
  return c - 0x30 < 10
}

function version(p: usize): i32 {
  while (p < end && load<u8>(p) == 0x20) p++
  if (p == end) return incomplete()
  if (load<u8>(p) == 0x0d || load<u8>(p) == 0x0a) {
    putAbsent(t.T_PROTO_OFF)
    return requestLineEnd(p, 9)
  }
  const from = p
  for (let i = 0; i < 5; i++, p++) {
    if (p == end) return incomplete()
    if (load<u8>(p) != <u32>(<u64>0x2f50545448 >> (i << 3) & 0xff)) return fail(t.E_REQUEST, p)
  }
  let major: i32 = 0
  for (; p < end && isDigit(load<u8>(p)); p++) {
    major = major * 10 + load<u8>(p) - 0x30
    if (major == 0) return fail(t.E_REQUEST, p)
    if (major > 1) return fail(t.E_VERSION, p)
  }
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x2e || major == 0) return fail(t.E_REQUEST, p)
  const digits = ++p
  let minor: i32 = 0
  for (; p < end && isDigit(load<u8>(p)); p++) {
    minor = minor * 10 + load<u8>(p) - 0x30
    if (minor > 99) return fail(t.E_REQUEST, p)
  }
  if (p == end) return incomplete()
  if (p == digits) return fail(t.E_REQUEST, p)
  putRange(t.T_PROTO_OFF, from, p)
  while (p < end && load<u8>(p) == 0x20) p++
  return requestLineEnd(p, 1000 * major + minor)
}

function requestLineEnd(p: usize, number: i32): i32 {
  const stop = p
  while (p < end && number != 9 && load<u8>(p) == 0x20) p++
  const last = p
  if (p < end && load<u8>(p) == 0x0d) p++
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x0a) {
    // The quick comparison took `HTTP/1.1` for the whole version; more digits may follow.
    return p == stop && isDigit(load<u8>(p)) ? version(stop - 9) : fail(t.E_REQUEST, p)
  }
  if (number == 9 && get(t.T_METHOD) != t.M_GET) return fail(t.E_METHOD_09, p)
  if (!fits(p + 1)) return overflow()
  put(t.T_VERSION, number)
  put(t.T_LINE_LEN, <i32>(last - line))
  next = p + 1
  return 1
}

function headerLines(): i32 {
  let before = line
  let result = 1
  while (result == 1) {
    const p = next
    line = p
    lineBefore = before
    before = p
    if (p == end) return incomplete()
    const c = load<u8>(p)
    if (c <= 0x0d) {
      if (c == 0x0a) return fits(p + 1) ? finish(p + 1) : overflow()
      if (c == 0x0d) {
        if (p + 1 == end) return incomplete()
        if (load<u8>(p + 1) != 0x0a) return fail(t.E_HEADER, p + 1)
        return fits(p + 2) ? finish(p + 2) : overflow()
      }
    }
    result = headerLine(p)
  }
  return result
}

function headerLine(name: usize): i32 {
  let colon = nameEnd(name, end)
  if (colon == end) return incomplete()
  let c: u32 = load<u8>(colon)
  let foreign: usize = 0
  let invalid = false
  if (c != 0x3a || colon == name) {
    // Something else than a colon after letters: end of line, error, or a name that nginx calls invalid.
    for (; colon < end; colon++) {
      c = load<u8>(colon)
      if (c <= 0x20 || c == 0x3a || c == 0x7f) break
      if (isPlain(c) || (c == 0x5f && (options & t.O_UNDERSCORES) != 0)) continue
      invalid = true
      if (foreign == 0 && !isToken(c)) foreign = colon
    }
    if (colon == end) return incomplete()
    if (colon > name && (c == 0x0d || c == 0x0a)) return lineEnd(colon)
    if (c != 0x3a || colon == name) return fail(t.E_HEADER, colon)
  }
  let value = colon + 1
  while (value < end && isBlank(load<u8>(value))) value++
  let last = valueEnd(value, end)
  if (last < end && load<u8>(last) == 0) return fail(t.E_HEADER, last)
  const result = lineEnd(last)
  if (result != 1) return result
  if (invalid) {
    if ((options & t.O_IGNORE_INVALID) != 0) return skip(name, last)
    if (foreign != 0) return fail(t.E_HEADER, foreign)
  }
  while (last > value && isBlank(load<u8>(last - 1))) last--
  return field(name, colon - name, value, last)
}

// @ts-ignore: decorator
@inline
function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09
}

// @ts-ignore: decorator
@inline
function isPlain(c: u32): bool {
  return (c | 0x20) - 0x61 < 26 || isDigit(c) || c == 0x2d
}

/** The other token characters: `!#$%&'*+.^_`|~`. */
function isToken(c: u32): bool {
  if (c - 0x21 < 14) return (<u32>0x267d >>> (c - 0x21) & 1) != 0
  return c == 0x5e || c == 0x5f || c == 0x60 || c == 0x7c || c == 0x7e
}

// @ts-ignore: decorator
@inline
function lineEnd(p: usize): i32 {
  if (p < end && load<u8>(p) == 0x0d) p++
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x0a) return fail(t.E_HEADER, p)
  if (!fits(p + 1)) return overflow()
  next = p + 1
  return 1
}

function skip(from: usize, to: usize): i32 {
  const before = get(t.T_SKIPPED)
  put(t.T_SKIPPED, before + 1)
  if (before == 0) {
    putRange(t.T_SKIPPED_OFF, from, to)
    flags |= t.F_SKIPPED
  }
  return 1
}

// @ts-ignore: decorator
@inline
function field(name: usize, length: usize, value: usize, last: usize): i32 {
  const index = count
  if (index >= maxHeaders) return fail(t.E_TOO_MANY_HEADERS, next - 1)
  if (length > 0xffff) return fail(t.E_HEADER_TOO_LONG, next - 1)
  const id = headerId(name, length)
  if (id != 0) {
    const first = get(t.T_KNOWN + id)
    if (first < 0) put(t.T_KNOWN + id, index)
    else if ((t.UNIQUE_HEADERS >>> id & 1) != 0) return duplicate(id, first, name, last)
    if (id == t.H_CONNECTION) flags |= connectionFlags(value, last)
  }
  const at = t.T_HEADERS + index * t.HEADER_WORDS
  put(at, <i32>(name - start))
  put(at + 1, <i32>length | id << 16)
  putRange(at + 2, value, last)
  count = index + 1
  return 1
}

function duplicate(id: i32, first: i32, name: usize, last: usize): i32 {
  const previous = t.T_HEADERS + first * t.HEADER_WORDS
  const code = refuse(id == t.H_HOST ? t.E_DUPLICATE_HOST : t.E_DUPLICATE, name, last, next - 1)
  put(t.T_ERR_PREV, get(previous))
  put(t.T_ERR_PREV_LEN, get(previous + 2) + get(previous + 3) - get(previous))
  return code
}

function finish(stop: usize): i32 {
  const number = get(t.T_VERSION)
  if (get(t.T_KNOWN + t.H_HOST) >= 0) flags |= t.F_HOST
  else if (number > 1000) return refuse(t.E_NO_HOST, line, line, stop - 1)
  const framed = framing(number, stop)
  if (framed < 0) return framed
  flags |= framed
  const expect = get(t.T_KNOWN + t.H_EXPECT)
  if (expect >= 0 && number > 1000 && isContinue(valueAt(expect), valueLength(expect))) flags |= t.F_EXPECT_100
  if (get(t.T_KNOWN + t.H_UPGRADE) >= 0) flags |= t.F_UPGRADE
  if (get(t.T_KNOWN + t.H_TE) >= 0) flags |= t.F_TE
  if ((flags & t.F_CLOSE) == 0 && (number > 1000 || (flags & t.F_KEEP_ALIVE) != 0)) flags |= t.F_PERSIST
  put(t.T_FLAGS, flags)
  put(t.T_COUNT, count)
  put(t.T_WORDS, t.T_HEADERS + count * t.HEADER_WORDS)
  put(t.T_HEAD_LEN, <i32>(stop - start))
  return <i32>(stop - start)
}

// @ts-ignore: decorator
@inline
function valueAt(index: i32): usize {
  return start + get(t.T_HEADERS + index * t.HEADER_WORDS + 2)
}

// @ts-ignore: decorator
@inline
function valueLength(index: i32): usize {
  return get(t.T_HEADERS + index * t.HEADER_WORDS + 3)
}

function framing(number: i32, stop: usize): i32 {
  const length = get(t.T_KNOWN + t.H_CONTENT_LENGTH)
  let bits = 0
  if (length >= 0) {
    const n = decimal(valueAt(length), valueLength(length))
    if (n < 0) return refuseField(t.E_CONTENT_LENGTH, length, stop)
    put(t.T_CL_LO, <i32>n)
    put(t.T_CL_HI, <i32>(n >> 32))
    if (n > 0) bits = t.F_BODY
  }
  const encoding = get(t.T_KNOWN + t.H_TRANSFER_ENCODING)
  if (encoding < 0) return bits
  if (number < 1001) return refuseField(t.E_TE_IN_10, encoding, stop)
  if (!isChunked(valueAt(encoding), valueLength(encoding))) return refuseField(t.E_UNKNOWN_TE, encoding, stop)
  if (length >= 0) return refuseField(t.E_LENGTH_AND_TE, encoding, stop)
  return t.F_BODY | t.F_CHUNKED
}

/** The decimal number of these digits, −1 when it is none or above 2^53−1. */
function decimal(p: usize, length: usize): i64 {
  if (length == 0) return -1
  let n: i64 = 0
  for (let i: usize = 0; i < length; i++) {
    const c: u32 = load<u8>(p + i)
    if (!isDigit(c)) return -1
    n = n * 10 + (c - 0x30)
    if (n > 9007199254740991) return -1
  }
  return n
}

// @ts-ignore: decorator
@inline
function fits(stop: usize): bool {
  return stop <= bufEnd || moved(stop)
}

/** Takes a large buffer for the line; whether it holds it up to `stop`. */
function moved(stop: usize): bool {
  if ((bufEnd > line && bufEnd - line >= largeSize) || busy >= largeNum) return false
  busy++
  bufEnd = line + largeSize
  return stop <= bufEnd
}

function overflow(): i32 {
  if (headers == 0) return refuse(t.E_URI_TOO_LONG, line, bufEnd, bufEnd - 1)
  if (bufEnd > line) return refuse(t.E_HEADER_TOO_LONG, line, bufEnd, bufEnd - 1)
  if (line == headers) return refuse(t.E_TOO_LARGE, line, line, bufEnd - 1)
  return refuse(t.E_HEADER_TOO_LONG, lineBefore, bufEnd, bufEnd - 1)
}

function incomplete(): i32 {
  if (!fits(end + 1)) return overflow()
  const length = end - start
  let wake = length + (length > 64 ? length : 64)
  if (wake > bufEnd - start) wake = bufEnd - start
  put(t.T_WAKE, headers == 0 ? -(<i32>wake) : <i32>wake)
  return 0
}

function fail(code: i32, at: usize): i32 {
  if (!fits(at + 1)) return overflow()
  return refuse(code, line, at, at)
}

function refuseField(code: i32, index: i32, stop: usize): i32 {
  const at = t.T_HEADERS + index * t.HEADER_WORDS
  return refuse(code, start + get(at), start + get(at + 2) + get(at + 3), stop - 1)
}

// The request head parser, in AssemblyScript: the same rules and results as head.ts beside table.ts, which says why
// they are so. It works in place, allocates nothing, and keeps no state between calls but the limits.
import * as t from '../table'
import {
  beginHead, beginHeaders, beginLine, bufEnd, fail, fits, incomplete, line, maxHeaders, options, overflow, refuseField,
} from './bounds'
import { connectionFlags, headerId, isChunked, isContinue, isDigit } from './known'
import { requestLine } from './requestline'
import { nameEnd, valueEnd } from './scan'
import { clear, end, get, put, putAbsent, putRange, refuse, region, start } from './state'

export { limits } from './bounds'

/** Of the head being parsed: header lines and flags so far. */
let count: i32 = 0
let flags: i32 = 0

/** Copies `length` bytes within the memory; for the writer of responses, which has no faster way. */
export function copy(to: usize, from: usize, length: usize): void {
  memory.copy(to, from, length)
}

/** parseHead of parser.ts without its resuming. */
export function parse(from: usize, to: usize): i32 {
  region(from, to)
  let p = from
  while (p < to && (load<u8>(p) == 0x0d || load<u8>(p) == 0x0a)) p++
  const begun = beginHead(p)
  if (begun < 0) return begun
  if (p == to) return incomplete()
  clear(t.T_KNOWN, t.T_HEADERS)
  put(t.T_FLAGS, 0)
  put(t.T_SKIPPED, 0)
  putAbsent(t.T_SKIPPED_OFF)
  put(t.T_CL_LO, -1)
  put(t.T_CL_HI, -1)
  count = 0
  const next = requestLine(p)
  if (next <= 0) return next
  flags = get(t.T_FLAGS)
  if (get(t.T_VERSION) == 9) return finish(next)
  beginHeaders(next)
  return headerLines(next)
}

/** What parse returns, from the first header line on. */
function headerLines(first: usize): i32 {
  let p = first
  for (;;) {
    beginLine(p)
    if (p == end) return incomplete()
    if (load<u8>(p) <= 0x0d) {
      const stop = headEnd(p)
      return stop > 0 ? finish(stop) : stop
    }
    const next = headerLine(p)
    if (next <= 0) return next
    p = next
  }
  return 0
}

/** A line that begins with a control character: the empty line that ends the head, or an error. */
function headEnd(p: usize): i32 {
  let stop = p
  if (load<u8>(p) == 0x0d && ++stop == end) return incomplete()
  if (load<u8>(stop) != 0x0a) return fail(t.E_HEADER, stop)
  return fits(stop + 1) ? <i32>(stop + 1) : overflow()
}

/** Returns where the line after this one begins, or what parse returns (0 or less). */
function headerLine(name: usize): i32 {
  const colon = nameEnd(name, end)
  if (colon == end) return incomplete()
  if (load<u8>(colon) != 0x3a || colon == name) return oddLine(name, colon)
  let value = colon + 1
  while (value < end && isBlank(load<u8>(value))) value++
  let last = valueEnd(value, end)
  const next = lineEnd(last)
  if (next <= 0) return next
  while (last > value && isBlank(load<u8>(last - 1))) last--
  return field(name, colon - name, value, last, next)
}

/**
 * A line whose name is followed, at p, by something else than a colon: a line without one, an error, or a name that
 * nginx calls invalid.
 */
function oddLine(name: usize, p: usize): i32 {
  let c: u32 = 0
  let foreign: usize = 0
  let invalid = false
  for (; p < end; p++) {
    c = load<u8>(p)
    if (c <= 0x20 || c == 0x3a || c == 0x7f) break
    if (isPlain(c) || (c == 0x5f && (options & t.O_UNDERSCORES) != 0)) continue
    invalid = true
    if (foreign == 0 && !isToken(c)) foreign = p
  }
  if (p == end) return incomplete()
  if (p > name && (c == 0x0d || c == 0x0a)) return lineEnd(p)
  if (c != 0x3a || p == name) return fail(t.E_HEADER, p)
  let value = p + 1
  while (value < end && isBlank(load<u8>(value))) value++
  let last = valueEnd(value, end)
  const next = lineEnd(last)
  if (next <= 0) return next
  if (invalid && (options & t.O_IGNORE_INVALID) != 0) return skip(name, last, next)
  if (foreign != 0) return fail(t.E_HEADER, foreign)
  while (last > value && isBlank(load<u8>(last - 1))) last--
  return field(name, p - name, value, last, next)
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

/** The line end at p, where a value stopped. */
// @ts-ignore: decorator
@inline
function lineEnd(p: usize): i32 {
  if (p + 2 <= end && load<u16>(p) == 0x0a0d && p + 2 <= bufEnd) return <i32>(p + 2)
  return otherLineEnd(p)
}

/** A bare LF, a line end that is not all there, one beyond nginx's buffer, or a byte that ends no line. */
function otherLineEnd(p: usize): i32 {
  if (p < end && load<u8>(p) == 0x0d) p++
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x0a) return fail(t.E_HEADER, p)
  return fits(p + 1) ? <i32>(p + 1) : overflow()
}

function skip(from: usize, to: usize, next: i32): i32 {
  const before = get(t.T_SKIPPED)
  put(t.T_SKIPPED, before + 1)
  if (before == 0) {
    putRange(t.T_SKIPPED_OFF, from, to)
    flags |= t.F_SKIPPED
  }
  return next
}

/** Takes a well-formed line into the table; `next` is where the line after it begins, and the answer. */
function field(name: usize, length: usize, value: usize, last: usize, next: i32): i32 {
  const index = count
  if (index >= maxHeaders) return fail(t.E_TOO_MANY_HEADERS, next - 1)
  if (length > 0xffff) return fail(t.E_HEADER_TOO_LONG, next - 1)
  const id = headerId(name, length)
  if (id != 0) {
    const first = get(t.T_KNOWN + id)
    if (first < 0) put(t.T_KNOWN + id, index)
    else if ((t.UNIQUE_HEADERS >>> id & 1) != 0) return duplicate(id, first, name, last, next)
    if (id == t.H_CONNECTION) flags |= connectionFlags(value, last)
  }
  const at = t.T_HEADERS + index * t.HEADER_WORDS
  put(at, <i32>(name - start))
  put(at + 1, <i32>length | id << 16)
  putRange(at + 2, value, last)
  count = index + 1
  return next
}

function duplicate(id: i32, first: i32, name: usize, last: usize, next: i32): i32 {
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


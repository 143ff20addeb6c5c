// Where the parser is, and nginx's header buffers, which decide when a line is too long: bounds.ts beside table.ts.
// Every error and every "incomplete" passes here, so that what nginx would have run out of buffer for comes first.
import * as t from '../table'
import { end, get, put, refuse, start } from './state'

let smallBuf: usize = 1024
let largeNum: i32 = 4
let largeSize: usize = 8192
export let maxHeaders: i32 = 1000
export let options: i32 = t.O_IGNORE_INVALID

/** nginx's header buffer, emulated: where the one in use ends, and how many large ones are taken. */
export let bufEnd: usize = 0
let busy: i32 = 0
/** The line being parsed, the one before it, and the first header line (0 in the request line). */
export let line: usize = 0
let lineBefore: usize = 0
let headers: usize = 0

/** Sets the limits of the heads parsed from now on: HeadLimits of parser.ts. */
export function limits(small: i32, number: i32, size: i32, headerLines: i32, bits: i32): void {
  smallBuf = small
  largeNum = number
  largeSize = size
  maxHeaders = headerLines < t.MAX_HEADERS ? headerLines : t.MAX_HEADERS
  options = bits
}

/** Begins a head whose first line is at `first`, after empty lines. Returns 0, or the error of too many of those. */
export function beginHead(first: usize): i32 {
  busy = 0
  headers = 0
  line = lineBefore = first
  bufEnd = start + smallBuf
  if (first != start) {
    if (first - start > smallBuf + <usize>largeNum * largeSize) return refuse(t.E_TOO_LARGE, first, first, first - 1)
    bufEnd += smallBuf * ((first - start) / smallBuf)
  }
  return 0
}

/** The request line is done; header lines begin at p. */
// @ts-ignore: decorator
@inline
export function beginHeaders(p: usize): void {
  headers = p
}

/** The next line begins at p. */
// @ts-ignore: decorator
@inline
export function beginLine(p: usize): void {
  lineBefore = line
  line = p
}

// @ts-ignore: decorator
@inline
export function fits(stop: usize): bool {
  return stop <= bufEnd || moved(stop)
}

/** Takes a large buffer for the line; whether it holds it up to `stop`. */
function moved(stop: usize): bool {
  if ((bufEnd > line && bufEnd - line >= largeSize) || busy >= largeNum) return false
  busy++
  bufEnd = line + largeSize
  return stop <= bufEnd
}

export function overflow(): i32 {
  if (headers == 0) return refuse(t.E_URI_TOO_LONG, line, bufEnd, bufEnd - 1)
  if (bufEnd > line) return refuse(t.E_HEADER_TOO_LONG, line, bufEnd, bufEnd - 1)
  if (line == headers) return refuse(t.E_TOO_LARGE, line, line, bufEnd - 1)
  return refuse(t.E_HEADER_TOO_LONG, lineBefore, bufEnd, bufEnd - 1)
}

export function incomplete(): i32 {
  if (!fits(end + 1)) return overflow()
  const length = end - start
  let wake = length + (length > 64 ? length : 64)
  if (wake > bufEnd - start) wake = bufEnd - start
  put(t.T_WAKE, headers == 0 ? -(<i32>wake) : <i32>wake)
  return 0
}

export function fail(code: i32, at: usize): i32 {
  if (!fits(at + 1)) return overflow()
  return refuse(code, line, at, at)
}

export function refuseField(code: i32, index: i32, stop: usize): i32 {
  const at = t.T_HEADERS + index * t.HEADER_WORDS
  return refuse(code, start + get(at), start + get(at + 2) + get(at + 3), stop - 1)
}

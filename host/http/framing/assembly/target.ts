import * as t from '../table'
import { get, put, putAbsent, putRange, start } from './state'
import { isDigit } from './known'
import { argsEnd, pathMarks } from './scan'

/** A scan's answer when a byte must not be there: `fault` is that byte, and the function returned 0. */
export let fault: usize = 0

// @ts-ignore: decorator
@inline
function wrong(p: usize): usize {
  fault = p
  return 0
}

// @ts-ignore: decorator
@inline
function isAlpha(c: u32): bool {
  return (c | 0x20) - 0x61 < 26
}

/** `-._~!$&'()*+,;=`: what RFC 3986 §3.2.2 allows in a host besides letters and digits. */
function isHostMark(c: u32): bool {
  // Bits of 0x21…0x3d.
  if (c - 0x21 < 29) return (<u32>0x14003fe9 >>> (c - 0x21) & 1) != 0
  return c == 0x5f || c == 0x7e
}

/**
 * Scans the target at p; see target.ts beside table.ts. Returns its end, `stop` when more is needed, 0 with `fault`
 * set.
 */
export function scanTarget(p: usize, stop: usize): usize {
  putAbsent(t.T_HOST_OFF)
  putAbsent(t.T_PORT_OFF)
  put(t.T_SCHEME, t.SCHEME_NONE)
  if (get(t.T_METHOD) == t.M_CONNECT) return scanAuthority(p, stop, true)
  if (load<u8>(p) == 0x2f) return scanPath(p, p, stop)
  if (!isAlpha(load<u8>(p))) return wrong(p)
  return scanAbsolute(p, stop)
}

function scanAbsolute(scheme: usize, stop: usize): usize {
  let p = scheme
  while (p < stop && isSchemeByte(load<u8>(p))) p++
  const length = p - scheme
  for (let i = 0; i < 3; i++, p++) {
    if (p == stop) return stop
    if (load<u8>(p) != (i == 0 ? 0x3a : 0x2f)) return wrong(p)
  }
  let kind = t.SCHEME_OTHER
  if ((length == 4 || length == 5) && (load<u32>(scheme) | 0x20202020) == 0x70747468) {
    if (length == 4) kind = t.SCHEME_HTTP
    else if ((load<u8>(scheme, 4) | 0x20) == 0x73) kind = t.SCHEME_HTTPS
  }
  put(t.T_SCHEME, kind)
  put(t.T_FLAGS, get(t.T_FLAGS) | t.F_ABSOLUTE)
  return scanAuthority(p, stop, false)
}

// @ts-ignore: decorator
@inline
function isSchemeByte(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x2b || c == 0x2d || c == 0x2e
}

/** The end of a host with or without brackets; `stop` when more is needed, 0 with `fault` set. */
function hostEnd(host: usize, stop: usize): usize {
  let p = host
  if (p < stop && load<u8>(p) == 0x5b) {
    p++
    while (p < stop && isLiteralByte(load<u8>(p))) p++
    if (p == stop) return stop
    return load<u8>(p) != 0x5d || p == host + 1 ? wrong(p) : p + 1
  }
  while (p < stop && isNameByte(load<u8>(p))) p++
  return p == host && p < stop ? wrong(p) : p
}

// @ts-ignore: decorator
@inline
function isLiteralByte(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x3a || isHostMark(c)
}

// @ts-ignore: decorator
@inline
function isNameByte(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x25 || isHostMark(c)
}

function scanAuthority(host: usize, stop: usize, connect: bool): usize {
  let p = hostEnd(host, stop)
  if (p == 0 || p == stop) return p
  putRange(t.T_HOST_OFF, host, p)
  if (load<u8>(p) == 0x3a) {
    const port = ++p
    while (p < stop && isDigit(load<u8>(p))) p++
    putRange(t.T_PORT_OFF, port, p)
    if (p == stop) return stop
    if (connect && p == port) return wrong(p)
  } else if (connect) {
    return wrong(p)
  }
  const c = load<u8>(p)
  if (connect) {
    if (c != 0x20) return wrong(p)
    noPath(host, host)
    return p
  }
  if (c == 0x2f) return scanPath(p, p, stop)
  if (c != 0x20 && c != 0x3f) return wrong(p)
  // The slash before the host serves as the missing path.
  noPath(host - 1, host)
  if (c == 0x20) return p
  put(t.T_URI_OFF, <i32>(p - start))
  return scanArgs(p, p, stop)
}

function noPath(from: usize, to: usize): void {
  putRange(t.T_PATH_OFF, from, to)
  putRange(t.T_URI_OFF, from, to)
  putAbsent(t.T_ARGS_OFF)
  putAbsent(t.T_EXT_OFF)
}

function scanPath(path: usize, p: usize, stop: usize): usize {
  let flags = 0
  let dot: usize = 0
  let slash: usize = 0
  let c: u32 = 0
  for (;;) {
    if (p >= stop) return stop
    let marks = pathMarks(p, stop)
    let q: usize = 0
    let ended = false
    while (marks != 0) {
      q = p + ctz(marks)
      marks &= marks - 1
      c = load<u8>(q)
      if (c == 0x2f) {
        if (q == slash + 1) flags |= t.F_COMPLEX
        slash = q
        dot = 0
      } else if (c == 0x2e) {
        if (q == slash + 1) flags |= t.F_COMPLEX
        else dot = q + 1
      } else if (c == 0x25) {
        flags |= t.F_COMPLEX | t.F_QUOTED
      } else if (c == 0x2b) {
        flags |= t.F_PLUS
      } else {
        ended = true
        break
      }
    }
    if (ended) {
      p = q
      break
    }
    p += 16
  }
  return pathDone(path, p, stop, dot, flags, c)
}

function pathDone(path: usize, p: usize, stop: usize, dot: usize, flags: i32, c: u32): usize {
  if (flags != 0) put(t.T_FLAGS, get(t.T_FLAGS) | flags)
  noPath(path, p)
  if (dot != 0 && (flags & t.F_COMPLEX) == 0) putRange(t.T_EXT_OFF, dot, p)
  if (c == 0x3f) return scanArgs(path, p, stop)
  return targetEnd(path, p, stop)
}

function scanArgs(uri: usize, question: usize, stop: usize): usize {
  const p = argsEnd(question + 1, stop)
  if (p == stop) return stop
  putRange(t.T_ARGS_OFF, question + 1, p)
  return targetEnd(uri, p, stop)
}

function targetEnd(uri: usize, p: usize, stop: usize): usize {
  if (load<u8>(p) == 0x23) {
    put(t.T_FLAGS, get(t.T_FLAGS) | t.F_FRAGMENT)
    do {
      p = argsEnd(p + 1, stop)
      if (p == stop) return stop
    } while (load<u8>(p) == 0x23)
  }
  put(t.T_URI_LEN, <i32>(p - uri))
  const c = load<u8>(p)
  return c == 0x20 || c == 0x0d || c == 0x0a ? p : wrong(p)
}

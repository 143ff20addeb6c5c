import * as t from '../table'
import { fail, fits, incomplete, line, overflow } from './bounds'
import { isDigit, methodId } from './known'
import { end, get, put, putAbsent, putRange } from './state'
import { fault, scanTarget } from './target'

/** Parses the request line; returns where the next line begins, or what parse returns (0 or less). */
export function requestLine(method: usize): i32 {
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
  // What almost everybody sends, ` HTTP/1.1` or ` HTTP/1.0`, in one comparison: they differ in one bit.
  if (p + 10 <= end && load<u8>(p) == 0x20 && !isDigit(load<u8>(p + 9))) {
    const text = load<u64>(p + 1)
    if ((text & 0xfeffffffffffffff) == 0x302e312f50545448) {
      putRange(t.T_PROTO_OFF, p + 1, p + 9)
      return requestLineEnd(p + 9, 1000 + <i32>(text >> 56 & 1))
    }
  }
  return version(p)
}

// @ts-ignore: decorator
@inline
function isMethodByte(c: u32): bool {
  return c - 0x41 < 26 || c == 0x5f || c == 0x2d
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
  while (p < end && number != 9 && load<u8>(p) == 0x20) p++
  const last = p
  if (p < end && load<u8>(p) == 0x0d) p++
  if (p == end) return incomplete()
  if (load<u8>(p) != 0x0a) return fail(t.E_REQUEST, p)
  if (number == 9 && get(t.T_METHOD) != t.M_GET) return fail(t.E_METHOD_09, p)
  if (!fits(p + 1)) return overflow()
  put(t.T_VERSION, number)
  put(t.T_LINE_LEN, <i32>(last - line))
  return <i32>(p + 1)
}

import * as t from '../table'

// Names are compared as little-endian words with the bit that makes capitals small set. Loads never leave the name:
// longer names are compared as their first and last eight bytes (and the second eight where needed), which overlap.

// @ts-ignore: decorator
@inline
function low4(p: usize): u32 {
  return load<u32>(p) | 0x20202020
}

// @ts-ignore: decorator
@inline
function low8(p: usize): u64 {
  return load<u64>(p) | 0x2020202020202020
}

// @ts-ignore: decorator
@inline
export function isDigit(c: u32): bool {
  return c - 0x30 < 10
}

/** The H_* of a name of letters, digits and other token characters, in any case; 0 when it is none. */
export function headerId(p: usize, length: usize): i32 {
  if (length < 5) return shortId(p, length)
  if (length < 8) return middleId(length, low4(p), low4(p + length - 4))
  if (length > 19) return 0
  const first = low8(p)
  const last = low8(p + length - 8)
  if (length < 14) return longId(length, first, last)
  return longestId(p, length, first, last)
}

function shortId(p: usize, length: usize): i32 {
  if (length == 4) {
    const word = low4(p)
    if (word == 0x74736f68) return t.H_HOST
    return word == 0x65746164 ? t.H_DATE : 0
  }
  if (length < 2) return 0
  const word = <u32>load<u16>(p) | 0x2020
  if (length == 2) return word == 0x6574 ? t.H_TE : 0
  return word == 0x6976 && (load<u8>(p, 2) | 0x20) == 0x61 ? t.H_VIA : 0
}

function middleId(length: usize, first: u32, last: u32): i32 {
  if (length == 5) return first == 0x676e6172 && last == 0x65676e61 ? t.H_RANGE : 0
  if (length == 6) {
    if (first == 0x65636361) return last == 0x74706563 ? t.H_ACCEPT : 0
    if (first == 0x6b6f6f63) return last == 0x65696b6f ? t.H_COOKIE : 0
    if (first == 0x6769726f) return last == 0x6e696769 ? t.H_ORIGIN : 0
    return first == 0x65707865 && last == 0x74636570 ? t.H_EXPECT : 0
  }
  if (first == 0x65666572) return last == 0x72657265 ? t.H_REFERER : 0
  return first == 0x72677075 && last == 0x65646172 ? t.H_UPGRADE : 0
}

function longId(length: usize, first: u64, last: u64): i32 {
  switch (<i32>length) {
    case 8:
      if (first == 0x65676e61722d6669) return t.H_IF_RANGE
      return first == 0x686374616d2d6669 ? t.H_IF_MATCH : 0
    case 9: return first == 0x692d6c6165722d78 && last == 0x70692d6c6165722d ? t.H_X_REAL_IP : 0
    case 10:
      if (first == 0x697463656e6e6f63) return last == 0x6e6f697463656e6e ? t.H_CONNECTION : 0
      if (first == 0x6567612d72657375) return last == 0x746e6567612d7265 ? t.H_USER_AGENT : 0
      return first == 0x696c612d7065656b && last == 0x6576696c612d7065 ? t.H_KEEP_ALIVE : 0
    case 12: return first == 0x2d746e65746e6f63 && last == 0x657079742d746e65 ? t.H_CONTENT_TYPE : 0
    case 13:
      if (first == 0x2d656e6f6e2d6669) return last == 0x686374616d2d656e ? t.H_IF_NONE_MATCH : 0
      if (first == 0x7a69726f68747561) return last == 0x6e6f6974617a6972 ? t.H_AUTHORIZATION : 0
      return first == 0x2d746e65746e6f63 && last == 0x65676e61722d746e ? t.H_CONTENT_RANGE : 0
    default: return 0
  }
}

function longestId(p: usize, length: usize, first: u64, last: u64): i32 {
  switch (<i32>length) {
    case 14:
      if (first == 0x2d746e65746e6f63) return last == 0x6874676e656c2d74 ? t.H_CONTENT_LENGTH : 0
      return first == 0x637465662d636573 && last == 0x657469732d686374 ? t.H_SEC_FETCH_SITE : 0
    case 15:
      if (first == 0x652d747065636361) return last == 0x676e69646f636e65 ? t.H_ACCEPT_ENCODING : 0
      if (first == 0x6c2d747065636361) return last == 0x65676175676e616c ? t.H_ACCEPT_LANGUAGE : 0
      return first == 0x726177726f662d78 && last == 0x726f662d64656472 ? t.H_X_FORWARDED_FOR : 0
    case 16: return first == 0x2d746e65746e6f63 && last == 0x676e69646f636e65 ? t.H_CONTENT_ENCODING : 0
    case 17: {
      const second = low8(p + 8)
      const z: u32 = load<u8>(p, 16) | 0x20
      if (first == 0x726566736e617274 && second == 0x6e69646f636e652d && z == 0x67) return t.H_TRANSFER_ENCODING
      if (first == 0x6669646f6d2d6669 && second == 0x636e69732d646569 && z == 0x65) return t.H_IF_MODIFIED_SINCE
      if (first == 0x726177726f662d78 && second == 0x746f72702d646564 && z == 0x6f) return t.H_X_FORWARDED_PROTO
      return 0
    }
    case 19:
      if (first != 0x646f6d6e752d6669 || last != 0x65636e69732d6465) return 0
      return low8(p + 8) == 0x69732d6465696669 ? t.H_IF_UNMODIFIED_SINCE : 0
    default: return 0
  }
}

/** The M_* of a method, 0 when it is none. */
export function methodId(p: usize, length: usize): i32 {
  if (length == 3) {
    const word = <u32>load<u16>(p) | (<u32>load<u8>(p, 2) << 16)
    if (word == 0x544547) return t.M_GET
    return word == 0x545550 ? t.M_PUT : 0
  }
  if (length < 4 || length > 9) return 0
  const first = load<u32>(p)
  const last = load<u32>(p + length - 4)
  switch (<i32>length) {
    case 4:
      if (first == 0x54534f50) return t.M_POST
      if (first == 0x44414548) return t.M_HEAD
      if (first == 0x59504f43) return t.M_COPY
      if (first == 0x45564f4d) return t.M_MOVE
      return first == 0x4b434f4c ? t.M_LOCK : 0
    case 5:
      if (first == 0x43544150) return last == 0x48435441 ? t.M_PATCH : 0
      if (first == 0x43415254) return last == 0x45434152 ? t.M_TRACE : 0
      return first == 0x4f434b4d && last == 0x4c4f434b ? t.M_MKCOL : 0
    case 6:
      if (first == 0x454c4544) return last == 0x4554454c ? t.M_DELETE : 0
      return first == 0x4f4c4e55 && last == 0x4b434f4c ? t.M_UNLOCK : 0
    case 7:
      if (first == 0x4954504f) return last == 0x534e4f49 ? t.M_OPTIONS : 0
      return first == 0x4e4e4f43 && last == 0x5443454e ? t.M_CONNECT : 0
    case 8: return load<u64>(p) == 0x444e4946504f5250 ? t.M_PROPFIND : 0
    default: return load<u64>(p) == 0x43544150504f5250 && last == 0x48435441 ? t.M_PROPPATCH : 0
  }
}

/** The F_* bits of one element of a Connection list. */
function connectionFlag(p: usize, length: usize): i32 {
  if (length == 5) return low4(p) == 0x736f6c63 && (load<u8>(p, 4) | 0x20) == 0x65 ? t.F_CLOSE : 0
  if (length == 10) return keepAlive(p) ? t.F_KEEP_ALIVE : 0
  return length == 7 && low4(p) == 0x72677075 && low4(p + 3) == 0x65646172 ? t.F_CONN_UPGRADE : 0
}

/** A value may hold any byte, so the `-` is compared as it is. */
// @ts-ignore: decorator
@inline
function keepAlive(p: usize): bool {
  return low4(p) == 0x7065656b && load<u8>(p, 4) == 0x2d && low4(p + 5) == 0x76696c61 && (load<u8>(p, 9) | 0x20) == 0x65
}

/** The F_* bits of a Connection header's list (RFC 9110 §7.6.1). */
export function connectionFlags(p: usize, to: usize): i32 {
  let flags = 0
  while (p < to) {
    while (p < to && isListGap(load<u8>(p))) p++
    let end = p
    while (end < to && load<u8>(end) != 0x2c) end++
    let last = end
    while (last > p && (load<u8>(last - 1) == 0x20 || load<u8>(last - 1) == 0x09)) last--
    flags |= connectionFlag(p, last - p)
    p = end
  }
  return flags
}

// @ts-ignore: decorator
@inline
function isListGap(c: u32): bool {
  return c == 0x20 || c == 0x09 || c == 0x2c
}

/**
 * Whether the seven bytes at p are `chunked` in any case: bytes that only look like letters with the bit set are told
 * apart.
 */
export function isChunked(p: usize, length: usize): bool {
  return length == 7 && low4(p) == 0x6e756863 && low4(p + 3) == 0x64656b6e
}

/** Whether the value is `100-continue` in any case. */
export function isContinue(p: usize, length: usize): bool {
  return length == 12 && load<u32>(p) == 0x2d303031 && low4(p + 4) == 0x746e6f63 && low4(p + 8) == 0x65756e69
}

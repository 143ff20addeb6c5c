// How strings cross: out as UTF-8 in a small static buffer, literals by interned id; in through the same buffer.
import * as host from './vespid'

const size: i32 = 8192
// @ts-ignore: builtin
const stage: usize = memory.data(8192)
let used: i32 = 0
/** Keeps buffers of long texts alive until the host call that they are for. */
let kept: ArrayBuffer[] = []

/** Where the last `put` wrote, and how many bytes; length −1: `at` is an interned name's id. */
export let at: usize = 0
export let length: i32 = 0

/** Forgets the texts that were put for the previous call. */
export function begin(): void {
  used = 0
  if (kept.length > 0) kept = []
}

/** Encodes a text as UTF-8 for the next host call; its place is in `at` and `length`. */
export function put(text: string): void {
  const most = text.length * 3
  if (most <= size - used) {
    at = stage + used
    length = encode(text, at)
    used += length
    return
  }
  const buffer = new ArrayBuffer(most)
  kept.push(buffer)
  at = changetype<usize>(buffer)
  length = encode(text, at)
}

/** Bytes for the next host call, where they are. */
export function putBytes(bytes: Uint8Array): void {
  at = bytes.dataStart
  length = bytes.length
}

/** Nothing, which is not the same as an empty text: length −1. */
export function putNone(): void {
  at = 0
  length = -1
}

/** As `put`, but a string literal crosses as a number from its second use on. */
export function putName(text: string): void {
  const id = literal(text)
  if (id < 0) return put(text)
  at = id
  length = -1
}

const slots: i32 = 64
// @ts-ignore: builtin
const cache: usize = memory.data(512, 8)

/**
 * The host's id of a string literal, −1 for other strings. Literals lie below the heap and never move, so that their
 * address stands for their text; a small table remembers the ids.
 */
export function literal(text: string): i32 {
  const p = changetype<usize>(text)
  if (p >= __heap_base) return -1
  const slot = cache + (((p >> 4) & (slots - 1)) << 3)
  if (load<usize>(slot) == p) return load<i32>(slot, 4)
  const id = intern(text)
  store<usize>(slot, p)
  store<i32>(slot, id, 4)
  return id
}

/** The host's id of a text; −1 when the text is longer than 256 bytes or the host keeps no more of them. */
export function intern(text: string): i32 {
  const mark = used
  put(text)
  used = mark
  return length > 256 ? -1 : host.name(at, length)
}

/** Writes a string as UTF-8 and returns its length; eight ASCII characters at a time. */
export function encode(text: string, to: usize): i32 {
  const n = text.length
  let from = changetype<usize>(text)
  let i = 0
  for (; i + 8 <= n; i += 8) {
    const v = v128.load(from)
    if (v128.any_true(v128.and(v, i16x8.splat(<i16>0xff80)))) break
    v128.store64_lane(to + i, i8x16.narrow_i16x8_u(v, v), 0)
    from += 16
  }
  for (; i < n; i++) {
    const c = load<u16>(from)
    if (c >= 0x80) return i + <i32>String.UTF8.encodeUnsafe(from, n - i, to + i)
    store<u8>(to + i, c)
    from += 2
  }
  return n
}

/**
 * A string from UTF-8 bytes; eight ASCII characters at a time. What is no UTF-8 becomes U+FFFD: AssemblyScript's own
 * function would make other characters of it, a slash of C0 AF, or drop it.
 */
export function decode(from: usize, n: i32): string {
  let ascii = true
  let i = 0
  for (; i + 8 <= n; i += 8) if (load<u64>(from + i) & 0x8080808080808080) ascii = false
  for (; i < n; i++) if (load<u8>(from + i) >= 0x80) ascii = false
  if (!ascii) return decodeWide(from, n)
  const to = __new(<usize>n << 1, idof<string>())
  for (i = 0; i + 8 <= n; i += 8) v128.store(to + (i << 1), v128.load8x8_u(from + i))
  for (; i < n; i++) store<u16>(to + (i << 1), load<u8>(from + i))
  return changetype<string>(to)
}

/** RFC 3629 §4, with one U+FFFD for each longest beginning of a character, as browsers and Node do it. */
function decodeWide(from: usize, n: i32): string {
  const out = __new(<usize>n << 1, idof<string>())
  let to = out
  for (let i = 0; i < n;) {
    const first = <u32>load<u8>(from + i++)
    let code = first
    if (first >= 0x80) {
      let more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
      let least: u32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80
      let most: u32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf
      code = more == 0 ? 0xfffd : first & (0x3f >> more)
      for (; more > 0; more--) {
        const next = i < n ? <u32>load<u8>(from + i) : 0
        if (next < least || next > most) {
          code = 0xfffd
          break
        }
        code = code << 6 | (next & 0x3f)
        i++
        least = 0x80
        most = 0xbf
      }
    }
    if (code < 0x10000) store<u16>(to, <u16>code)
    else {
      code -= 0x10000
      store<u32>(to, 0xdc00d800 | (code & 0x3ff) << 16 | code >> 10)
      to += 2
    }
    to += 2
  }
  return changetype<string>(__renew(out, to - out))
}

/** Whether bytes are this ASCII text. */
export function same(from: usize, n: i32, text: string): bool {
  if (n != text.length) return false
  const p = changetype<usize>(text)
  for (let i = 0; i < n; i++) if (<u16>load<u8>(from + i) != load<u16>(p + (<usize>i << 1))) return false
  return true
}

/** Where the answer lies that `room` was given for. */
export let out: usize = 0

/**
 * Room for an answer of the host, the rest of the static buffer, `roomSize` bytes. Every call that fills (pointer,
 * capacity) is made like this: `let n = host.f(text.room(), text.roomSize()); if (text.short(n)) n = host.f(text.out,
 * n)`, then `text.answered(n)`.
 */
export function room(): usize { return out = stage + used }
export function roomSize(): i32 { return size - used }

/** Whether an answer of `n` bytes did not fit: then `out` is room for it, and the host is to be asked again. */
export function short(n: i32): bool {
  if (n <= size - used) return false
  const buffer = new ArrayBuffer(n)
  kept.push(buffer)
  out = changetype<usize>(buffer)
  return true
}

/** The text that the host has written to `out`; null for a negative length, which says that there is none. */
export function answered(n: i32): string | null { return n < 0 ? null : decode(out, n) }

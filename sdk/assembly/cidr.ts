import { Address } from './address'

/** An IPv4 or IPv6 network such as `10.0.0.0/8` or `2001:db8::/32`; a plain address is a network of one. */
export class Cidr {
  family: i32 = 0
  a: u32 = 0
  b: u32 = 0
  c: u32 = 0
  d: u32 = 0
  maskA: u32 = 0
  maskB: u32 = 0
  maskC: u32 = 0
  maskD: u32 = 0
  /** The text had bits set behind the prefix (`127.0.0.1/8`); nginx warns of them. */
  lowBits: bool = false

  /** The network that a text stands for, or null when it stands for none. */
  static parse(source: string): Cidr | null {
    const slash = source.indexOf('/')
    const address = slash < 0 ? source : source.substring(0, slash)
    const cidr = new Cidr()
    cidr.family = address.includes(':') ? 6 : 4
    if (!(cidr.family == 4 ? parse4(address, 0) : parse6(address))) return null
    const width = cidr.family == 4 ? 32 : 128
    let prefix = width
    if (slash >= 0) {
      prefix = number(source, slash + 1, source.length, width)
      if (prefix < 0) return null
    }
    cidr.maskA = mask(prefix)
    cidr.maskB = mask(prefix - 32)
    cidr.maskC = mask(prefix - 64)
    cidr.maskD = mask(prefix - 96)
    cidr.a = load<u32>(scratch)
    cidr.b = cidr.family == 6 ? load<u32>(scratch, 4) : 0
    cidr.c = cidr.family == 6 ? load<u32>(scratch, 8) : 0
    cidr.d = cidr.family == 6 ? load<u32>(scratch, 12) : 0
    cidr.lowBits = (cidr.a & ~cidr.maskA | cidr.b & ~cidr.maskB | cidr.c & ~cidr.maskC | cidr.d & ~cidr.maskD) != 0
    cidr.a &= cidr.maskA
    cidr.b &= cidr.maskB
    cidr.c &= cidr.maskC
    cidr.d &= cidr.maskD
    return cidr
  }

  /**
   * Whether the address is in the network. An IPv4 network also holds the IPv4-mapped forms of its addresses
   * (::ffff:10.0.0.1).
   */
  has(address: Address): bool {
    if (this.family == address.family) {
      if ((address.a & this.maskA) != this.a) return false
      if (this.family == 4) return true
      return (address.b & this.maskB) == this.b && (address.c & this.maskC) == this.c && (address.d & this.maskD) == this.d
    }
    return this.family == 4 && address.family == 6 && address.a == 0 && address.b == 0 && address.c == 0xffff0000 && (address.d & this.maskA) == this.a
  }
}

// @ts-ignore: builtin
const scratch: usize = memory.data(16, 4)

/** The first `bits` bits of a word set, as the bytes of a little-endian word. */
function mask(bits: i32): u32 {
  if (bits <= 0) return 0
  return bits >= 32 ? 0xffffffff : bswap<u32>(~(<u32>0xffffffff >> bits))
}

/** A decimal number of digits only, at most `most`; −1 otherwise. */
function number(s: string, from: i32, to: i32, most: i32): i32 {
  if (from >= to) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = s.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
    if (value > most) return -1
  }
  return value
}

/** Writes the four bytes of dotted IPv4 text at `scratch + offset`. */
function parse4(s: string, offset: i32): bool {
  let from = 0
  for (let i = 0; i < 4; i++) {
    let to = s.indexOf('.', from)
    if ((to < 0) != (i == 3)) return false
    if (to < 0) to = s.length
    const octet = number(s, from, to, 255)
    if (octet < 0) return false
    store<u8>(scratch + offset + i, octet)
    from = to + 1
  }
  return true
}

/** Writes the sixteen bytes of IPv6 text (RFC 4291 §2.2) at `scratch`. */
function parse6(s: string): bool {
  memory.fill(scratch, 0, 16)
  let at = 0
  let gap = -1
  let i = 0
  const n = s.length
  if (n >= 2 && s.charCodeAt(0) == 58) {
    if (s.charCodeAt(1) != 58) return false
    gap = 0
    i = 2
  }
  while (i < n) {
    if (at >= 16) return false
    let end = s.indexOf(':', i)
    if (end < 0) end = n
    if (end == n && s.indexOf('.', i) >= 0) {
      if (at > 12 || !parse4(s.substring(i), at)) return false
      at += 4
      i = n
      break
    }
    const group = hex(s, i, end)
    if (group < 0) return false
    store<u8>(scratch + at, group >> 8)
    store<u8>(scratch + at + 1, group)
    at += 2
    i = end + 1
    if (end == n) break
    if (i >= n) return false
    if (s.charCodeAt(i) == 58) {
      if (gap >= 0) return false
      gap = at
      i++
    }
  }
  if (gap < 0) return at == 16
  if (at >= 16) return false
  memory.copy(scratch + 16 - (at - gap), scratch + gap, at - gap)
  memory.fill(scratch + gap, 0, 16 - at)
  return true
}

function hex(s: string, from: i32, to: i32): i32 {
  if (to <= from || to - from > 4) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const c = s.charCodeAt(i)
    const digit = c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1
    if (digit < 0) return -1
    value = value << 4 | digit
  }
  return value
}

// Base64 (RFC 4648): bytes as text.

const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * The bytes of a text in base64, with `url` in base64url (§5), without padding; null when it is none. Bits beyond the
 * last byte are not looked at.
 */
export function fromBase64(text: string, url: bool = false): Uint8Array | null {
  const length = text.length
  if ((length & 3) == 1) return null
  const bytes = new Uint8Array(<i32>(<i64>length * 3 / 4))
  let held: u32 = 0
  let bits = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    const six = sixBits(text.charCodeAt(i), url)
    if (six < 0) return null
    held = held << 6 | six
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = <u8>(held >> bits)
  }
  return bytes
}

function sixBits(c: i32, url: bool): i32 {
  if (c >= 65 && c <= 90) return c - 65
  if (c >= 97 && c <= 122) return c - 71
  if (c >= 48 && c <= 57) return c + 4
  return c == (url ? 45 : 43) ? 62 : c == (url ? 95 : 47) ? 63 : -1
}

/** Bytes as base64 with its padding. */
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = <u32>bytes[i] << 16 | (left > 1 ? <u32>bytes[i + 1] << 8 : 0) | (left > 2 ? <u32>bytes[i + 2] : 0)
    out += signs.charAt(word >>> 18) + signs.charAt(word >>> 12 & 63)
    out += left > 1 ? signs.charAt(word >>> 6 & 63) : '='
    out += left > 2 ? signs.charAt(word & 63) : '='
  }
  return out
}

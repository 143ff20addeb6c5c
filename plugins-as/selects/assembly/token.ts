/** Longest token that is read. */
const longest = 16384

/** The payload of a JSON Web Token (RFC 7519): the text of its second part, not verified. Null for what is no token. */
export function payload(token: string): string | null {
  const first = token.indexOf('.')
  const second = token.indexOf('.', first + 1)
  if (first <= 0 || second < 0 || token.length > longest || token.indexOf('.', second + 1) >= 0) return null
  return base64url(token, first + 1, second)
}

/** The text in base64url (RFC 4648 §5) from `from` to `end`; null when it is none. */
function base64url(text: string, from: i32, end: i32): string | null {
  const length = end - from
  if (length == 0 || (length & 3) == 1) return null
  const bytes = new Uint8Array(length * 3 / 4)
  let bits: u32 = 0
  let held = 0
  let at = 0
  for (let i = from; i < end; i++) {
    const six = sixBits(text.charCodeAt(i))
    if (six < 0) return null
    bits = bits << 6 | six
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[at++] = <u8>(bits >> held)
  }
  return String.UTF8.decodeUnsafe(bytes.dataStart, at)
}

function sixBits(c: i32): i32 {
  if (c >= 65 && c <= 90) return c - 65
  if (c >= 97 && c <= 122) return c - 71
  if (c >= 48 && c <= 57) return c + 4
  return c == 45 ? 62 : c == 95 ? 63 : -1
}

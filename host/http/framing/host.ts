/** A validated host: lower case, without port and trailing dot, IPv6 in its brackets; port 0 when none was given. */
export interface ParsedHost { readonly host: string, readonly port: number }

/**
 * Per character of a registered name: 1 may stand, 2 a capital (RFC 3986 §3.2.2 as nginx 1.29.4 reads it: `%` is not
 * looked behind).
 */
const nameByte = new Uint8Array(128)
/** The same inside brackets. */
const literalByte = new Uint8Array(128)
for (let c = 0x21; c < 127; c++) {
  const char = String.fromCharCode(c)
  const capital = char >= 'A' && char <= 'Z' ? 2 : 1
  if (/[A-Za-z0-9\-._~!$&'()*+,;=%]/.test(char)) nameByte[c] = capital
  if (/[A-Za-z0-9\-._~!$&'()*+,;=:]/.test(char)) literalByte[c] = capital
}

/**
 * Checks and normalises the value of a Host header or the authority of an absolute target (nginx.md §2.2). Returns null
 * when it is empty, has two dots in a row, a character that no host has, or a port that is no number up to 65535; an
 * empty port is taken as none.
 */
export function parseHost(text: string): ParsedHost | null {
  const { length } = text
  const literal = text.charCodeAt(0) === 91
  const allowed = literal ? literalByte : nameByte
  let capitals = false
  let i = literal ? 1 : 0
  for (; i < length; i++) {
    const c = text.charCodeAt(i)
    const kind = c < 128 ? allowed[c]! : 0
    if (kind === 0) break
    if (kind === 2) capitals = true
    else if (c === 46 && text.charCodeAt(i - 1) === 46) return null
  }
  if (literal) {
    if (i === 1 || text.charCodeAt(i) !== 93) return null
    i++
  }
  let stop = i
  const port = portNumber(text, i)
  if (port < 0) return null
  if (stop > 0 && text.charCodeAt(stop - 1) === 46) stop--
  if (stop === 0) return null
  const host = stop === length ? text : text.slice(0, stop)
  return { host: capitals ? host.toLowerCase() : host, port }
}

/** The port after a `:` at `at`; 0 when the text or the port's digits end there, −1 when what follows is no port. */
function portNumber(text: string, at: number): number {
  if (at === text.length) return 0
  if (text.charCodeAt(at) !== 58) return -1
  let port = 0
  for (let i = at + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    port = port * 10 + digit
    if (port > 65535) return -1
  }
  return port
}

import * as t from './table.ts'

/** Per byte of a target: 1 ends it (space, CR, LF) or must not be in it (other controls, DEL). */
const stops = new Uint8Array(256)
for (let c = 0; c <= 32; c++) stops[c] = 1
stops[127] = 1

const alpha = 1
const schemeByte = 2
const hostByte = 4
const literalByte = 8
/**
 * What a byte may be in the parts before the path (RFC 3986 §3.1, §3.2.2; `%` is taken without looking at what it
 * encodes, as nginx does).
 */
const kinds = new Uint8Array(128)
for (let c = 0x21; c < 127; c++) {
  const char = String.fromCharCode(c)
  if (/[A-Za-z]/.test(char)) kinds[c]! |= alpha
  if (/[A-Za-z0-9+.-]/.test(char)) kinds[c]! |= schemeByte
  if (/[A-Za-z0-9\-._~!$&'()*+,;=%]/.test(char)) kinds[c]! |= hostByte
  if (/[A-Za-z0-9\-._~!$&'()*+,;=:]/.test(char)) kinds[c]! |= literalByte
}

function is(c: number, kind: number): boolean {
  return c < 128 && (kinds[c]! & kind) !== 0
}

/**
 * Scans the request target at `p` and fills the target words of the table but T_TARGET_*. Returns where the target ends
 * (`end` when more bytes are needed), or minus the place of a byte that must not be there. Origin form, absolute form,
 * and host:port of CONNECT; no asterisk form (nginx).
 */
export function scanTarget(bytes: Uint8Array, start: number, p: number, end: number, table: Int32Array): number {
  table[t.T_HOST_OFF] = table[t.T_PORT_OFF] = -1
  table[t.T_HOST_LEN] = table[t.T_PORT_LEN] = 0
  table[t.T_SCHEME] = t.SCHEME_NONE
  if (table[t.T_METHOD] === t.M_CONNECT) return scanAuthority(bytes, start, p, end, table, true)
  if (bytes[p] === 47) return scanPath(bytes, start, p, p, end, table)
  if (!is(bytes[p]!, alpha)) return -p
  const scheme = p
  while (p < end && is(bytes[p]!, schemeByte)) p++
  const colon = p
  for (let i = 0; i < 3; i++, p++) {
    if (p === end) return end
    if (bytes[p] !== (i === 0 ? 58 : 47)) return -p
  }
  table[t.T_SCHEME] = schemeKind(bytes, scheme, colon - scheme)
  table[t.T_FLAGS]! |= t.F_ABSOLUTE
  return scanAuthority(bytes, start, p, end, table, false)
}

function schemeKind(bytes: Uint8Array, at: number, length: number): number {
  const text = 'https'
  if (length < 4 || length > 5) return t.SCHEME_OTHER
  for (let i = 0; i < length; i++) {
    if ((bytes[at + i]! | 32) !== text.charCodeAt(i)) return t.SCHEME_OTHER
  }
  return length === 4 ? t.SCHEME_HTTP : t.SCHEME_HTTPS
}

function scanAuthority(
  bytes: Uint8Array, start: number, p: number, end: number, table: Int32Array, connect: boolean,
): number {
  const host = p
  if (p < end && bytes[p] === 91) {
    p++
    while (p < end && is(bytes[p]!, literalByte)) p++
    if (p === end) return end
    if (bytes[p] !== 93 || p === host + 1) return -p
    p++
  } else {
    while (p < end && is(bytes[p]!, hostByte)) p++
  }
  if (p === end) return end
  if (p === host) return -p
  table[t.T_HOST_OFF] = host - start
  table[t.T_HOST_LEN] = p - host
  if (bytes[p] === 58) {
    const port = ++p
    while (p < end && bytes[p]! >= 48 && bytes[p]! <= 57) p++
    table[t.T_PORT_OFF] = port - start
    table[t.T_PORT_LEN] = p - port
    if (p === end) return end
    if (connect && p === port) return -p
  } else if (connect) {
    return -p
  }
  if (connect) return bytes[p] === 32 ? noPath(table, host - start, 0, p) : -p
  if (bytes[p] === 47) return scanPath(bytes, start, p, p, end, table)
  // The slash before the host serves as the missing path, as in nginx; the target without authority is then "/" too.
  if (bytes[p] === 32) return noPath(table, host - 1 - start, 1, p)
  if (bytes[p] !== 63) return -p
  noPath(table, host - 1 - start, 1, p)
  table[t.T_URI_OFF] = p - start
  return scanArgs(bytes, start, p, p, end, table)
}

function noPath(table: Int32Array, offset: number, length: number, p: number): number {
  table[t.T_PATH_OFF] = table[t.T_URI_OFF] = offset
  table[t.T_PATH_LEN] = table[t.T_URI_LEN] = length
  table[t.T_ARGS_OFF] = table[t.T_EXT_OFF] = -1
  table[t.T_ARGS_LEN] = table[t.T_EXT_LEN] = 0
  return p
}

function scanPath(bytes: Uint8Array, start: number, path: number, p: number, end: number, table: Int32Array): number {
  let flags = 0
  let dot = -1
  let afterSlash = false
  let c = 0
  for (; p < end; p++) {
    c = bytes[p]!
    if (stops[c] === 1 || c === 63 || c === 35) break
    if (c === 47) {
      if (afterSlash) flags |= t.F_COMPLEX
      afterSlash = true
      dot = -1
      continue
    }
    if (c === 46) {
      if (afterSlash) flags |= t.F_COMPLEX
      else dot = p + 1
    } else if (c === 37) {
      flags |= t.F_COMPLEX | t.F_QUOTED
    } else if (c === 43) {
      flags |= t.F_PLUS
    }
    afterSlash = false
  }
  if (p === end) return end
  table[t.T_FLAGS]! |= flags
  noPath(table, path - start, p - path, p)
  if (dot >= 0 && (flags & t.F_COMPLEX) === 0) {
    table[t.T_EXT_OFF] = dot - start
    table[t.T_EXT_LEN] = p - dot
  }
  if (c === 63) return scanArgs(bytes, start, path, p, end, table)
  return targetEnd(bytes, start, path, p, end, table)
}

/** From the `?` at p. */
function scanArgs(bytes: Uint8Array, start: number, uri: number, p: number, end: number, table: Int32Array): number {
  const args = ++p
  while (p < end && stops[bytes[p]!] === 0 && bytes[p] !== 35) p++
  if (p === end) return end
  table[t.T_ARGS_OFF] = args - start
  table[t.T_ARGS_LEN] = p - args
  return targetEnd(bytes, start, uri, p, end, table)
}

/** From the byte at p that ends path or arguments: perhaps a fragment, then the target's end. */
function targetEnd(bytes: Uint8Array, start: number, uri: number, p: number, end: number, table: Int32Array): number {
  if (bytes[p] === 35) {
    table[t.T_FLAGS]! |= t.F_FRAGMENT
    while (p < end && stops[bytes[p]!] === 0) p++
    if (p === end) return end
  }
  table[t.T_URI_LEN] = p - uri
  const c = bytes[p]!
  return c === 32 || c === 13 || c === 10 ? p : -p
}

/** `%XX`: the one place that escapes bytes for URIs and takes such escapes back. All texts are byte strings. */

const digits = '0123456789ABCDEF'

/** For each byte `%XX`. */
const escapes: readonly string[] = Array.from({ length: 256 }, (_, byte) => `%${digits[byte >> 4]}${digits[byte & 15]}`)

/** Which bytes are escaped: controls and DEL, what stands in `chars`, and with `above` all from 0x80 on. */
function unsafe(chars: string, above: boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, c) => c < 32 || c === 127 || (above && c > 127) || chars.includes(String.fromCharCode(c)) ? 1 : 0)
}

/** What no URI may hold as it is (RFC 3986). */
const never = ' "<>\\^`{|}'
const inPath = unsafe(`${never}#%?`, true)
const inArgument = unsafe(`${never}#%&+;?`, true)
const inName = unsafe(`${never}!#$%&'()*+,/:;=?@[]`, true)
const inTarget = unsafe(' ', false)
const inLocation = unsafe('', false)

function escape(text: string, table: Uint8Array): string {
  let out = ''
  let run = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (table[c] !== 1) continue
    out += text.slice(run, i) + escapes[c]!
    run = i + 1
  }
  return run === 0 ? text : out + text.slice(run)
}

/** A decoded path as it is sent (nginx's NGX_ESCAPE_URI). */
export function escapePath(path: string): string { return escape(path, inPath) }

/** A text as a query argument (nginx's NGX_ESCAPE_ARGS). */
export function escapeArgument(text: string): string { return escape(text, inArgument) }

/** A name as one segment of a link: all but the unreserved characters of RFC 3986 §2.3 is escaped (nginx's NGX_ESCAPE_URI_COMPONENT). */
export function escapeName(name: string): string { return escape(name, inName) }

/**
 * A request target that cannot end its line: nginx lets `proxy_pass http://a$uri` split the request, here blanks and
 * controls are `%XX`.
 */
export function safeTarget(target: string): string { return escape(target, inTarget) }

/** A redirect target that cannot end its header line: control characters become `%XX`. nginx sends them raw. */
export function safeLocation(url: string): string { return escape(url, inLocation) }

/** The value of a hexadecimal digit's character code, −1 for any other. */
export function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/**
 * Takes back the escapes of `escapeArgument` in the path of a redirect, up to the first `?`: printable characters above `%` become
 * themselves, all others keep their `%XX` (nginx's NGX_UNESCAPE_REDIRECT). An incomplete escape loses its `%`, as in nginx.
 */
export function unescapeRedirect(url: string): string {
  if (url.indexOf('%') < 0) return url
  let out = ''
  let i = 0
  for (; i < url.length; i++) {
    const c = url[i]!
    if (c === '?') break
    if (c !== '%') {
      out += c
      continue
    }
    const high = hexDigit(url.charCodeAt(i + 1))
    if (high < 0) {
      if (++i < url.length) out += url[i]
      continue
    }
    const low = hexDigit(url.charCodeAt(i + 2))
    if (low < 0) {
      // Both characters behind the sign are lost in nginx; so is a sign at the end.
      i += 2
      continue
    }
    const byte = high << 4 | low
    i += 2
    if (byte === 0x3f) return `${out}?${url.slice(i + 1)}`
    out += byte > 0x25 && byte < 0x7f ? String.fromCharCode(byte) : url.slice(i - 2, i + 1)
  }
  return out + url.slice(i)
}

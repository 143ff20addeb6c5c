const hex = '0123456789ABCDEF'

/** For each byte `%XX`. */
const escapes: readonly string[] = Array.from({ length: 256 }, (_, byte) => `%${hex[byte >> 4]}${hex[byte & 15]}`)

/** What may not stand as it is in a query argument: controls, space, `"#%&+;<>?\^` `` ` `` `{|}`, DEL and everything above (nginx's NGX_ESCAPE_ARGS). */
const unsafeInArgs = /[\x00-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/
const unsafeInArgsAll = /[\x00-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/g

/** A byte string with every byte that is not safe in a query argument written as `%XX`. */
export function escapeArgument(text: string): string {
  return unsafeInArgs.test(text) ? text.replace(unsafeInArgsAll, (c) => escapes[c.charCodeAt(0)]!) : text
}

const control = /[\x00-\x1f\x7f]/
const controlAll = /[\x00-\x1f\x7f]/g

/** A redirect target that cannot end its header line: control characters become `%XX`. nginx sends them raw. */
export function safeLocation(url: string): string {
  return control.test(url) ? url.replace(controlAll, (c) => escapes[c.charCodeAt(0)]!) : url
}

function hexDigit(c: number): number {
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

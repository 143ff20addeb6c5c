/** True when a string holds nothing but ASCII, and therefore is the same as a byte string and as text. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/**
 * The UTF-8 bytes of a JavaScript text as a byte string (one character = one byte), the form in which configuration
 * words are held.
 */
export function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/**
 * The readable text of a byte string: its UTF-8 meaning, or the string unchanged when it is not valid UTF-8. A string
 * that holds characters above U+00FF is no byte string and is returned unchanged.
 */
export function textOf(bytes: string): string {
  if (isAscii(bytes)) return bytes
  for (let i = 0; i < bytes.length; i++) if (bytes.charCodeAt(i) > 0xff) return bytes
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes
  }
}

const unsafeJson = /["\\\x00-\x1f]/
const unsafeJsonAll = /["\\\x00-\x1f]/g
const jsonNames: Readonly<Record<string, string>> = {
  '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f',
}

/** A byte string as the inside of a JSON string: quotes, backslashes and controls are escaped, other bytes stay (ngx_escape_json). */
export function escapeJson(value: string): string {
  if (!unsafeJson.test(value)) return value
  return value.replace(unsafeJsonAll, (c) => jsonNames[c] ?? `\\u00${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

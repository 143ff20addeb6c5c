/** What a listing needs of texts: as HTML and XML, and their length in characters. */
const unsafeInHtml = /[<>&"]/g
const entities: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

/** A text as HTML or XML content. */
export function escapeHtml(text: string): string {
  return text.replace(unsafeInHtml, (c) => entities[c]!)
}

/** How many characters a UTF-8 byte string has; its bytes when it is not valid. */
export function utf8Length(bytes: string): number {
  let count = 0
  for (let i = 0; i < bytes.length; count++) {
    const size = utf8Size(bytes, i)
    if (size === 0) return bytes.length
    i += size
  }
  return count
}

/** The first `count` characters of a UTF-8 byte string; bytes that are no UTF-8 count each. */
export function utf8Slice(bytes: string, count: number): string {
  let end = 0
  for (; count > 0 && end < bytes.length; count--) end += utf8Size(bytes, end) || 1
  return bytes.slice(0, end)
}

/** Bytes of the character at `i`, 0 when there is no valid one. */
function utf8Size(bytes: string, i: number): number {
  const c = bytes.charCodeAt(i)
  if (c < 0x80) return 1
  const size = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0
  for (let k = 1; k < size; k++) if ((bytes.charCodeAt(i + k) & 0xc0) !== 0x80) return 0
  return i + size > bytes.length ? 0 : size
}

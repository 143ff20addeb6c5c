// Texts that a scraper can read: nothing in them but Unicode.

/** The text with halves of surrogate pairs replaced by U+FFFD. */
export function wellFormed(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0xd800 || c > 0xdfff) continue
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0
    if (c < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) i++
    else return wellFormed(text.substring(0, i) + '\ufffd' + text.substring(i + 1))
  }
  return text
}

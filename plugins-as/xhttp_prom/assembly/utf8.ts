// Texts that a scraper can read: nothing in them but Unicode.
import { Bytes } from '@vespid/sdk'

const instead = 0xfffd

/** The bytes read as UTF-8 (RFC 3629); each one that is none of it becomes U+FFFD. */
export function textOf(bytes: Bytes): string {
  const characters: string[] = []
  const n = bytes.length
  for (let i = 0; i < n;) {
    const first = <u32>bytes[i]
    const more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1
    let code: u32 = more <= 0 ? first : first & (0x3f >> more)
    let good = more >= 0 && i + more < n
    for (let k = 1; good && k <= more; k++) {
      const next = <u32>bytes[i + k]
      good = (next & 0xc0) == 0x80
      code = code << 6 | (next & 0x3f)
    }
    good = good && !(more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) && !(more == 3 && (code < 0x10000 || code > 0x10ffff))
    characters.push(String.fromCodePoint(good ? <i32>code : instead))
    i += good ? more + 1 : 1
  }
  return characters.join('')
}

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

import { fromBase64, toBase64 } from '@vespid/sdk/base64'

/** An identifier: 16 bytes. */
export class Uid {
  constructor(readonly bytes: Uint8Array = new Uint8Array(16)) {}

  /** Writes word `i` in network order. */
  put(i: i32, word: u32): void { store<u32>(this.bytes.dataStart + (i << 2), bswap<u32>(word)) }

  /** Base64 with its padding: 24 characters. */
  text(): string { return toBase64(this.bytes) }

  /** As `$uid_got` shows it: its four words, read as a little-endian machine does, in hexadecimal. */
  hex(): string {
    let out = ''
    for (let i = 0; i < 4; i++) out += load<u32>(this.bytes.dataStart + (i << 2)).toString(16).toUpperCase().padStart(8, '0')
    return out
  }

  /** Reads what `text` wrote; what stands behind the 22 characters that count is not looked at. Null when it is none. */
  static parse(text: string): Uid | null {
    if (text.length < 22) return null
    const bytes = fromBase64(text.substring(0, 22))
    return bytes === null || load<u32>(bytes.dataStart, 12) == 0 ? null : new Uid(bytes)
  }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** An identifier: 16 bytes. */
export class Uid {
  readonly bytes: Uint8Array = new Uint8Array(16)

  /** Writes word `i` in network order. */
  put(i: i32, word: u32): void { store<u32>(this.bytes.dataStart + (i << 2), bswap<u32>(word)) }

  /** Base64 with its padding: 24 characters. */
  text(): string {
    let out = ''
    for (let i = 0; i < 16; i += 3) {
      const a = this.bytes[i]
      const b = i + 1 < 16 ? this.bytes[i + 1] : 0
      const c = i + 2 < 16 ? this.bytes[i + 2] : 0
      const word = <u32>a << 16 | <u32>b << 8 | c
      out += letters.charAt(word >>> 18) + letters.charAt(word >>> 12 & 63)
      out += i + 1 < 16 ? letters.charAt(word >>> 6 & 63) + letters.charAt(word & 63) : '=='
    }
    return out
  }

  /** As `$uid_got` shows it: its four words, read as a little-endian machine does, in hexadecimal. */
  hex(): string {
    let out = ''
    for (let i = 0; i < 4; i++) out += load<u32>(this.bytes.dataStart + (i << 2)).toString(16).toUpperCase().padStart(8, '0')
    return out
  }

  /** Reads what `text` wrote; what stands behind the 22 characters that count is not looked at. Null when it is none. */
  static parse(text: string): Uid | null {
    if (text.length < 22) return null
    const uid = new Uid()
    let held: u32 = 0
    let bits = 0
    let at = 0
    for (let i = 0; i < 22; i++) {
      const value = letters.indexOf(text.charAt(i))
      if (value < 0) return null
      held = held << 6 | value
      bits += 6
      if (bits < 8) continue
      bits -= 8
      uid.bytes[at++] = <u8>(held >>> bits)
    }
    return load<u32>(uid.bytes.dataStart, 12) == 0 ? null : uid
  }
}

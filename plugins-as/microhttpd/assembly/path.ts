import { Bytes } from '@vespid/sdk'

/** The path of a URL with its escapes resolved: what stands before `?`; escapes that are none stay as they are. */
export function decodedPath(url: string): Bytes {
  const question = url.indexOf('?')
  const source = String.UTF8.encode(question < 0 ? url : url.substring(0, question))
  const from = changetype<usize>(source)
  const n = source.byteLength
  const out = new ArrayBuffer(n)
  const to = changetype<usize>(out)
  let length = 0
  for (let i = 0; i < n; i++) {
    let byte = load<u8>(from + i)
    if (byte == 37 && i + 2 < n) {
      const high = digit(load<u8>(from + i + 1))
      const low = digit(load<u8>(from + i + 2))
      if (high >= 0 && low >= 0) {
        byte = <u8>(high << 4 | low)
        i += 2
      }
    }
    store<u8>(to + length++, byte)
  }
  return Bytes.of(out, length)
}

/** A hexadecimal digit's value, −1 for another byte. */
function digit(byte: u8): i32 {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

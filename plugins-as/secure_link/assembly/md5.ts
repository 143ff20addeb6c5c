/** MD5 (RFC 1321), written from its description: the sum's 16 bytes of any bytes. */
const shifts: StaticArray<i32> = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const sines = new StaticArray<u32>(64)
for (let i = 0; i < 64; i++) sines[i] = <u32>(<u64>Math.floor(Math.abs(Math.sin(<f64>(i + 1))) * 4294967296.0))

/** The MD5 sum of a buffer. */
export function md5(data: ArrayBuffer): Uint8Array {
  const length = data.byteLength
  const whole = ((length + 8) / 64 + 1) * 64
  const bytes = new Uint8Array(whole)
  memory.copy(bytes.dataStart, changetype<usize>(data), length)
  bytes[length] = 0x80
  store<u64>(bytes.dataStart + whole - 8, <u64>length * 8)
  let a: u32 = 0x67452301
  let b: u32 = 0xefcdab89
  let c: u32 = 0x98badcfe
  let d: u32 = 0x10325476
  for (let block = bytes.dataStart; block < bytes.dataStart + whole; block += 64) {
    let w = a
    let x = b
    let y = c
    let z = d
    for (let i = 0; i < 64; i++) {
      const round = i >> 4
      let mixed: u32 = 0
      let k = i
      if (round == 0) mixed = (x & y) | (~x & z)
      else if (round == 1) {
        mixed = (z & x) | (~z & y)
        k = (5 * i + 1) & 15
      } else if (round == 2) {
        mixed = x ^ y ^ z
        k = (3 * i + 5) & 15
      } else {
        mixed = y ^ (x | ~z)
        k = (7 * i) & 15
      }
      const sum = w + mixed + sines[i] + load<u32>(block + (k << 2))
      w = z
      z = y
      y = x
      x = x + rotl<u32>(sum, shifts[(round << 2) | (i & 3)])
    }
    a += w
    b += x
    c += y
    d += z
  }
  const out = new Uint8Array(16)
  store<u32>(out.dataStart, a)
  store<u32>(out.dataStart, b, 4)
  store<u32>(out.dataStart, c, 8)
  store<u32>(out.dataStart, d, 12)
  return out
}

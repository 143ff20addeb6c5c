/** The 64 digits of crypt(3), in the order of their values. */
export const cryptAlphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

// The tables of DES (FIPS 46-3): bit numbers count from 1, the most significant.
const initial = rows([58, 60, 62, 64, 57, 59, 61, 63], -8)
const final = inverse(initial)
const expansion = Array.from({ length: 48 }, (_, i) => ((Math.floor(i / 6) * 4 + i % 6 + 31) % 32) + 1)
const permutation = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
]
const choice1 = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
]
const choice2 = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
]
const shifts = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1]
/** The eight S-boxes, one hexadecimal digit per entry, four rows of 16. */
const boxes = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
].map((digits) => Uint8Array.from(digits, (digit) => parseInt(digit, 16)))

function rows(starts: readonly number[], step: number): number[] {
  return starts.flatMap((start) => Array.from({ length: 8 }, (_, i) => start + i * step))
}

function inverse(table: readonly number[]): number[] {
  const out: number[] = []
  table.forEach((from, to) => { out[from - 1] = to + 1 })
  return out
}

/**
 * Traditional crypt(3): `salt` is two characters of the alphabet; the first 8 bytes of the password count, of each the
 * low 7 bits.
 */
export function desCrypt(password: string, salt: string): string {
  const keys = keySchedule(password)
  const swapped = saltedExpansion(salt)
  let block = new Uint8Array(64)
  for (let i = 0; i < 25; i++) block = encipher(block, keys, swapped)
  let out = salt
  for (let i = 0; i < 66; i += 6) {
    let value = 0
    for (let k = 0; k < 6; k++) value = value << 1 | (block[i + k] ?? 0)
    out += cryptAlphabet[value]!
  }
  return out
}

function keySchedule(password: string): Uint8Array[] {
  const key = new Uint8Array(64)
  for (let i = 0; i < Math.min(8, password.length); i++) {
    for (let bit = 0; bit < 7; bit++) key[8 * i + bit] = password.charCodeAt(i) >> (6 - bit) & 1
  }
  let halves = pick(key, choice1)
  return shifts.map((shift) => {
    halves = Uint8Array.from(halves, (_, i) => halves[i < 28 ? (i + shift) % 28 : 28 + (i - 28 + shift) % 28]!)
    return pick(halves, choice2)
  })
}

/** The salt's twelve bits each exchange two bits of the expansion, which keeps DES hardware from being of use. */
function saltedExpansion(salt: string): number[] {
  const table = [...expansion]
  for (let i = 0; i < 12; i++) {
    const value = cryptAlphabet.indexOf(salt[i < 6 ? 0 : 1]!)
    if ((value >> i % 6 & 1) === 1) [table[i], table[i + 24]] = [table[i + 24]!, table[i]!]
  }
  return table
}

function encipher(block: Uint8Array, keys: readonly Uint8Array[], expand: readonly number[]): Uint8Array<ArrayBuffer> {
  const start = pick(block, initial)
  let left = start.subarray(0, 32)
  let right = start.subarray(32)
  const mixed = new Uint8Array(32)
  for (const key of keys) {
    for (let box = 0; box < 8; box++) {
      let at = 0
      for (let k = 6 * box; k < 6 * box + 6; k++) at = at << 1 | (right[expand[k]! - 1]! ^ key[k]!)
      // The outer two bits choose the row.
      const value = boxes[box]![(at >> 4 & 2 | at & 1) * 16 + (at >> 1 & 15)]!
      for (let k = 0; k < 4; k++) mixed[4 * box + k] = value >> (3 - k) & 1
    }
    const next = new Uint8Array(32)
    for (let i = 0; i < 32; i++) next[i] = left[i]! ^ mixed[permutation[i]! - 1]!
    left = right
    right = next
  }
  const joined = new Uint8Array(64)
  joined.set(right)
  joined.set(left, 32)
  return pick(joined, final)
}

function pick(bits: Uint8Array, table: readonly number[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(table.length)
  for (let i = 0; i < table.length; i++) out[i] = bits[table[i]! - 1]!
  return out
}

const M = 0x5bd1e995

/** MurmurHash2 (32 bit, little endian) of a byte string, its length being the seed, as nginx's split_clients uses it; an unsigned number. */
export function murmurHash2(bytes: string): number {
  let length = bytes.length
  let h = length
  let i = 0
  for (; length >= 4; length -= 4, i += 4) {
    let k = bytes.charCodeAt(i) | bytes.charCodeAt(i + 1) << 8 | bytes.charCodeAt(i + 2) << 16 | bytes.charCodeAt(i + 3) << 24
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  if (length === 3) h ^= bytes.charCodeAt(i + 2) << 16
  if (length >= 2) h ^= bytes.charCodeAt(i + 1) << 8
  if (length >= 1) h = Math.imul(h ^ bytes.charCodeAt(i), M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  h ^= h >>> 15
  return h >>> 0
}

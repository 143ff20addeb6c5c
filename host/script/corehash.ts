/**
 * Kamailio's hash of texts (core_hash; core_case_hash with `caseless`), 32 bits without sign: four bytes at a time, then the rest as one number. A byte is a C
 * char: above 127 it is negative.
 */
export function coreHash(text: string, caseless: boolean): number {
  let h = 0
  let at = 0
  const byte = (i: number): number => {
    const c = text.charCodeAt(i) << 24 >> 24
    return caseless && c >= 65 && c <= 90 ? c | 0x20 : c
  }
  for (; at + 4 <= text.length; at += 4) h = mixed(h, ((byte(at) << 24) + (byte(at + 1) << 16) + (byte(at + 2) << 8) + byte(at + 3)) >>> 0)
  let rest = 0
  for (; at < text.length; at++) rest = ((rest << 8) + byte(at)) >>> 0
  h = mixed(h, rest)
  return (h + (h >>> 11) + (h >>> 13) + (h >>> 23)) >>> 0
}

function mixed(h: number, v: number): number {
  return (h + (v ^ (v >>> 3))) >>> 0
}

/** How a value of the language is kept in a zone: `i` and decimal digits, or `s` and the text. */
export function encodeValue(value: number | string): Buffer {
  return Buffer.from(typeof value === 'number' ? `i${value}` : `s${value}`, 'latin1')
}

/** The value that `encodeValue` wrote. */
export function decodeValue(bytes: Buffer): number | string {
  const text = bytes.latin1Slice(1)
  return bytes[0] === 105 ? Number(text) | 0 : text
}

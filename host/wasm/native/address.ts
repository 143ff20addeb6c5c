import { isIPv4 } from 'node:net'

/**
 * A client address in the form that guests get it: [family, four words]. Family 4: the address is the first word's
 * bytes; 6: all sixteen bytes; 1: a unix socket; 0: not an address. Words are little-endian views of bytes in network
 * order.
 */
export type AddressWords = readonly [number, number, number, number, number]

const limit = 4096
const seen = new Map<string, AddressWords>()

/**
 * The words of a textual address (no brackets, zone ignored, `unix:` for unix sockets). The last few thousand are
 * remembered.
 */
export function addressWords(text: string): AddressWords {
  const known = seen.get(text)
  if (known !== undefined) return known
  if (seen.size >= limit) seen.clear()
  const words = parse(text)
  seen.set(text, words)
  return words
}

function parse(text: string): AddressWords {
  if (text.startsWith('unix:')) return [1, 0, 0, 0, 0]
  const bytes = Buffer.alloc(16)
  if (isIPv4(text)) {
    text.split('.').forEach((part, i) => { bytes[i] = Number(part) })
    return [4, bytes.readInt32LE(0), 0, 0, 0]
  }
  if (!parse6(text.replace(/%.*$/s, ''), bytes)) return [0, 0, 0, 0, 0]
  return [6, bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), bytes.readInt32LE(12)]
}

/** RFC 4291 §2.2: groups of 16 bits, one `::`, perhaps an IPv4 tail. */
function parse6(text: string, bytes: Buffer): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = (half: string): number[] | null => {
    const out: number[] = []
    if (half === '') return out
    const parts = half.split(':')
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      if (i === parts.length - 1 && isIPv4(part)) {
        const b = part.split('.').map(Number)
        out.push(b[0]! << 8 | b[1]!, b[2]! << 8 | b[3]!)
      } else if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(parseInt(part, 16))
      else return null
    }
    return out
  }
  const head = groups(halves[0]!)
  const tail = halves.length === 2 ? groups(halves[1]!) : []
  if (head === null || tail === null) return false
  const count = head.length + tail.length
  if (halves.length === 1 ? count !== 8 : count > 7) return false
  head.forEach((g, i) => bytes.writeUInt16BE(g, 2 * i))
  tail.forEach((g, i) => bytes.writeUInt16BE(g, 16 - 2 * (tail.length - i)))
  return true
}

import { BlockList, isIP } from 'node:net'

/** A set of addresses of one text: an address, `address/length` or `address/mask`. */
export class AddressTest {
  /** IPv6 only: IPv4 is two numbers. */
  private readonly list: BlockList | null
  private readonly bits: number
  private readonly mask: number

  private constructor(list: BlockList | null, bits: number, mask: number) {
    this.list = list
    this.bits = bits & mask
    this.mask = mask
  }

  /** The test of a text, or null when it is no address. */
  static parse(text: string): AddressTest | null {
    const slash = text.indexOf('/')
    const address = strip(slash < 0 ? text : text.slice(0, slash))
    const family = isIP(address)
    if (family === 0) return null
    const length = slash < 0 ? (family === 4 ? 32 : 128) : prefixLength(text.slice(slash + 1), family)
    if (length < 0) return null
    if (family === 4) return new AddressTest(null, ipv4Bits(address), length === 0 ? 0 : -1 << (32 - length))
    const list = new BlockList()
    list.addSubnet(address, length, 'ipv6')
    return new AddressTest(list, 0, 0)
  }

  /** Whether the address, in text, belongs to it. */
  has(address: string): boolean {
    if (this.list !== null) return address.includes(':') && this.list.check(address, 'ipv6')
    const bits = ipv4Bits(address)
    return !Number.isNaN(bits) && (bits & this.mask) === this.bits
  }
}

/** An IPv4 address as a number, NaN for what is none. */
function ipv4Bits(text: string): number {
  let bits = 0
  let part = 0
  let digits = 0
  let parts = 1
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      part = part * 10 + digit
      if (part > 255) return NaN
      digits++
    } else if (digit === -2 && digits > 0) {
      bits = (bits << 8) | part
      part = digits = 0
      parts++
    } else return NaN
  }
  return parts === 4 && digits > 0 ? (bits << 8) | part : NaN
}

function strip(address: string): string {
  return address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address
}

function prefixLength(text: string, family: number): number {
  if (/^\d{1,3}$/.test(text)) {
    const length = Number(text)
    return length <= (family === 4 ? 32 : 128) ? length : -1
  }
  if (family !== 4 || isIP(text) !== 4) return -1
  const bits = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const inverse = 2 ** 32 - 1 - bits
  // A mask is ones and then zeros: its inverse is one below a power of 2.
  const zeros = Math.log2(inverse + 1)
  return Number.isInteger(zeros) ? 32 - zeros : -1
}

const kept = new Map<string, AddressTest | null>()

/** As `AddressTest.parse`, for texts known at run time only; remembers the last ones. */
export function addressTest(text: string): AddressTest | null {
  let test = kept.get(text)
  if (test === undefined) {
    test = AddressTest.parse(text)
    if (kept.size >= 200) kept.clear()
    kept.set(text, test)
  }
  return test
}

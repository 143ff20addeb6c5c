import { BlockList, isIP } from 'node:net'

/** A set of addresses of one text: an address, `address/length` or `address/mask`. */
export class AddressTest {
  private readonly list = new BlockList()

  private constructor() {}

  /** The test of a text, or null when it is no address. */
  static parse(text: string): AddressTest | null {
    const slash = text.indexOf('/')
    const address = strip(slash < 0 ? text : text.slice(0, slash))
    const family = isIP(address)
    if (family === 0) return null
    const test = new AddressTest()
    const type = family === 4 ? 'ipv4' : 'ipv6'
    if (slash < 0) test.list.addAddress(address, type)
    else {
      const length = prefixLength(text.slice(slash + 1), family)
      if (length < 0) return null
      test.list.addSubnet(address, length, type)
    }
    return test
  }

  /** Whether the address, in text, belongs to it. */
  has(address: string): boolean {
    const family = isIP(address)
    return family !== 0 && this.list.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
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

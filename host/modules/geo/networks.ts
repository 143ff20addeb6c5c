import type { Cidr } from './cidr.ts'
import { maskAddress } from './cidr.ts'

/** Values by network; the longest network that holds an address wins. One hash table for each mask length that occurs. */
class Family {
  private readonly tables = new Map<number, Map<string, string>>()
  private lengths: number[] = []

  get(network: string, bits: number): string | undefined { return this.tables.get(bits)?.get(network) }

  set(network: string, bits: number, value: string): void {
    let table = this.tables.get(bits)
    if (table === undefined) {
      this.tables.set(bits, table = new Map())
      this.lengths = [...this.tables.keys()].sort((a, b) => b - a)
    }
    table.set(network, value)
  }

  delete(network: string, bits: number): boolean { return this.tables.get(bits)?.delete(network) === true }

  find(address: string): string | undefined {
    for (const bits of this.lengths) {
      const value = this.tables.get(bits)!.get(maskAddress(address, bits))
      if (value !== undefined) return value
    }
    return undefined
  }
}

/** The networks of one `geo` block, of both families. */
export class Networks {
  private readonly v4 = new Family()
  private readonly v6 = new Family()

  private family(address: string): Family { return address.length === 4 ? this.v4 : this.v6 }

  /** Adds or replaces; returns the value that was there, or null. */
  add(cidr: Cidr, value: string): string | null {
    const family = this.family(cidr.network)
    const old = family.get(cidr.network, cidr.bits)
    family.set(cidr.network, cidr.bits, value)
    return old ?? null
  }

  /** Removes exactly this network; false when it is not there. */
  delete(cidr: Cidr): boolean { return this.family(cidr.network).delete(cidr.network, cidr.bits) }

  /** The value of the longest network that holds an address of 4 or 16 bytes; '' when there is none. */
  find(address: string): string { return this.family(address).find(address) ?? '' }
}

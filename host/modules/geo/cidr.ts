import { isIPv6 } from 'node:net'
import { binaryAddress } from '../../http/core/variables.ts'

/** A network: its address and mask as byte strings of 4 or 16; `meaningless` when the address had bits outside of the mask. */
export interface Cidr {
  readonly network: string
  /** Mask length in bits. */
  readonly bits: number
  readonly meaningless: boolean
}

/** The bytes of an IPv4 address of exactly four decimal numbers, or of an IPv6 address, as a byte string; null for anything else. */
export function parseAddress(text: string): string | null {
  const parts = text.split('.')
  if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return String.fromCharCode(...parts.map(Number))
  return isIPv6(text) && !text.includes('%') ? binaryAddress(text) : null
}

/** The first `bits` bits of an address, the rest zero. */
export function maskAddress(address: string, bits: number): string {
  const whole = bits >> 3
  if (whole >= address.length) return address
  const partial = address.charCodeAt(whole) & (0xff00 >> (bits & 7) & 0xff)
  return address.slice(0, whole) + String.fromCharCode(partial) + '\0'.repeat(address.length - whole - 1)
}

/** Reads `ADDRESS` or `ADDRESS/BITS`; null when it is no network (nginx's ngx_ptocidr). */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === null) return null
  const most = address.length * 8
  if (slash < 0) return { network: address, bits: most, meaningless: false }
  const length = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return null
  const network = maskAddress(address, Number(length))
  return { network, bits: Number(length), meaningless: network !== address }
}

/** The IPv4 address inside of `::ffff:a.b.c.d`, else the address itself. */
export function unmapped(address: string): string {
  return address.length === 16 && address.startsWith('\0\0\0\0\0\0\0\0\0\0\xff\xff') ? address.slice(12) : address
}

/** Whether an address lies in one of the networks of its family. */
export function inNetworks(networks: readonly Cidr[], address: string): boolean {
  for (const cidr of networks) {
    if (cidr.network.length === address.length && maskAddress(address, cidr.bits) === cidr.network) return true
  }
  return false
}

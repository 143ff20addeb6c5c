import { networkInterfaces } from 'node:os'

/** How long what the system says of its addresses is believed, in milliseconds: to ask costs more than to answer a request. */
const believed = 10_000
let outside: Readonly<Record<'IPv4' | 'IPv6', string>> = { IPv4: '', IPv6: '' }
let until = 0

/** The address of this machine that a peer at a numeric address would see: loopback for loopback, else the first one that is not internal. */
export function localAddress(towards: string, six: boolean): string {
  const internal = six ? '::1' : '127.0.0.1'
  if (towards.startsWith('127.') || towards === '::1') return internal
  const now = Date.now()
  if (now >= until) {
    until = now + believed
    outside = { IPv4: firstOf('IPv4'), IPv6: firstOf('IPv6') }
  }
  return outside[six ? 'IPv6' : 'IPv4'] || internal
}

/** The first address of a family that is neither internal nor of one link; '' for none. */
function firstOf(family: 'IPv4' | 'IPv6'): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const one of list ?? []) if (!one.internal && one.family === family && !one.address.startsWith('fe80:')) return one.address
  }
  return ''
}

/** Which addresses the sockets of a configuration have: of a wildcard all that this machine has, looked up once. */
export class OwnAddresses {
  private local: ReadonlySet<string> | null = null

  /** Whether one of the sockets has the address, without brackets, and the port; 0 is any. */
  has(sockets: readonly { readonly host: string, readonly port: number }[], address: string, port: number): boolean {
    for (const socket of sockets) {
      if (port !== 0 && socket.port !== port) continue
      if (socket.host === address) return true
      if (socket.host !== '0.0.0.0' && socket.host !== '::') continue
      this.local ??= new Set(Object.values(networkInterfaces()).flatMap((list) => list ?? []).map((one) => one.address))
      if (this.local.has(address)) return true
    }
    return false
  }
}

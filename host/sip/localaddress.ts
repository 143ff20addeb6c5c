import { networkInterfaces } from 'node:os'

/** The address of this machine that a peer would see: loopback for loopback, else the first one that is not internal. */
export function localAddress(towards: string, six: boolean): string {
  if (towards.startsWith('127.') || towards === '::1') return six ? '::1' : '127.0.0.1'
  for (const list of Object.values(networkInterfaces())) {
    for (const one of list ?? []) if (!one.internal && (one.family === 'IPv6') === six && !one.address.startsWith('fe80:')) return one.address
  }
  return six ? '::1' : '127.0.0.1'
}

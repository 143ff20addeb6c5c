import type { Cycle } from '../../cycle.ts'
import { networkInterfaces } from 'node:os'

/**
 * Whether an address, and a port unless it is 0, is one that the configuration listens on: what `myself` means. Asked
 * when scripts run.
 */
export function myAddresses(cycle: Cycle): (address: string, port: number) => boolean {
  let local: ReadonlySet<string> | null = null
  return (address, port) => {
    if (cycle.sip?.isLocal(address, port) === true) return true
    for (const listen of cycle.servers?.addresses ?? []) {
      if (port !== 0 && listen.port !== port) continue
      if (listen.host === address) return true
      if (listen.host !== '0.0.0.0' && listen.host !== '::') continue
      local ??= new Set(Object.values(networkInterfaces()).flatMap((list) => list ?? []).map((one) => one.address))
      if (local.has(address)) return true
    }
    return false
  }
}

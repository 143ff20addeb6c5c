import type { Cycle } from '../../cycle.ts'
import { OwnAddresses } from '../../sip/localaddress.ts'

/**
 * Whether an address, and a port unless it is 0, is one that the configuration listens on: what `myself` means. Asked
 * when scripts run.
 */
export function myAddresses(cycle: Cycle): (address: string, port: number) => boolean {
  const own = new OwnAddresses()
  return (address, port) => cycle.sip?.isLocal(address, port) === true || own.has(cycle.servers?.addresses ?? [], address, port)
}

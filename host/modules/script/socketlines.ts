import type { Cycle } from '../../cycle.ts'
import type { SocketLine } from '../../script/compile/context.ts'
import type { Transport } from '../../sip/message.ts'
import { endpointOf, unbracketed } from '../../sip/listens.ts'

interface Line extends SocketLine {
  /** Null: UDP and TCP. */
  readonly protocol: string | null
  readonly host: string
  readonly port: number
}

/** What `listen` says of the socket that a message came by, besides its address; null when that is nothing. Asked when scripts run. */
export function socketLines(cycle: Cycle): (transport: Transport) => SocketLine | null {
  let lines: readonly Line[] | null = null
  return ({ protocol, destination: { address, port } }) => {
    lines ??= linesOf(cycle)
    if (lines.length === 0) return null
    return lines.find((one) => one.port === port && (one.protocol ?? protocol) === protocol &&
      (one.host === address || one.host === '0.0.0.0' || one.host === '::' || one.host === '*')) ?? null
  }
}

/** Of the `sip` block; of a Kamailio file that has no routes for SIP, the lines themselves. */
function linesOf({ sip, script }: Cycle): Line[] {
  const all = sip !== null ? sip.listens.map((one) => ({ ...one, name: one.title })) : (script?.listens ?? []).map((one) => ({ ...one, host: unbracketed(one.address) }))
  return all.filter(({ name, advertise }) => name !== null || advertise !== null).map(({ protocol, host, port, name, advertise }) => ({
    protocol, host, port: port === 0 ? 5060 : port, name, advertise: advertise === null ? null : endpointOf(advertise),
  }))
}

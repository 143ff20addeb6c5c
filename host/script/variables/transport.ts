/** Pseudo-variables of the way a message came: both ends, the protocol, and what the `listen` line of the socket says (kamailio.md §9.8). */
import type { ScriptValue } from '../contract.ts'
import type { HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import type { Endpoint, Transport } from '../../sip/message.ts'
import { bracketed, sentBy } from '../../sip/listens.ts'
import { ofMessage } from './message.ts'

type OfTransport = (transport: Transport, run: ScriptRun) => ScriptValue

/** A variable of the way a message came; undefined where it came by none. */
function ofTransport(name: string, get: OfTransport): HostVariable {
  return ofMessage(name, ({ transport }, run) => transport === null ? null : get(transport, run))
}

/** `sip:HOST:PORT`, with the transport where that is not UDP, or `always`. */
function uriOf({ address, port }: Endpoint, protocol: string, always = false): string {
  return `sip:${sentBy(address, port)}${protocol === 'udp' && !always ? '' : `;transport=${protocol}`}`
}

/** What peers are told: the `advertise` of the `listen` line, else the address. */
function told(transport: Transport, run: ScriptRun): Endpoint {
  const { destination } = transport
  const advertised = run.program.options.socket(transport)?.advertise ?? null
  return advertised === null ? destination : { address: advertised.address, port: advertised.port === 0 ? destination.port : advertised.port }
}

const protocolNumbers: Readonly<Record<string, number>> = { udp: 1, tcp: 2, tls: 3, sctp: 4, ws: 5, wss: 6 }

export const transportVariables: readonly HostVariable[] = [
  ofTransport('Ri', ({ destination }) => destination.address), ofTransport('Rp', ({ destination }) => destination.port),
  ofTransport('Ru', ({ protocol, destination }) => uriOf(destination, protocol)),
  ofTransport('Rut', ({ protocol, destination }) => uriOf(destination, protocol, true)),
  ofTransport('Rn', (transport, run) => run.program.options.socket(transport)?.name ?? null),
  ofTransport('RAi', (transport, run) => told(transport, run).address), ofTransport('RAp', (transport, run) => told(transport, run).port),
  ofTransport('RAu', (transport, run) => uriOf(told(transport, run), transport.protocol)),
  ofTransport('RAut', (transport, run) => uriOf(told(transport, run), transport.protocol, true)),
  ofTransport('si', ({ source }) => source.address), ofTransport('siz', ({ source }) => bracketed(source.address)), ofTransport('sp', ({ source }) => source.port),
  ofTransport('sas', ({ protocol, source }) => `${protocol}:${sentBy(source.address, source.port)}`),
  ofTransport('su', ({ protocol, source }) => uriOf(source, protocol)), ofTransport('sut', ({ protocol, source }) => uriOf(source, protocol, true)),
  ...['pr', 'proto'].map((name) => ofTransport(name, ({ protocol }) => protocol)), ofTransport('prid', ({ protocol }) => protocolNumbers[protocol] ?? 0),
]

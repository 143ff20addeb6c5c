/** Addresses: `@src…`, `@dst…`, `@received…`; IPv6 without brackets, as Kamailio prints it. */
import type { Evaluate, SelectRow, Selected } from '../../expr/select/table.ts'
import type { Endpoint, Transport } from '../message.ts'

/** A row that is null where a message has come from nowhere: a timer's. */
function way(pattern: string, read: (transport: Transport) => Selected): SelectRow {
  const evaluate: Evaluate = (m) => m.transport === null ? null : read(m.transport)
  return { pattern, bind: () => evaluate }
}

const both = ({ address, port }: Endpoint): string => `${address}:${port}`

/** The rows; `received` is the listening socket, which for one connection is the destination. */
export const networkRows: readonly SelectRow[] = [
  way('src.ip', ({ source }) => source.address),
  way('src.port', ({ source }) => String(source.port)),
  way('src.ip_port', ({ source }) => both(source)),
  way('dst|received.ip', ({ destination }) => destination.address),
  way('dst|received.port', ({ destination }) => String(destination.port)),
  way('dst|received.ip_port', ({ destination }) => both(destination)),
  way('received.proto', ({ protocol }) => protocol),
  way('received.proto_ip_port', ({ protocol, destination }) => `${protocol}:${both(destination)}`),
]

import { Fifo } from './fifo.ts'
import type { Note, Serve, Transport, TransportSpec } from './spec.ts'
import { Tcp } from './tcp.ts'
import { Udp } from './udp.ts'
import { UnixDatagrams } from './unix.ts'

/** The transport of a kind, not open yet. */
export function makeTransport(spec: TransportSpec, serve: Serve, note: Note): Transport {
  if (spec.kind === 'fifo') return new Fifo(spec, serve, note)
  if (spec.kind === 'tcp') return new Tcp(spec, serve, note)
  return spec.path === null ? new Udp(spec, serve, note) : new UnixDatagrams(spec, serve, note)
}

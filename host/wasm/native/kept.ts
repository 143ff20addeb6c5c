import type { ResponseHeaders } from '../../http/response.ts'
import type { GuestFunction } from '../program.ts'
import type { PluginConf } from './confs.ts'

/** Of one place: more statuses than this are rare enough to be asked about each time. */
const most = 16

/** The lines that a header filter adds to every response of a place with one status, as it has said itself (`repeat`, docs/abi.md). */
export class KeptLines {
  readonly filter: GuestFunction
  readonly status: number
  readonly next: KeptLines | null
  private readonly names: readonly string[]
  private readonly values: readonly string[]

  constructor(filter: GuestFunction, out: ResponseHeaders, from: number, next: KeptLines | null) {
    this.filter = filter
    this.status = out.status
    this.next = next
    this.names = out.names.slice(from, out.count)
    this.values = out.values.slice(from, out.count)
  }

  /** Adds the lines to a response. */
  addTo(out: ResponseHeaders): void {
    const { names, values } = this
    for (let i = 0; i < names.length; i++) out.append(names[i]!, values[i]!)
  }
}

/** What a filter is known to add in a place to a response with this status; null: it must be called. */
export function keptLines(place: PluginConf, filter: GuestFunction, status: number): KeptLines | null {
  for (let kept = place.kept; kept !== null; kept = kept.next) if (kept.status === status && kept.filter === filter) return kept
  return null
}

/** Keeps the lines from number `from` on, which the filter has added and would add again. */
export function keepLines(place: PluginConf, filter: GuestFunction, out: ResponseHeaders, from: number): void {
  let count = 0
  for (let kept = place.kept; kept !== null; kept = kept.next) count++
  if (count < most) place.kept = new KeptLines(filter, out, from, place.kept)
}

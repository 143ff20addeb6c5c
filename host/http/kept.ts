import type { Verdict } from '../module.ts'
import type { Request } from './request.ts'

/** Different handlers, places and addresses of one connection that are kept. */
const most = 8

/**
 * A verdict that a handler gives in a place to every request of one client, as it has said itself. Handlers and places are numbers, so that an idle connection does not hold
 * on to a configuration that was replaced.
 */
export class KeptVerdict {
  readonly handler: number
  readonly place: number
  readonly address: string
  readonly verdict: Verdict
  readonly next: KeptVerdict | null

  constructor(handler: number, place: number, address: string, verdict: Verdict, next: KeptVerdict | null) {
    this.handler = handler
    this.place = place
    this.address = address
    this.verdict = verdict
    this.next = next
  }
}

/** What a handler is known to say to this request; null: it must be asked. */
export function keptVerdict(r: Request, handler: number, place: number): KeptVerdict | null {
  for (let kept = r.kept; kept !== null; kept = kept.next) {
    if (kept.handler === handler && kept.place === place && kept.address === r.connection.remoteAddress) return kept
  }
  return null
}

/** Keeps a verdict for the further requests of the connection. */
export function keepVerdict(r: Request, handler: number, place: number, verdict: Verdict): void {
  let count = 0
  for (let kept = r.kept; kept !== null; kept = kept.next) count++
  r.kept = new KeptVerdict(handler, place, r.connection.remoteAddress, verdict, count < most ? r.kept : null)
}

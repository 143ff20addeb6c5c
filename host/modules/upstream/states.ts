import type { Request } from '../../http/request.ts'
import type { ResponseHead } from './head.ts'

/** What is known of one try of an upstream server, for the `$upstream_…` variables. Times in ms, −1 while unknown. */
export class Try {
  /** `127.0.0.1:80`; null in an entry that only separates two upstreams. */
  address: string | null = null
  status = 0
  readonly started: number
  connectTime = -1
  headerTime = -1
  responseTime = -1
  responseLength = 0
  bytesReceived = 0
  bytesSent = 0

  constructor(started: number) { this.started = started }
}

/** All tries of one request, over all upstreams it went through, and the head of the last response. */
export class Tries {
  serial = -1
  readonly list: Try[] = []
  head: ResponseHead | null = null

  /** Begins the first try of another upstream. */
  separate(now: number): void {
    this.head = null
    if (this.list.length > 0) this.list.push(new Try(now))
  }
}

/**
 * The request object outlives the request and internal redirects clear its contexts; the serial number tells whose
 * tries these are.
 */
const byRequest = new WeakMap<Request, Tries>()

/** The tries of a request, made if need be. */
export function triesOf(r: Request): Tries {
  let tries = byRequest.get(r)
  if (tries === undefined || tries.serial !== r.serial) {
    tries = new Tries()
    tries.serial = r.serial
    byRequest.set(r, tries)
  }
  return tries
}

/** The tries of a request, or null when it used no upstream. */
export function knownTries(r: Request): Tries | null {
  const tries = byRequest.get(r)
  return tries === undefined || tries.serial !== r.serial || tries.list.length === 0 ? null : tries
}

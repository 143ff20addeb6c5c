/** How a connection ends that we did not end: the client closes its side, vanishes, or takes too long. */
import type { Connection } from './connection.ts'
import { Level } from '../core/log.ts'
import { abandonHead } from './badhead.ts'
import { State } from './connstate.ts'
import { terminate } from './finalize.ts'

const late = 'client timed out (110: Connection timed out)'
const noSuffix = (): string => ''

/** The client closed its side (nginx answers 499 to a request that is still being worked on). */
export function peerClosed(c: Connection): void {
  c.peerEnded = true
  if (c.tunnel !== null) return c.tunnel.ended()
  if (c.state === State.Busy || c.state === State.Body) {
    if (!c.request.finished && c.blockedWrites === 0 && mayHaveGone(c)) clientGone(c)
    return
  }
  if (c.state === State.Head) return abandonHead(c, 'client prematurely closed connection', 400)
  if (c.state === State.Idle) idleEnded(c)
  c.close()
}

/**
 * Whether a client that ended its side counts as gone. One that only said that it asks nothing more gets the rest of an answer that has
 * begun; but what comes from an upstream server, or has still to be asked for in subrequests, is not fetched for nobody (nginx).
 */
function mayHaveGone({ request }: Connection): boolean {
  return !request.headerSent || request.upstream !== '' || request.nest !== null
}

/** The client left between requests. */
function idleEnded(c: Connection): void {
  if (c.requests === 0) c.engine.log(Level.info, 'client closed connection while waiting for request', c)
  else c.engine.log(Level.info, `client ${c.remoteAddress} closed keepalive connection`, { logSerial: c.serial, logSuffix: noSuffix })
}

/** Ends the present request: its client is no longer there. */
export function clientGone(c: Connection): void {
  const r = c.request
  // It has its whole answer; what still runs is not for it.
  if (r.nest !== null && r.nest.tree.answered) return
  r.log(Level.info, `client prematurely closed connection${r.upstream === '' ? '' : ', so upstream connection is closed too'}`)
  // Who leaves in the middle of a body has sent a bad request (nginx).
  const status = r.body.reading ? 400 : 499
  r.body.fail(status)
  terminate(r, status)
}

/** The present wait took too long (the engine looks a few times a second). */
export function waitedTooLong(c: Connection): void {
  c.deadline = Infinity
  const r = c.request
  switch (c.state) {
    case State.Body:
      r.body.fail(408)
      return
    case State.Idle:
      if (c.requests === 0) c.engine.log(Level.info, `${late} while waiting for request`, c)
      return c.abort()
    case State.Head:
      return abandonHead(c, late, 408)
    case State.Busy:
      r.log(Level.info, late)
      return terminate(r, 408)
    default:
      c.abort()
  }
}

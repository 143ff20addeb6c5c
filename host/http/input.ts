/** The bytes of a connection that are not consumed yet: where they lie, and who takes them. */
import type { Connection } from './connection.ts'
import { State } from './connstate.ts'
import { prefixOffset, readOffset } from './framing/memory.ts'
import { readHead } from './intake.ts'

/** Bytes kept for later while a request is busy, at most; past it the socket is not read (back pressure). */
const stashLimit = 65536
const nothing = Buffer.alloc(0)

/** Bytes arrived in `buffer[start…end)`: gives them to what the connection is waiting for; false when no more should be read for now. */
export function arrived(c: Connection, buffer: Buffer, start: number, end: number): boolean {
  switch (c.state) {
    case State.Idle:
    case State.Head:
    case State.Discard:
      takeInput(c, buffer, start, end)
      readHead(c)
      break
    case State.Body:
      takeInput(c, buffer, start, end)
      c.request.body.more()
      break
    case State.Busy:
      if (c.tunnel !== null) {
        if (!c.tunnel.received(Buffer.from(buffer.subarray(start, end)))) c.paused = true
        return !c.paused
      }
      takeInput(c, buffer, start, end)
      break
    case State.Linger:
      c.deadline = Math.min(c.engine.now + c.request.location.lingeringTimeout, c.lingerUntil)
      return true
    default:
      return true
  }
  keepInput(c)
  return !c.paused
}

/** Joins what was kept with what arrived: in the core memory when it fits before the read buffer, else in a new buffer. */
function takeInput(c: Connection, buffer: Buffer, start: number, end: number): void {
  const kept = c.end - c.position
  if (kept === 0) {
    c.input = buffer
    c.position = start
    c.end = end
    return
  }
  const { memory } = c.engine
  if (buffer === memory.bytes && start - kept >= prefixOffset) {
    c.input.copy(buffer, start - kept, c.position, c.end)
    c.input = buffer
    c.position = start - kept
    c.end = end
    return
  }
  const joined = Buffer.allocUnsafeSlow(kept + end - start)
  c.input.copy(joined, 0, c.position, c.end)
  buffer.copy(joined, kept, start, end)
  c.input = joined
  c.position = 0
  c.end = joined.length
}

/** Leaves the core read buffer: copies what is not consumed yet; called before control returns to the event loop. */
export function keepInput(c: Connection): void {
  if (!c.request.finished) c.request.body.detach()
  const left = c.end - c.position
  if (left === 0) {
    c.input = nothing
    c.position = c.end = 0
  } else if (c.input === c.engine.memory.bytes) {
    c.input = Buffer.from(c.input.subarray(c.position, c.end))
    c.position = 0
    c.end = left
  }
  if (left > stashLimit && c.state === State.Busy && !c.paused) c.paused = true
}

/** Reads the requests that arrived while another one was answered. */
export function readOn(c: Connection): void {
  c.engine.enter()
  const { memory } = c.engine
  if (c.input !== memory.bytes) {
    // Heads are parsed in the core memory only; what was kept while the request was busy always fits the prefix.
    const at = memory.prepend(c.input.subarray(c.position, c.end))
    if (at < 0) return c.abort()
    c.input = memory.bytes
    c.position = at
    c.end = readOffset
  }
  readHead(c)
  keepInput(c)
  c.engine.leave()
}

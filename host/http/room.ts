import type { HttpEngine } from './engine.ts'
import { Level } from '../core/log.ts'
import { State } from './connstate.ts'

/** The bound of a worker's connections. */
export interface Room {
  /** `worker_connections`. */
  readonly connections: number
  /** How many of them nginx would need for itself. */
  readonly reserved: number
  /** When idle connections were last closed to make room, for the log: a line a second is enough. */
  told: number
}

/**
 * Whether there is room for one more connection; logged when not. Listening addresses (`listening`) and what nginx needs for itself count.
 * When a sixteenth is left, connections that wait for a request are closed, those that have waited longest first (ngx_get_connection,
 * ngx_drain_connections).
 */
export function hasRoom(engine: HttpEngine, room: Room, listening: number): boolean {
  const { connections, reserved } = room
  let free = connections - reserved - listening - engine.connections.size - engine.greetings.size
  if (free <= connections >> 4) free += drain(engine, room)
  if (free > 0) return true
  engine.log(Level.alert, `${connections} worker_connections are not enough`)
  return false
}

function drain(engine: HttpEngine, room: Room): number {
  const idle = [...engine.connections].filter(({ state }) => state === State.Idle)
  if (idle.length === 0) return 0
  if (engine.now - room.told >= 1000) {
    room.told = engine.now
    engine.log(Level.warn, `${room.connections} worker_connections are not enough, reusing connections`)
  }
  idle.sort((a, b) => a.deadline - b.deadline)
  const closing = idle.slice(0, Math.max(1, Math.min(32, idle.length >> 3)))
  for (const connection of closing) {
    connection.close()
    // Its socket tells later that it is closed; until then it would count.
    engine.connections.delete(connection)
  }
  return closing.length
}

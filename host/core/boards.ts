/** What all threads of a process count and set together, as it is given to a worker. */
import { metricBoard } from './metricboard.ts'
import { runtimeSettings } from './settings.ts'
import { statistics } from './statistics.ts'

export interface Boards {
  readonly statistics: SharedArrayBuffer
  readonly metrics: SharedArrayBuffer
  readonly settings: SharedArrayBuffer
  /** When the server started, milliseconds since the epoch. */
  readonly started: number
}

/** Milliseconds since the epoch. */
let started = Date.now()

/** When the server started, for every thread the same. */
export function startedAt(): number { return started }

/** This thread's boards, for the others. */
export function sharedBoards(): Boards {
  return { statistics: statistics.memory, metrics: metricBoard.memory, settings: runtimeSettings.memory, started }
}

/** Takes the boards of another thread, as the worker of a slot from 0. */
export function attachBoards(boards: Boards, slot: number): void {
  statistics.attach(boards.statistics, slot)
  metricBoard.attach(boards.metrics, slot)
  runtimeSettings.attach(boards.settings)
  started = boards.started
}

/** The worker of a slot has ended, which was this thread. */
export function workerEnded(slot: number, thread: number): void {
  statistics.ended(slot)
  metricBoard.ended(slot, thread)
  runtimeSettings.ended(thread)
}

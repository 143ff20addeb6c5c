import { constants } from 'node:os'
import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'

/** What signals do. */
export interface SignalActions {
  stop(graceful: boolean): void
  reload(): void
  reopen(): void
}

/** The signals that the master takes, with nginx's words for what follows (nginx.md §10.3). */
const words: Partial<Record<NodeJS.Signals, string>> = {
  SIGTERM: 'exiting', SIGINT: 'exiting', SIGQUIT: 'shutting down', SIGHUP: 'reconfiguring', SIGUSR1: 'reopening logs',
  // A new binary is taken by starting it: the ports are shared only with our own threads. Nothing is handed over.
  SIGUSR2: 'ignoring', SIGWINCH: 'ignoring',
}

/** Obeys signals until the process ends. Node does not tell who sent one. */
export function obeySignals(log: () => Log, actions: SignalActions): void {
  for (const name of Object.keys(words) as NodeJS.Signals[]) {
    process.on(name, () => {
      log().write(Level.notice, `signal ${constants.signals[name]} (${name}) received, ${words[name]}`)
      if (name === 'SIGTERM' || name === 'SIGINT') actions.stop(false)
      else if (name === 'SIGQUIT') actions.stop(true)
      else if (name === 'SIGHUP') actions.reload()
      else if (name === 'SIGUSR1') actions.reopen()
    })
  }
}

import type { ScriptRun } from '../run.ts'
import type { ZoneStore } from '../../core/zonestore.ts'
import { Outcome } from '../../core/zoneentries.ts'
import { localStore } from '../shared.ts'
import { LogLevel } from '../run.ts'

/** A lock whose holder has vanished with its worker is free after that many milliseconds. */
const longestHold = 60_000
/** How long a script waits for a lock, and how often it looks. */
const patience = 10_000
const interval = 5

const none = Buffer.alloc(0)
const fallback = new WeakMap<object, ZoneStore>()

/** The locks that a run holds: names in a zone that all workers see. They are given back when the run ends. */
class Locks {
  private readonly run: ScriptRun
  private readonly store: ZoneStore
  private readonly held = new Map<string, number>()

  constructor(run: ScriptRun, store: ZoneStore) {
    this.run = run
    this.store = store
    run.onEnd(() => this.giveAll())
  }

  /** Takes a lock, waiting for it: 1, or −1 when it does not come free. Who holds it may take it again. */
  take(name: string): number | Promise<number> {
    const count = this.held.get(name)
    if (count !== undefined) {
      this.held.set(name, count + 1)
      return 1
    }
    return this.try(name) ? 1 : this.wait(name)
  }

  /** Gives a lock back: 1, or −1 when it is not held. */
  give(name: string): number {
    const count = this.held.get(name)
    if (count === undefined) return -1
    if (count > 1) this.held.set(name, count - 1)
    else {
      this.held.delete(name)
      this.store.delete(name)
    }
    return 1
  }

  private try(name: string): boolean {
    if (this.store.add(name, none, longestHold) !== Outcome.Done) return false
    this.held.set(name, 1)
    return true
  }

  private async wait(name: string): Promise<number> {
    for (const end = Date.now() + patience; Date.now() < end;) {
      await new Promise((resolve) => { setTimeout(resolve, interval) })
      if (this.try(name)) return 1
    }
    this.run.log(LogLevel.Error, `the lock "${name}" did not come free in ${patience / 1000} s`)
    return -1
  }

  private giveAll(): void {
    for (const name of this.held.keys()) this.store.delete(name)
    this.held.clear()
  }
}

const key = Symbol('locks')

/** The locks of a run. */
export function locks(run: ScriptRun): Locks {
  return run.keep(key, () => {
    const { options } = run.program
    let store: ZoneStore | undefined = options.locks?.store
    if (store === undefined) {
      store = fallback.get(options)
      if (store === undefined) fallback.set(options, store = localStore('locks', 1 << 16))
    }
    return new Locks(run, store)
  })
}

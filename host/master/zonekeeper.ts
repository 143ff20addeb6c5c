import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import type { Zone } from '../core/zones.ts'
import { ZoneBusy } from '../core/zonestore.ts'
import { ZoneWriter } from '../core/zonewriter.ts'
import type { Cycle } from '../cycle.ts'

/** Milliseconds between two looks at what has changed; with that and `sync` the loss of a crash is bounded. */
const period = 100
const shortPeriod = 10
/** Milliseconds between two sweeps of what has expired, and the buckets that one looks at. */
const sweepPeriod = 1000
const sweepSlice = 1024
const sweepSlices = 64

/** What the master does for zones: keeps their files, and removes what has expired. */
export class ZoneKeeper {
  readonly #log: () => Log
  /** The key/value zones of the cycle in use. */
  #zones: readonly Zone[] = []
  #writers: ZoneWriter[] = []
  /** Writers of a cycle that is not in use yet, those of the present one that stay included. */
  #prepared: ZoneWriter[] = []
  #timer: NodeJS.Timeout | null = null
  #sweptAt = 0

  constructor(log: () => Log) {
    this.#log = log
  }

  /** Fills the new zones of a cycle from their files, before anybody uses them; returns what is wrong. */
  prepare(cycle: Cycle): string[] {
    const complaints: string[] = []
    this.#prepared = []
    for (const zone of cycle.zones.stores()) {
      const { settings, memory } = zone
      if (settings === null || settings.file === null || memory === null) continue
      const same = this.#writers.find((writer) => writer.path === settings.file)
      if (same?.memory === memory) {
        this.#prepared.push(same)
        continue
      }
      same?.tick(Date.now())
      const say = (level: 'alert' | 'warn' | 'notice', message: string): void => this.#log().write(Level[level], message)
      const writer = new ZoneWriter(zone.store, memory, settings.evict, settings.file, settings.sync, say)
      const complaint = writer.open(zone.fresh, same !== undefined)
      if (complaint === null) this.#prepared.push(writer)
      else complaints.push(complaint)
    }
    if (complaints.length > 0) this.drop()
    return complaints
  }

  /** The prepared cycle is not used after all. */
  drop(): void {
    for (const writer of this.#prepared) if (!this.#writers.includes(writer)) writer.release()
    this.#prepared = []
  }

  /** The prepared cycle is in use now. */
  use(cycle: Cycle): void {
    const old = this.#writers
    this.#writers = this.#prepared
    this.#prepared = []
    for (const writer of old) if (!this.#writers.includes(writer)) writer.close()
    this.#zones = cycle.zones.stores()
    for (const zone of this.#zones) {
      const writer = this.#writers.find(({ path }) => path === zone.settings!.file)
      if (writer !== undefined) writer.sync = zone.settings!.sync
    }
    if (this.#zones.length > 0 && this.#timer === null) this.#schedule(period)
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#tick(), milliseconds).unref()
  }

  #tick(): void {
    this.#timer = null
    const now = Date.now()
    let next = period
    for (const writer of this.#writers) {
      writer.tick(now)
      next = Math.min(next, writer.busy ? shortPeriod : writer.sync)
    }
    if (now - this.#sweptAt >= sweepPeriod || now < this.#sweptAt) this.#sweep(now)
    if (this.#zones.length > 0) this.#schedule(next)
  }

  #sweep(now: number): void {
    this.#sweptAt = now
    for (const { store } of this.#zones) {
      try {
        const slices = Math.min(sweepSlices, Math.ceil(store.table.buckets / sweepSlice))
        for (let i = 0; i < slices; i++) store.sweep(sweepSlice)
      } catch (error) {
        if (!(error instanceof ZoneBusy)) throw error
      }
    }
  }

  /** A worker has died while it changed a zone, which is empty now and still locked: says so, and fills it from its file. */
  emptied(zone: Zone, thread: number): void {
    const writer = this.#writers.find(({ memory }) => memory === zone.memory)
    writer?.refill()
    const what = writer === undefined ? 'emptied' : 'filled again from its file'
    this.#log().write(Level.alert, `worker process ${thread} ended while it changed zone "${zone.name}", which was ${what}`)
  }

  /** The server ends: everything is written. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const writer of this.#writers) writer.close()
    this.#writers = []
    this.#zones = []
  }
}

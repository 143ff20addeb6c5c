/** Keeps the file of one zone: takes changes out of its journal, writes them, makes them safe, and rewrites the file when it has grown. */
import { copyFileSync, fdatasync } from 'node:fs'
import { errnoText } from './errors.ts'
import { ZoneEntries } from './zoneentries.ts'
import { NoZoneFile, ZoneFile, fileRecord, fileRecords, loadZoneFile } from './zonefile.ts'
import type { ZoneStore } from './zonestore.ts'

/** A file is rewritten when it has grown by more than this and by more than what it began with. */
const growth = 1 << 20
/** Entries that are written in one go while the zone is held. */
const slice = 256
/** Milliseconds of one step of a rewrite, after which others have their turn. */
const step = 10
/** Rewrites that a full journal has spoiled before one holds the zone from begin to end. */
const patienceWithRewrites = 3
/** How long the zone is waited for; a thread that died with it is noticed by the thread that waits here. */
const patience = 20
/** Milliseconds after a failure until the next try. */
const retry = 1000

/** Says something to the operator: `alert` or `notice`. */
export type Say = (level: 'alert' | 'warn' | 'notice', message: string) => void

/** A new file under way: `cursor` is what comes next, −1 when everything is in it. */
interface Rewrite { readonly file: ZoneFile, cursor: number, syncing: boolean }

export class ZoneWriter {
  readonly store: ZoneStore
  readonly path: string
  readonly memory: SharedArrayBuffer
  /** Milliseconds between two times that the file is made safe. */
  sync: number
  say: Say
  private readonly entries: ZoneEntries
  private file: ZoneFile | null = null
  /** Size of the file after the last rewrite. */
  private base = 0
  private rewrite: Rewrite | null = null
  private spoiled = 0
  /** There is no file yet, or it lacks something; only a rewrite, once it is complete, changes that. */
  private behind = true
  private unsafe = false
  private syncing = false
  private syncedAt = 0
  private failed = ''
  private failedAt = 0

  constructor(store: ZoneStore, memory: SharedArrayBuffer, evict: boolean, path: string, sync: number, say: Say) {
    this.store = store
    this.memory = memory
    this.path = path
    this.sync = sync
    this.say = say
    this.entries = new ZoneEntries(store.table, evict, null)
  }

  /** Whether `tick` should come soon: much has happened, or there is a rewrite to do. */
  get busy(): boolean {
    if (this.failed !== '') return false
    return this.rewrite !== null || this.behind || this.store.journal!.filled > 0.125
  }

  /**
   * Opens the file, made when it is not there. With `load` the zone, empty and unused by then, gets what is in it; else
   * the file gets what is in the zone. `taken`: another writer has the file open and will close it before the first
   * `tick`; it is only read now, and replaced then. Returns the complaint when that is impossible.
   */
  open(load: boolean, taken = false): string | null {
    try {
      const good = this.load(load)
      if (!taken) this.file = new ZoneFile(this.path, good)
      this.base = good
      this.behind = !load || taken
      return null
    } catch (error) {
      if (error instanceof NoZoneFile) return `${error.message}; zone "${this.store.name}" needs a file of its own`
      return `zone "${this.store.name}": open() "${this.path}" failed (${errnoText(error as NodeJS.ErrnoException)})`
    }
  }

  /** Reads the file into the zone; returns how many of its bytes are good. */
  private load(fill: boolean): number {
    let dropped = 0
    const found = loadZoneFile(this.path, (change) => {
      if (fill && !this.entries.restore(change)) dropped++
    })
    if (found === null) return 0
    const bad = found.size - found.good
    if (bad > 0) {
      let kept = ''
      if (found.damaged) {
        copyFileSync(this.path, `${this.path}.damaged`)
        kept = `, a copy is "${this.path}.damaged"`
      }
      this.say('warn', `the last ${bad} bytes of "${this.path}" are incomplete or damaged and were cut off${kept}`)
    }
    if (dropped > 0) this.say('warn', `${dropped} entries of "${this.path}" had no room in zone "${this.store.name}"`)
    return found.good
  }

  /** Does what is due; called often, from one thread. */
  tick(now: number): void {
    if (this.failed !== '' && now - this.failedAt < retry) return this.forget()
    try {
      if (!this.drain()) return
      if (this.rewrite === null && !this.syncing && (this.behind || this.grown)) this.begin()
      if (this.rewrite !== null) this.advance(this.rewrite)
      if (this.failed !== '') this.recovered()
      if (this.unsafe && now - this.syncedAt >= this.sync) this.makeSafe(now)
    } catch (error) {
      this.fail(error, now)
    }
  }

  private get grown(): boolean {
    return this.file !== null && this.file.size - this.base > Math.max(growth, this.base)
  }

  /** Writes what has changed; false when the zone is held by somebody else. */
  private drain(): boolean {
    const { store } = this
    if (!store.table.tryLock(patience)) return false
    try {
      this.write(store.journal!.take())
    } finally {
      store.table.unlock()
    }
    return true
  }

  /** Writes a batch of the journal; null: some changes were lost to the file, and a rewrite has to bring them. */
  private write(batch: Buffer | null): void {
    if (batch === null) {
      this.behind = true
      if (this.rewrite === null) return
      this.spoiled++
      this.abandon()
      return
    }
    if (batch.length === 0) return
    const records = fileRecords(batch)
    this.file?.append(records)
    this.rewrite?.file.append(records)
    this.unsafe = true
  }

  private begin(): void {
    this.rewrite = { file: new ZoneFile(`${this.path}.new`, 0), cursor: 0, syncing: false }
  }

  /** Goes on with a rewrite for a while; when everything is written, the new file takes the old one's place. */
  private advance(rewrite: Rewrite): void {
    const end = performance.now() + step
    while (rewrite.cursor >= 0 && performance.now() < end) {
      if (!this.writeNext(rewrite, this.spoiled >= patienceWithRewrites) || this.rewrite !== rewrite) return
    }
    if (rewrite.cursor < 0 && !this.syncing) this.finish(rewrite)
  }

  /**
   * Writes the next entries, after what has changed so far, or all that are left; false when the zone is held by
   * somebody else.
   */
  private writeNext(rewrite: Rewrite, whole: boolean): boolean {
    const { store } = this
    if (!store.table.tryLock(patience)) return false
    try {
      this.write(store.journal!.take())
      if (this.rewrite !== rewrite) return true
      do rewrite.cursor = this.writeSlice(rewrite)
      while (whole && rewrite.cursor >= 0)
      return true
    } finally {
      store.table.unlock()
    }
  }

  private writeSlice({ file, cursor }: Rewrite): number {
    const parts: Buffer[] = []
    const { entries } = this
    const next = this.store.show(cursor, slice, (key, entry) => {
      parts.push(fileRecord(key, entries.value(entry), entries.deadlineOf(entry)))
    })
    if (parts.length > 0) file.append(Buffer.concat(parts))
    return next === 0 ? -1 : next
  }

  /** Makes the new file safe, then puts it in the place of the old one. */
  private finish(rewrite: Rewrite): void {
    this.syncing = rewrite.syncing = true
    fdatasync(rewrite.file.fd, (error) => {
      this.syncing = rewrite.syncing = false
      if (this.rewrite !== rewrite) return rewrite.file.discard()
      try {
        if (error !== null) throw error
        this.replace(rewrite.file)
      } catch (failure) {
        this.fail(failure, Date.now())
      }
    })
  }

  private replace(file: ZoneFile): void {
    file.rename(this.path)
    this.file?.close()
    this.file = file
    this.base = file.size
    this.rewrite = null
    this.behind = false
    this.spoiled = 0
  }

  private abandon(): void {
    const { rewrite } = this
    if (rewrite === null) return
    this.rewrite = null
    if (!rewrite.syncing) rewrite.file.discard()
  }

  private makeSafe(now: number): void {
    const { file } = this
    if (this.syncing || file === null) return
    this.syncing = true
    this.unsafe = false
    this.syncedAt = now
    fdatasync(file.fd, (error) => {
      this.syncing = false
      // A file that was replaced meanwhile is closed; the one in its place was safe before.
      if (error !== null && this.file === file) this.fail(error, Date.now())
    })
  }

  /** Stops keeping changes until the next try: the file is behind, and a rewrite has to bring everything. */
  private fail(error: unknown, now: number): void {
    const reason = errnoText(error as NodeJS.ErrnoException)
    if (this.failed !== reason) this.say('alert', `zone "${this.store.name}" could not be written to "${this.path}" (${reason}); its changes are in memory only until that works again`)
    this.failed = reason
    this.failedAt = now
    try {
      this.abandon()
    } catch { /* the same failure again */ }
    this.behind = true
  }

  private recovered(): void {
    if (this.behind) return
    this.failed = ''
    this.say('notice', `zone "${this.store.name}" is written to "${this.path}" again`)
  }

  private forget(): void {
    if (!this.store.table.tryLock(0)) return
    this.store.journal!.take()
    this.store.table.unlock()
  }

  /**
   * A thread has died in the middle of a change and the zone is empty and held by nobody else: fills it from the file,
   * after what was journaled before.
   */
  refill(): void {
    try {
      this.abandon()
      this.write(this.store.journal!.take())
      this.load(true)
    } catch (error) {
      this.fail(error, Date.now())
    }
  }

  /** Writes what is left, makes it safe, and closes the file. Waits for the disk. */
  close(): void {
    try {
      // A rewrite is not needed to end: the present file has everything, too, unless it is behind.
      this.abandon()
      if (this.drain() && this.behind) this.rewriteAtOnce()
      this.file?.sync()
    } catch (error) {
      this.fail(error, Date.now())
    }
    try {
      this.file?.close()
    } catch { /* nothing can be done about it */ }
    this.file = null
  }

  /** Closes the file as it is. */
  release(): void {
    this.file?.close()
    this.file = null
  }

  private rewriteAtOnce(): void {
    this.begin()
    const rewrite = this.rewrite!
    if (!this.writeNext(rewrite, true) || this.rewrite !== rewrite) return
    rewrite.file.sync()
    this.replace(rewrite.file)
  }
}

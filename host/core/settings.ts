/**
 * Settings that may be changed while the server runs (Kamailio's cfg framework): what was set by command, shared by all threads. A configuration
 * that is read anew begins with what its files say.
 */
import { SharedLock } from './sharedlock.ts'

/** Bytes of the text that holds what was set. */
const room = 60 * 1024
/** Positions of words: the lock's two, the generation, the text's length, the number of the configuration. */
const Word = { Lock: 0, Sleepers: 1, Generation: 2, Length: 3, Cycle: 4 } as const
const textAt = 64
/** How long a change waits for the lock, in milliseconds. */
const patience = 1000

/** A setting's value. */
export type SettingValue = number | string
/** What was set, and what is to be set by `commit`; by `GROUP.NAME`. */
interface Changes {
  readonly now: Record<string, SettingValue>
  readonly delayed: Record<string, SettingValue>
}

const nothing: Changes = { now: {}, delayed: {} }

/** What a thread has left that died while it wrote counts as nothing. */
function parse(text: string): Changes {
  try {
    return JSON.parse(text) as Changes
  } catch {
    return nothing
  }
}

export class RuntimeSettings {
  private bytes: Buffer = Buffer.from(new SharedArrayBuffer(textAt + room)) as unknown as Buffer
  private words = new Int32Array(this.bytes.buffer, 0, textAt / 4)
  private seen = -1
  private known: Changes = { now: {}, delayed: {} }
  private knownCycle = 0

  /** The memory to be given to the process's other threads. */
  get memory(): SharedArrayBuffer { return this.bytes.buffer as unknown as SharedArrayBuffer }

  /** Looks into this memory from now on. */
  attach(memory: SharedArrayBuffer): void {
    this.bytes = Buffer.from(memory) as unknown as Buffer
    this.words = new Int32Array(memory, 0, textAt / 4)
    this.seen = -1
  }

  /** What a setting was set to while this configuration was in use; undefined when it was not. One comparison unless something has changed. */
  get(cycle: number, key: string): SettingValue | undefined {
    const { now } = this.look(cycle)
    return Object.hasOwn(now, key) ? now[key] : undefined
  }

  /** What waits for `commit`. */
  delayed(cycle: number): readonly (readonly [string, SettingValue])[] { return Object.entries(this.look(cycle).delayed) }

  /** Sets one, or puts it down for `commit`. False when there is no room, or the lock cannot be had. */
  set(cycle: number, key: string, value: SettingValue, delayed: boolean): boolean {
    return this.change(cycle, ({ now, delayed: later }) => (delayed ? { now, delayed: { ...later, [key]: value } } : { now: { ...now, [key]: value }, delayed: later }))
  }

  /** Sets what was put down. */
  commit(cycle: number): boolean { return this.change(cycle, ({ now, delayed }) => ({ now: { ...now, ...delayed }, delayed: {} })) }
  /** Drops what was put down. */
  rollback(cycle: number): boolean { return this.change(cycle, ({ now }) => ({ now, delayed: {} })) }

  /** Back to what the configuration says, for all settings of which `which` says so. */
  reset(cycle: number, which: (key: string) => boolean): boolean {
    return this.change(cycle, ({ now, delayed }) => ({ now: Object.fromEntries(Object.entries(now).filter(([key]) => !which(key))), delayed }))
  }

  /** A thread has ended: it locks nothing any more. */
  ended(thread: number): void {
    const lock = new SharedLock(this.words, Word.Lock, Word.Sleepers)
    if (lock.heldBy(thread)) lock.give()
  }

  private look(cycle: number): Changes {
    if (Atomics.load(this.words, Word.Generation) !== this.seen || this.knownCycle !== cycle) this.readAgain(cycle)
    return this.known
  }

  private readAgain(cycle: number): void {
    const lock = new SharedLock(this.words, Word.Lock, Word.Sleepers)
    const taken = lock.take(patience)
    if (!taken) return
    try {
      this.take(cycle)
    } finally {
      lock.give()
    }
  }

  private take(cycle: number): void {
    const { words } = this
    this.seen = Atomics.load(words, Word.Generation)
    this.knownCycle = cycle
    const length = words[Word.Length]!
    this.known = length === 0 || words[Word.Cycle] !== cycle ? nothing : parse(this.bytes.toString('utf8', textAt, textAt + length))
  }

  private change(cycle: number, make: (changes: Changes) => Changes): boolean {
    const lock = new SharedLock(this.words, Word.Lock, Word.Sleepers)
    if (!lock.take(patience)) return false
    try {
      this.take(cycle)
      const text = Buffer.from(JSON.stringify(make(this.known)))
      if (text.length > room) return false
      text.copy(this.bytes, textAt)
      this.words[Word.Length] = text.length
      this.words[Word.Cycle] = cycle
      Atomics.add(this.words, Word.Generation, 1)
      this.take(cycle)
      return true
    } finally {
      lock.give()
    }
  }
}

/** The one of this thread. */
export const runtimeSettings = new RuntimeSettings()

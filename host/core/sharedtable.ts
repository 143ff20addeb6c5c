import { CHUNK_WORDS, Chunks, MORE, chunksFor } from './chunks.ts'
import { SharedLock } from './sharedlock.ts'

// The head of the memory, in 32-bit words.
const LOCK = 0
const SEED = 1
const BUCKETS = 2
const CHUNKS = 3
/** Threads that sleep for the lock. */
const WAITERS = 4
const FREE = 5
const FREE_COUNT = 6
/**
 * Chunks above this one were never used; they are not in the free list, so that a large zone costs no memory before it
 * is filled.
 */
const USED = 7
const ENTRIES = 8
const NEWEST = 9
const OLDEST = 10
/** Words of whoever uses the table. */
const NOTES = 16
const HEAD_WORDS = 32

// Words of an entry, in its first chunk.
const E_NEXT = 1
const E_OLDER = 2
const E_NEWER = 3
const E_HASH = 4
const E_KEY = 5
const E_VALUE = 6
const E_WORD = 7
/** How many 32-bit words of its own each entry has. */
const entryWords = 4

/**
 * A hash table in memory that all threads share: byte string → four words and a byte value; bounded, ordered by last
 * use, locked as a whole. Everything but `lock` and `unlock` is for the holder of the lock, who must not wait while he
 * holds it. An entry is a number above 0 that is valid until the lock is given back. Nothing is evicted by itself: who
 * gets 0 from `insert` removes `oldest()` and tries again.
 */
export class SharedTable {
  private readonly words: Int32Array
  private readonly mutex: SharedLock
  private readonly content: Chunks
  private readonly mask: number
  private readonly seed: number
  /** Word offset of chunk 0, which does not exist. */
  private readonly base: number

  /** Attaches to memory that `format` made. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory)
    this.mutex = new SharedLock(this.words, LOCK, WAITERS)
    this.mask = this.words[BUCKETS]! - 1
    this.seed = this.words[SEED]!
    this.base = HEAD_WORDS + this.words[BUCKETS]! - CHUNK_WORDS
    this.content = new Chunks(this.words, this.base)
  }

  /**
   * Makes the memory of an empty table of `size` bytes in all, at least 1024; about size / 130 small entries fit.
   * Throws RangeError when there is none.
   */
  static format(size: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(size - size % 4)
    const words = new Int32Array(memory)
    let buckets = 8
    while (buckets * 2 * 4 * CHUNK_WORDS <= size) buckets *= 2
    words[SEED] = (Math.random() * 0x100000000) | 0
    words[BUCKETS] = buckets
    words[CHUNKS] = Math.floor((words.length - HEAD_WORDS - buckets) / CHUNK_WORDS)
    return memory
  }

  /** Takes the lock; sleeps while another thread has it. */
  lock(): void { this.mutex.take(Infinity) }

  /**
   * Takes the lock, sleeping for at most `patience` milliseconds or so; false when another thread had it all the time.
   * The thread that calls `threadEnded` must use this: what it waits for may be a thread that has died.
   */
  tryLock(patience: number): boolean { return this.mutex.take(patience) }

  unlock(): void { this.mutex.give() }

  /**
   * A thread has died: if it held the lock, what it was changing is not trusted any more, and the table is emptied,
   * `refill` is called with the lock held, and the answer is true.
   */
  threadEnded(id: number, refill?: () => void): boolean {
    if (!this.mutex.heldBy(id)) return false
    this.clear()
    try {
      refill?.()
    } finally {
      this.unlock()
    }
    return true
  }

  /** Removes everything, the notes too. */
  clear(): void { this.words.fill(0, FREE, HEAD_WORDS + this.mask + 1) }

  /** Word `i` (0 to 15) that belongs to whoever uses the table. */
  note(i: number): number { return this.words[NOTES + i]! }

  /** Sets such a word to a 32-bit number. */
  setNote(i: number, value: number): void { this.words[NOTES + i] = value }

  /** How many entries there are. */
  get count(): number { return this.words[ENTRIES]! }

  /** How many chunks of memory are unused. */
  get room(): number { return this.words[FREE_COUNT]! + this.words[CHUNKS]! - this.words[USED]! }

  /** The entry of a key, or 0. It becomes the one used last. */
  find(key: string): number {
    const { words } = this
    const hash = this.hash(key)
    let entry = words[HEAD_WORDS + (hash & this.mask)]!
    while (entry !== 0) {
      const at = this.at(entry)
      if (words[at + E_HASH] === hash && words[at + E_KEY] === key.length && this.content.matches(entry, key)) {
        if (words[NEWEST] !== entry) {
          this.unlink(entry)
          this.linkNewest(entry)
        }
        return entry
      }
      entry = words[at + E_NEXT]!
    }
    return 0
  }

  /** Adds an entry for a key that is not there, its words 0 and its value empty; 0 when there is no room. */
  insert(key: string): number {
    const { words } = this
    const entry = this.allocate(chunksFor(key.length))
    if (entry === 0) return 0
    const hash = this.hash(key)
    const at = this.at(entry)
    words[at + E_HASH] = hash
    words[at + E_KEY] = key.length
    words[at + E_VALUE] = 0
    words.fill(0, at + E_WORD, at + E_WORD + entryWords)
    this.content.copyIn(entry, 0, Buffer.from(key, 'latin1'))
    const bucket = HEAD_WORDS + (hash & this.mask)
    words[at + E_NEXT] = words[bucket]!
    words[bucket] = entry
    this.linkNewest(entry)
    words[ENTRIES]!++
    return entry
  }

  /** Removes an entry. */
  remove(entry: number): void {
    const { words } = this
    const at = this.at(entry)
    let link = HEAD_WORDS + (words[at + E_HASH]! & this.mask)
    while (words[link] !== entry) link = this.at(words[link]!) + E_NEXT
    words[link] = words[at + E_NEXT]!
    this.unlink(entry)
    this.free(entry)
    words[ENTRIES]!--
  }

  /** The entry whose last use is longest ago, or 0. */
  oldest(): number { return this.words[OLDEST]! }

  /** The entry used next after this one, or 0. */
  newer(entry: number): number { return this.words[this.at(entry) + E_NEWER]! }

  /** How many hash buckets there are; each holds about one entry when the table is full. */
  get buckets(): number { return this.mask + 1 }

  /** The first entry of a hash bucket, or 0. */
  inBucket(bucket: number): number { return this.words[HEAD_WORDS + bucket]! }

  /** The next entry of the same hash bucket, or 0. */
  nextInBucket(entry: number): number { return this.words[this.at(entry) + E_NEXT]! }

  /** How many chunks there are in all. */
  get chunks(): number { return this.words[CHUNKS]! }

  /** Word `i` (0 to 3) of an entry. */
  get(entry: number, i: number): number { return this.words[this.at(entry) + E_WORD + i]! }

  /** Sets word `i` (0 to 3) of an entry to a 32-bit number. */
  set(entry: number, i: number, value: number): void { this.words[this.at(entry) + E_WORD + i] = value }

  /** The key of an entry, a byte string. */
  key(entry: number): string {
    return this.copy(entry, 0, this.words[this.at(entry) + E_KEY]!).latin1Slice()
  }

  /** A copy of the value of an entry. */
  value(entry: number): Buffer {
    const at = this.at(entry)
    return this.copy(entry, this.words[at + E_KEY]!, this.words[at + E_VALUE]!)
  }

  /** Length of the value of an entry. */
  valueLength(entry: number): number { return this.words[this.at(entry) + E_VALUE]! }

  /** Copies the value of an entry to `target` at `offset`, where there must be room for it. */
  valueInto(entry: number, target: Uint8Array, offset: number): void {
    const at = this.at(entry)
    this.content.copyTo(entry, this.words[at + E_KEY]!, this.words[at + E_VALUE]!, target, offset)
  }

  /** Sets the value of an entry; false, and no change, when there is no room. */
  setValue(entry: number, value: Uint8Array): boolean {
    const { words } = this
    const at = this.at(entry)
    const key = words[at + E_KEY]!
    if (!this.resize(entry, chunksFor(key + words[at + E_VALUE]!), chunksFor(key + value.length))) return false
    words[at + E_VALUE] = value.length
    this.content.copyIn(entry, key, value)
    return true
  }

  /** Makes an entry of `had` chunks one of `wanted`. */
  private resize(entry: number, had: number, wanted: number): boolean {
    if (had === wanted) return true
    const added = wanted > had ? this.allocate(wanted - had) : 0
    if (wanted > had && added === 0) return false
    let last = this.at(entry)
    for (let i = 1; i < Math.min(had, wanted); i++) last = this.at(this.words[last + MORE]!)
    this.free(this.words[last + MORE]!)
    this.words[last + MORE] = added
    return true
  }

  private copy(entry: number, start: number, length: number): Buffer {
    const out = Buffer.allocUnsafe(length)
    this.content.copyTo(entry, start, length, out, 0)
    return out
  }

  private at(chunk: number): number { return this.base + chunk * CHUNK_WORDS }

  /** Murmur3's mixing over the bytes, from a secret start. */
  private hash(key: string): number {
    let h = this.seed ^ key.length
    for (let i = 0; i < key.length; i++) {
      let k = Math.imul(key.charCodeAt(i), 0xcc9e2d51)
      k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
      h ^= k
      h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
    }
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return h ^ (h >>> 16)
  }

  private linkNewest(entry: number): void {
    const { words } = this
    const before = words[NEWEST]!
    const at = this.at(entry)
    words[at + E_OLDER] = before
    words[at + E_NEWER] = 0
    if (before === 0) words[OLDEST] = entry
    else words[this.at(before) + E_NEWER] = entry
    words[NEWEST] = entry
  }

  private unlink(entry: number): void {
    const { words } = this
    const at = this.at(entry)
    const older = words[at + E_OLDER]!
    const newer = words[at + E_NEWER]!
    if (older === 0) words[OLDEST] = newer
    else words[this.at(older) + E_NEWER] = newer
    if (newer === 0) words[NEWEST] = older
    else words[this.at(newer) + E_OLDER] = older
  }

  /** Takes `count` chunks, each linked to the next; 0 when there are not as many. */
  private allocate(count: number): number {
    if (count > this.room) return 0
    let first = 0
    for (let i = 0; i < count; i++) {
      const chunk = this.take()
      this.words[this.at(chunk) + MORE] = first
      first = chunk
    }
    return first
  }

  private take(): number {
    const { words } = this
    const free = words[FREE]!
    if (free === 0) return ++words[USED]!
    words[FREE] = words[this.at(free) + MORE]!
    words[FREE_COUNT]!--
    return free
  }

  /** Gives back a chunk and all that it is linked to; 0 is none. */
  private free(chunk: number): void {
    const { words } = this
    while (chunk !== 0) {
      const at = this.at(chunk) + MORE
      const next = words[at]!
      words[at] = words[FREE]!
      words[FREE] = chunk
      words[FREE_COUNT]!++
      chunk = next
    }
  }
}

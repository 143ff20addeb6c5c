import { threadId } from 'node:worker_threads'

// The head of the memory, in 32-bit words.
const LOCK = 0
const SEED = 1
const BUCKETS = 2
const CHUNKS = 3
const FREE = 4
const FREE_COUNT = 5
/**
 * Chunks above this one were never used; they are not in the free list, so that a large zone costs no memory before it
 * is filled.
 */
const USED = 6
const ENTRIES = 7
const NEWEST = 8
const OLDEST = 9
const HEAD_WORDS = 16

// A chunk: its first word is the next chunk of the entry (or of the free list). The first chunk of an entry also holds
// what follows.
const MORE = 0
const E_NEXT = 1
const E_OLDER = 2
const E_NEWER = 3
const E_HASH = 4
const E_KEY = 5
const E_VALUE = 6
const E_WORD = 7
const CHUNK_WORDS = 32
/** How many 32-bit words of its own each entry has. */
const entryWords = 4
const FIRST_OFFSET = 4 * (E_WORD + entryWords)
const FIRST_BYTES = 4 * CHUNK_WORDS - FIRST_OFFSET
const MORE_OFFSET = 4
const MORE_BYTES = 4 * CHUNK_WORDS - MORE_OFFSET

/** How often a lock is tried before the thread sleeps for it. */
const spins = 200

/**
 * A hash table in memory that all threads share: byte string → four words and a byte value; bounded, ordered by last
 * use, locked as a whole. Everything but `lock` and `unlock` is for the holder of the lock, who must not wait while he
 * holds it. An entry is a number above 0 that is valid until the lock is given back. Nothing is evicted by itself: who
 * gets 0 from `insert` removes `oldest()` and tries again.
 */
export class SharedTable {
  private readonly words: Int32Array
  private readonly bytes: Uint8Array
  private readonly mask: number
  private readonly seed: number
  /** Word offset of chunk 0, which does not exist. */
  private readonly base: number

  /** Attaches to memory that `format` made. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory)
    this.bytes = new Uint8Array(memory)
    this.mask = this.words[BUCKETS]! - 1
    this.seed = this.words[SEED]!
    this.base = HEAD_WORDS + this.words[BUCKETS]! - CHUNK_WORDS
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
  lock(): void {
    for (let i = 0; i < spins; i++) if (Atomics.compareExchange(this.words, LOCK, 0, threadId + 1) === 0) return
    for (;;) {
      const holder = Atomics.compareExchange(this.words, LOCK, 0, threadId + 1)
      if (holder === 0) return
      Atomics.wait(this.words, LOCK, holder, 10)
    }
  }

  unlock(): void {
    Atomics.store(this.words, LOCK, 0)
    Atomics.notify(this.words, LOCK, 1)
  }

  /** A thread has died: if it held the lock, what it was changing is not trusted any more, and the table is emptied. */
  threadEnded(id: number): void {
    if (Atomics.load(this.words, LOCK) !== id + 1) return
    this.words.fill(0, FREE, HEAD_WORDS + this.mask + 1)
    this.unlock()
  }

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
      if (words[at + E_HASH] === hash && words[at + E_KEY] === key.length && this.matches(entry, key)) {
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
    this.copyIn(entry, 0, Buffer.from(key, 'latin1'))
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

  /** Word `i` (0 to 3) of an entry. */
  get(entry: number, i: number): number { return this.words[this.at(entry) + E_WORD + i]! }

  /** Sets word `i` (0 to 3) of an entry to a 32-bit number. */
  set(entry: number, i: number, value: number): void { this.words[this.at(entry) + E_WORD + i] = value }

  /** The key of an entry, a byte string. */
  key(entry: number): string {
    return this.copyOut(entry, 0, this.words[this.at(entry) + E_KEY]!).latin1Slice()
  }

  /** A copy of the value of an entry. */
  value(entry: number): Buffer {
    const at = this.at(entry)
    return this.copyOut(entry, this.words[at + E_KEY]!, this.words[at + E_VALUE]!)
  }

  /** Sets the value of an entry; false, and no change, when there is no room. */
  setValue(entry: number, value: Uint8Array): boolean {
    const { words } = this
    const at = this.at(entry)
    const key = words[at + E_KEY]!
    if (!this.resize(entry, chunksFor(key + words[at + E_VALUE]!), chunksFor(key + value.length))) return false
    words[at + E_VALUE] = value.length
    this.copyIn(entry, key, value)
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

  private matches(entry: number, key: string): boolean {
    const { bytes } = this
    let chunk = entry
    let at = 4 * this.at(entry) + FIRST_OFFSET
    let end = FIRST_BYTES
    for (let i = 0; i < key.length; i++) {
      if (i === end) {
        chunk = this.words[this.at(chunk) + MORE]!
        at = 4 * this.at(chunk) + MORE_OFFSET - i
        end += MORE_BYTES
      }
      if (bytes[at + i] !== key.charCodeAt(i)) return false
    }
    return true
  }

  private copyIn(entry: number, start: number, from: Uint8Array): void {
    const { length } = from
    this.segments(entry, start, length, (at, done, part) => this.bytes.set(from.subarray(done, done + part), at))
  }

  private copyOut(entry: number, start: number, length: number): Buffer {
    const out = Buffer.allocUnsafe(length)
    this.segments(entry, start, length, (at, done, part) => out.set(this.bytes.subarray(at, at + part), done))
    return out
  }

  /** Walks the memory of `length` bytes of an entry from `start` on. */
  private segments(entry: number, start: number, length: number,
                   each: (at: number, done: number, length: number) => void): void {
    let chunk = entry
    let first = 0
    let size = FIRST_BYTES
    let done = 0
    while (done < length) {
      const offset = start + done - first
      if (offset < size) {
        const part = Math.min(size - offset, length - done)
        each(4 * this.at(chunk) + (chunk === entry ? FIRST_OFFSET : MORE_OFFSET) + offset, done, part)
        done += part
      } else {
        first += size
        size = MORE_BYTES
        chunk = this.words[this.at(chunk) + MORE]!
      }
    }
  }
}

function chunksFor(bytes: number): number {
  return bytes <= FIRST_BYTES ? 1 : 1 + Math.ceil((bytes - FIRST_BYTES) / MORE_BYTES)
}

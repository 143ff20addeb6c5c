import * as host from './vespid'
import * as text from './text'

/** What an operation on a zone answers. Everything but Done has changed nothing. */
export enum ZoneResult {
  Done = 0,
  /** `add`: the key is there; `delete`, `expire`: it is not there; `cas`: it has another value. */
  No = -1,
  /** The zone is full and does not evict. */
  Full = -2,
  /** A key has 1 to 1024 bytes. */
  KeyLength = -3,
  /** The value is larger than 1 MiB or an eighth of the zone. */
  ValueLength = -4,
  /** What is there is no integer. */
  NotInteger = -5,
  /** The integer would be beyond ±(2^53 − 1). */
  Range = -6,
}

// @ts-ignore: builtin
const sum: usize = memory.data(8, 8)

/**
 * A key/value store that all workers share and that outlives reloads: `zone NAME SIZE;` in the configuration, and
 * `plugin … { allow zone NAME; }`. Times to live are milliseconds; 0 is for ever.
 */
export class Zone {
  private constructor(private id: i32, readonly name: string) {}

  /** The zone of a name. At the top level of a plugin, a zone that is missing or not allowed stops the start with a clear message. */
  static open(name: string): Zone {
    text.begin()
    text.put(name)
    return new Zone(host.zone_open(text.at, text.length), name)
  }

  /** What the last `incr` of this zone made. */
  number: i64 = 0

  /** The value of a key, or null. */
  get(key: string): string | null {
    return text.answered(this.fetch(key))
  }

  /** The same as bytes. */
  getBytes(key: string): Uint8Array | null {
    const n = this.fetch(key)
    if (n < 0) return null
    const bytes = new Uint8Array(n)
    memory.copy(bytes.dataStart, text.out, n)
    return bytes
  }

  /** Has the value of a key written to `text.out`; its length, or −1. */
  private fetch(key: string): i32 {
    text.begin()
    text.putName(key)
    const at = text.at
    const length = text.length
    let n = host.zone_get(this.id, at, length, text.room(), text.roomSize())
    let capacity = text.roomSize()
    // Another worker may have set a longer value between two looks.
    while (n > capacity) {
      capacity = n
      text.short(n)
      n = host.zone_get(this.id, at, length, text.out, n)
    }
    return n
  }

  /** Whether a key is there. */
  has(key: string): bool { return this.ttl(key) >= 0 }

  /** Sets a key. */
  set(key: string, value: string, ttl: f64 = 0): ZoneResult {
    text.begin()
    text.putName(key)
    const at = text.at
    const length = text.length
    text.put(value)
    return host.zone_set(this.id, at, length, text.at, text.length, ttl)
  }

  /** The same with bytes. */
  setBytes(key: string, value: Uint8Array, ttl: f64 = 0): ZoneResult {
    text.begin()
    text.putName(key)
    return host.zone_set(this.id, text.at, text.length, value.dataStart, value.length, ttl)
  }

  /** Sets a key that is not there; No when it is. */
  add(key: string, value: string, ttl: f64 = 0): ZoneResult {
    text.begin()
    text.putName(key)
    const at = text.at
    const length = text.length
    text.put(value)
    return host.zone_add(this.id, at, length, text.at, text.length, ttl)
  }

  /** Sets a key if its value is `expected`, null for "not there"; No when it is not. */
  cas(key: string, expected: string | null, value: string, ttl: f64 = 0): ZoneResult {
    text.begin()
    text.putName(key)
    const at = text.at
    const length = text.length
    let old: usize = 0
    let oldLength = -1
    if (expected !== null) {
      text.put(expected)
      old = text.at
      oldLength = text.length
    }
    text.put(value)
    return host.zone_cas(this.id, at, length, old, oldLength, text.at, text.length, ttl)
  }

  /**
   * Adds to the integer of a key and returns the sum. A key that is not there begins at `initial` and lives for `ttl`;
   * one that is there keeps its time. Traps when there is no sum: the zone is full, or the value is no integer; `tryIncr`
   * does not.
   */
  incr(key: string, by: i64 = 1, ttl: f64 = 0, initial: i64 = 0): i64 {
    const result = this.tryIncr(key, by, ttl, initial)
    if (result != ZoneResult.Done) throw new Error(`zone "${this.name}" cannot count "${key}": ${why(result)}`)
    return this.number
  }

  /** The same, but says what is wrong instead; the sum is in `number`. */
  tryIncr(key: string, by: i64 = 1, ttl: f64 = 0, initial: i64 = 0): ZoneResult {
    text.begin()
    text.putName(key)
    const result: ZoneResult = host.zone_incr(this.id, text.at, text.length, <f64>by, <f64>initial, ttl, sum)
    if (result == ZoneResult.Done) this.number = <i64>load<f64>(sum)
    return result
  }

  /** Removes a key; false when it was not there. */
  delete(key: string): bool {
    text.begin()
    text.putName(key)
    return host.zone_delete(this.id, text.at, text.length) == 0
  }

  /** Gives a key another time to live; false when it is not there. */
  expire(key: string, ttl: f64): bool {
    text.begin()
    text.putName(key)
    return host.zone_expire(this.id, text.at, text.length, ttl) == 0
  }

  /** Milliseconds that a key has still to live; 0: for ever, −1: it is not there. */
  ttl(key: string): f64 {
    text.begin()
    text.putName(key)
    return host.zone_ttl(this.id, text.at, text.length)
  }

  /** All keys. One that is there all the time is in the list once; one that comes or goes meanwhile may be. */
  keys(): string[] {
    const list: string[] = []
    let cursor: u32 = 0
    do {
      text.begin()
      let n = host.zone_each(this.id, cursor, text.room(), text.roomSize())
      let capacity = text.roomSize()
      while (n > capacity) {
        capacity = n
        text.short(n)
        n = host.zone_each(this.id, cursor, text.out, n)
      }
      const out = text.out
      cursor = load<u32>(out)
      let at = out + 8
      for (let i = load<u32>(out, 4); i > 0; i--) {
        const length = load<u32>(at)
        list.push(text.decode(at + 4, length))
        at += 4 + length
      }
    } while (cursor != 0)
    return list
  }
}

function why(result: ZoneResult): string {
  switch (result) {
    case ZoneResult.Full: return 'it is full'
    case ZoneResult.KeyLength: return 'a key has 1 to 1024 bytes'
    case ZoneResult.NotInteger: return 'its value is no integer'
    default: return 'the sum is too large'
  }
}

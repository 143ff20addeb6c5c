/** One text to look for in one response, and what takes its place; the replacement is made when it is first needed. */
export class Wanted {
  replacement: ArrayBuffer | null = null
  /** It was replaced once. */
  used: bool = false

  /** `match` in lower case; `pair` is its place in the configuration. */
  constructor(readonly match: ArrayBuffer, readonly pair: i32) {}
}

/** What `Search.find` answers besides the index of what it found. */
export const Nothing: i32 = -1
export const Unfinished: i32 = -2

/** Looks for several texts at once, without regard to the case of ASCII letters: the first place wins, there the one that was configured first. */
export class Search {
  /** Whether a text may begin with this byte. */
  private readonly first: StaticArray<bool> = new StaticArray<bool>(256)
  /** Where the last find begins. */
  at: i32 = 0

  constructor(readonly all: Wanted[]) {
    for (let i = 0; i < all.length; i++) {
      const c = load<u8>(changetype<usize>(all[i].match))
      this.first[c] = true
      if (c >= 97 && c <= 122) this.first[c - 32] = true
    }
  }

  /**
   * The next text in `n` bytes from position `from`: its index, Nothing, or Unfinished when the bytes end inside of what may be one (not when they
   * are the `last`). `at` is where it begins; with `once`, texts that were used are left out.
   */
  find(bytes: usize, from: i32, n: i32, last: bool, once: bool): i32 {
    const all = this.all
    for (let at = from; at < n; at++) {
      if (!this.first[load<u8>(bytes + at)]) continue
      for (let i = 0; i < all.length; i++) {
        const wanted = all[i]
        if (once && wanted.used) continue
        const match = changetype<usize>(wanted.match)
        const length = wanted.match.byteLength
        const here = min(length, n - at)
        if ((here < length && last) || !same(bytes + at, match, here)) continue
        this.at = at
        return here < length ? Unfinished : i
      }
    }
    this.at = n
    return Nothing
  }
}

function same(bytes: usize, match: usize, n: i32): bool {
  for (let i = 0; i < n; i++) {
    let c = load<u8>(bytes + i)
    if (c >= 65 && c <= 90) c += 32
    if (c != load<u8>(match + i)) return false
  }
  return true
}

/** Lower case of the ASCII letters of a text, as UTF-8. */
export function lowered(text: string): ArrayBuffer {
  const out = String.UTF8.encode(text)
  const p = changetype<usize>(out)
  for (let i = 0; i < out.byteLength; i++) {
    const c = load<u8>(p + i)
    if (c >= 65 && c <= 90) store<u8>(p + i, c + 32)
  }
  return out
}

/** Bytes that are put together one after the other. */
export class Output {
  private buffer: Uint8Array = new Uint8Array(1024)
  length: i32 = 0

  add(from: usize, n: i32): void {
    const needed = this.length + n
    if (needed > this.buffer.length) {
      const bigger = new Uint8Array(max(needed, this.buffer.length * 2))
      memory.copy(bigger.dataStart, this.buffer.dataStart, this.length)
      this.buffer = bigger
    }
    memory.copy(this.buffer.dataStart + this.length, from, n)
    this.length = needed
  }

  /** All of it; a view, valid until the next `add`. */
  get bytes(): Uint8Array { return this.buffer.subarray(0, this.length) }
}

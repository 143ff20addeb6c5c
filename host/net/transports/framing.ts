/** Cuts a stream of bytes without lengths or lines into JSON documents. */

/** Takes each document; `whole` false: it is broken, too long or unfinished, and only told so that its sender can be answered. */
export type TakeDocument = (document: Buffer, whole: boolean) => void

export interface Framer {
  push(chunk: Buffer): void
  /** Bytes of a document that has begun. */
  readonly pending: number
  /** Nothing came for long: gives up the document that has begun, and takes up what follows it. */
  expire(): void
}

const lf = 10
const quote = 34
const apostrophe = 39
const backslash = 92
const open = 123
const close = 125
const nothing = Buffer.alloc(0)

/**
 * Kamailio's framing (kamailio.md §2.10): a document ends when as many braces were closed as opened, after one at least; quotes of both kinds hide
 * braces. What does not begin with a brace becomes part of the next document; one brace too many shifts everything for ever. Longer input than `limit` is dropped.
 */
export class StrictFramer implements Framer {
  private readonly limit: number
  private readonly take: TakeDocument
  private held: number[] = []
  private depth = 0
  private opened = false
  private inside = 0
  private escaped = false

  constructor(limit: number, take: TakeDocument) {
    this.limit = limit
    this.take = take
  }

  get pending(): number { return this.held.length }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      this.held.push(byte)
      if (this.ends(byte)) this.take(Buffer.from(this.reset()), true)
      else if (this.held.length >= this.limit) this.reset()
    }
  }

  private ends(byte: number): boolean {
    if (this.inside !== 0) {
      if (this.escaped) this.escaped = false
      else if (byte === backslash) this.escaped = true
      else if (byte === this.inside) this.inside = 0
      return false
    }
    if (byte === quote || byte === apostrophe) this.inside = byte
    else if (byte === open) {
      this.depth++
      this.opened = true
    } else if (byte === close) this.depth--
    else return false
    return this.inside === 0 && this.opened && this.depth === 0
  }

  private reset(): number[] {
    const { held } = this
    this.held = []
    this.depth = 0
    this.opened = false
    this.inside = 0
    this.escaped = false
    return held
  }

  expire(): void {}
}

/**
 * The same for JSON, calls and batches: what stands between documents is skipped, and after a broken one the next is found again. A text cannot hold
 * a line break, so a document in which one does is broken there; one that is never finished is given up (`expire`), and what began
 * at a line of its own meanwhile is read again.
 */
export class SafeFramer implements Framer {
  private readonly limit: number
  private readonly take: TakeDocument
  /** What has come and is not cut off: a view of `store`, which has room behind it. */
  private held: Buffer = nothing
  private store: Buffer = nothing
  /** Bytes of `held` that were looked at. */
  private seen = 0
  private depth = 0
  private text = false

  constructor(limit: number, take: TakeDocument) {
    this.limit = limit
    this.take = take
  }

  get pending(): number { return this.held.length }

  push(chunk: Buffer): void {
    this.append(chunk)
    this.scan()
  }

  private append(chunk: Buffer): void {
    const { held } = this
    if (held.length === 0) {
      this.held = this.store = chunk
      return
    }
    const length = held.length + chunk.length
    let from = held.byteOffset - this.store.byteOffset
    if (from + length > this.store.length || this.store === held) {
      this.store = Buffer.allocUnsafe(Math.max(4096, 2 * length))
      held.copy(this.store)
      from = 0
    }
    chunk.copy(this.store, from + held.length)
    this.held = this.store.subarray(from, from + length)
  }

  private scan(): void {
    while (this.seen < this.held.length) {
      if (this.depth === 0 && !this.begin()) return
      const end = this.find()
      if (end < 0) {
        if (this.held.length > this.limit) this.giveUp()
        else return
      } else this.cut(end, !this.text)
    }
  }

  /** Skips to where a document may begin; false when there is none yet. */
  private begin(): boolean {
    const { held } = this
    let at = 0
    while (at < held.length && held[at] !== open && held[at] !== 91) at++
    this.held = at === held.length ? nothing : held.subarray(at)
    this.seen = 0
    return this.held.length > 0
  }

  /** The place behind the document's end, or behind where it breaks, which `text` tells; −1 when it goes on. */
  private find(): number {
    const { held } = this
    let at = this.seen
    for (; at < held.length; at++) {
      const byte = held[at]!
      if (this.text) {
        if (byte === lf) return at + 1
        if (byte === quote) this.text = false
        else if (byte === backslash && ++at >= held.length) break
        continue
      }
      if (byte === quote) this.text = true
      else if (byte === open || byte === 91) this.depth++
      else if ((byte === close || byte === 93) && --this.depth === 0) return at + 1
      if (at >= this.limit) break
    }
    // An escape whose second half has not come yet is looked at again.
    this.seen = Math.min(at, held.length) - (this.text && at >= held.length && held.at(-1) === backslash && oddEscapes(held) ? 1 : 0)
    return -1
  }

  private cut(end: number, whole: boolean): void {
    const document = this.held.subarray(0, end)
    this.held = this.held.subarray(end)
    this.seen = this.depth = 0
    this.text = false
    this.take(document, whole && document.length <= this.limit)
  }

  /** The document does not end: the next one is sought at the beginning of a line. */
  private giveUp(): void {
    const next = this.held.indexOf('\n{', 1, 'latin1')
    const batch = this.held.indexOf('\n[', 1, 'latin1')
    const at = next < 0 ? batch : batch < 0 ? next : Math.min(next, batch)
    this.cut(at < 0 ? this.held.length : at + 1, false)
  }

  expire(): void {
    if (this.held.length === 0) return
    this.giveUp()
    this.scan()
  }
}

/** Whether the backslash at the end is not itself escaped. */
function oddEscapes(held: Buffer): boolean {
  let n = 0
  while (n < held.length && held[held.length - 1 - n] === backslash) n++
  return n % 2 === 1
}

/**
 * Reads JSON as Kamailio does (kamailio.md §2.3): what follows the first value is ignored, numbers may begin with a zero, bytes up to 0x20 are
 * white space, unknown escapes stand for themselves, and members keep their order and their duplicates.
 */

/** An object as it was written. */
export class LenientObject {
  readonly names: string[] = []
  readonly values: unknown[] = []

  /** The first member of that name, whatever its case; undefined when there is none. */
  get(name: string): unknown {
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i]!.length === name.length && this.names[i]!.toLowerCase() === name) return this.values[i]
    }
    return undefined
  }
}

/** How deep values may be nested: what is deeper is refused. */
const deepest = 512

const quote = 34
const backslash = 92

class Failed extends Error {}

/**
 * The first value of a document: null, booleans, numbers, texts, arrays, LenientObject; undefined when it is not even lenient JSON. The document
 * ends at a NUL byte.
 */
export function readLenient(document: Buffer): unknown {
  const nul = document.indexOf(0)
  try {
    return new Reader(nul < 0 ? document : document.subarray(0, nul)).value(0)
  } catch (error) {
    if (error instanceof Failed) return undefined
    throw error
  }
}

/** A lenient value as plain JSON; of members of one name the first counts. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof LenientObject)) return value
  const object: Record<string, unknown> = Object.create(null)
  value.names.forEach((name, i) => { if (!(name in object)) object[name] = plain(value.values[i]) })
  return object
}

class Reader {
  private readonly bytes: Buffer
  private at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  value(depth: number): unknown {
    if (depth > deepest) throw new Failed()
    this.space()
    const c = this.bytes[this.at]
    if (c === quote) return this.text()
    if (c === 123) return this.object(depth)
    if (c === 91) return this.array(depth)
    if (c === 45 || (c !== undefined && c >= 48 && c <= 57)) return this.number()
    if (this.word('null')) return null
    if (this.word('false')) return false
    if (this.word('true')) return true
    throw new Failed()
  }

  private space(): void {
    const { bytes } = this
    while (this.at < bytes.length && bytes[this.at]! <= 32) this.at++
  }

  private word(word: string): boolean {
    if (this.bytes.latin1Slice(this.at, Math.min(this.at + word.length, this.bytes.length)) !== word) return false
    this.at += word.length
    return true
  }

  /** Takes the sign that must stand here. */
  private take(c: number): void {
    this.space()
    if (this.bytes[this.at] !== c) throw new Failed()
    this.at++
  }

  /** Whether a comma follows, which is taken. */
  private more(): boolean {
    this.space()
    if (this.bytes[this.at] !== 44) return false
    this.at++
    return true
  }

  private array(depth: number): unknown[] {
    const list: unknown[] = []
    this.at++
    this.space()
    if (this.bytes[this.at] !== 93) do list.push(this.value(depth + 1)); while (this.more())
    this.take(93)
    return list
  }

  private object(depth: number): LenientObject {
    const object = new LenientObject()
    this.at++
    this.space()
    if (this.bytes[this.at] !== 125) {
      do {
        this.space()
        if (this.bytes[this.at] !== quote) throw new Failed()
        object.names.push(this.text())
        this.take(58)
        object.values.push(this.value(depth + 1))
      } while (this.more())
    }
    this.take(125)
    return object
  }

  /** One leading zero may stand before other digits. */
  private number(): number {
    const { bytes } = this
    const start = this.at
    const digits = (): void => { while (bytes[this.at]! >= 48 && bytes[this.at]! <= 57) this.at++ }
    if (bytes[this.at] === 45) this.at++
    if (bytes[this.at] === 48) this.at++
    if (bytes[this.at] !== 48) digits()
    if (bytes[this.at] === 46 && bytes[this.at + 1]! >= 48 && bytes[this.at + 1]! <= 57) {
      this.at++
      digits()
    }
    if (bytes[this.at] === 101 || bytes[this.at] === 69) {
      this.at++
      if (bytes[this.at] === 43 || bytes[this.at] === 45) this.at++
      digits()
    }
    const value = Number.parseFloat(bytes.latin1Slice(start, this.at))
    return Number.isNaN(value) ? 0 : value
  }

  private text(): string {
    const { bytes } = this
    let from = ++this.at
    let out: Buffer[] | null = null
    for (;;) {
      if (this.at >= bytes.length) throw new Failed()
      const c = bytes[this.at]!
      if (c !== quote && c !== backslash) {
        this.at++
        continue
      }
      const piece = bytes.subarray(from, this.at++)
      if (c === quote) return (out === null ? piece : Buffer.concat([...out, piece])).toString('utf8')
      ;(out ??= []).push(piece)
      out.push(Buffer.from(this.escape(), 'utf8'))
      from = this.at
    }
  }

  private escape(): string {
    const c = this.bytes[this.at++]
    switch (c) {
      case undefined: throw new Failed()
      case 98: return '\b'
      case 102: return '\f'
      case 110: return '\n'
      case 114: return '\r'
      case 116: return '\t'
      case 117: return this.unicode()
      default: return String.fromCharCode(c)
    }
  }

  /** NUL, half a pair and what is no number vanish. */
  private unicode(): string {
    const high = this.hex()
    if (high === 0 || (high >= 0xdc00 && high <= 0xdfff)) return ''
    if (high < 0xd800 || high > 0xdbff) return String.fromCharCode(high)
    if (this.bytes[this.at] !== backslash || this.bytes[this.at + 1] !== 117) return ''
    this.at += 2
    const low = this.hex()
    return low < 0xdc00 || low > 0xdfff ? '' : String.fromCharCode(high, low)
  }

  private hex(): number {
    const end = Math.min(this.at + 4, this.bytes.length)
    const text = this.bytes.latin1Slice(this.at, end)
    this.at = end
    return /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : 0
  }
}

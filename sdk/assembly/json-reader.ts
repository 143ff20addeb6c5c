import { hexDigit } from './ascii'
import { Json } from './json'

/** Deepest nesting that is read. */
const depthLimit: i32 = 64

/** Reads JSON text (RFC 8259); each method leaves `at` behind what it read, and answers null for what is not JSON. */
export class Reader {
  at: i32 = 0

  constructor(readonly source: string) {}

  space(): void {
    while (this.at < this.source.length) {
      const c = this.source.charCodeAt(this.at)
      if (c != 32 && c != 10 && c != 13 && c != 9) return
      this.at++
    }
  }

  private peek(): i32 { return this.at < this.source.length ? this.source.charCodeAt(this.at) : -1 }

  value(depth: i32): Json | null {
    if (depth > depthLimit) return null
    this.space()
    const c = this.peek()
    if (c == 123) return this.object(depth)
    if (c == 91) return this.array(depth)
    if (c == 34) {
      const s = this.string()
      return s === null ? null : Json.of<string>(s)
    }
    if (c == 116) return this.word('true') ? Json.of<bool>(true) : null
    if (c == 102) return this.word('false') ? Json.of<bool>(false) : null
    if (c == 110) return this.word('null') ? Json.none() : null
    return this.number()
  }

  private word(text: string): bool {
    if (this.source.substr(this.at, text.length) != text) return false
    this.at += text.length
    return true
  }

  private number(): Json | null {
    const from = this.at
    if (this.peek() == 45) this.at++
    if (this.peek() == 48) this.at++
    else if (!this.digits()) return null
    if (this.peek() == 46) {
      this.at++
      if (!this.digits()) return null
    }
    const e = this.peek()
    if (e == 101 || e == 69) {
      this.at++
      const sign = this.peek()
      if (sign == 43 || sign == 45) this.at++
      if (!this.digits()) return null
    }
    const text = this.source.substring(from, this.at)
    return Json.number(parseFloat(text), text)
  }

  private digits(): bool {
    const from = this.at
    while (this.peek() >= 48 && this.peek() <= 57) this.at++
    return this.at > from
  }

  private string(): string | null {
    this.at++
    let from = this.at
    // Pieces between escapes, joined at the end: texts of nothing but escapes would be copied as often as they have some.
    let pieces: string[] | null = null
    while (true) {
      const c = this.peek()
      if (c < 32) return null
      if (c == 34) {
        const last = this.source.substring(from, this.at)
        this.at++
        if (pieces === null) return last
        pieces.push(last)
        return pieces.join('')
      }
      if (c == 92) {
        if (pieces === null) pieces = []
        pieces.push(this.source.substring(from, this.at))
        this.at++
        const escaped = this.escape()
        if (escaped < 0) return null
        pieces.push(String.fromCharCode(escaped))
        from = this.at
      } else this.at++
    }
  }

  private escape(): i32 {
    const c = this.peek()
    this.at++
    switch (c) {
      case 34: case 92: case 47: return c
      case 98: return 8
      case 102: return 12
      case 110: return 10
      case 114: return 13
      case 116: return 9
      case 117: break
      default: return -1
    }
    let value = 0
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.peek())
      if (digit < 0) return -1
      value = value << 4 | digit
      this.at++
    }
    return value
  }

  private array(depth: i32): Json | null {
    const out = Json.array()
    this.at++
    this.space()
    if (this.peek() == 93) {
      this.at++
      return out
    }
    while (true) {
      const item = this.value(depth + 1)
      if (item === null) return null
      out.push(item)
      this.space()
      const c = this.peek()
      this.at++
      if (c == 93) return out
      if (c != 44) return null
    }
  }

  private object(depth: i32): Json | null {
    const out = Json.object()
    this.at++
    this.space()
    if (this.peek() == 125) {
      this.at++
      return out
    }
    while (true) {
      this.space()
      if (this.peek() != 34) return null
      const name = this.string()
      if (name === null) return null
      this.space()
      if (this.peek() != 58) return null
      this.at++
      const item = this.value(depth + 1)
      if (item === null) return null
      out.append(name, item)
      this.space()
      const c = this.peek()
      this.at++
      if (c == 125) return out
      if (c != 44) return null
    }
  }
}

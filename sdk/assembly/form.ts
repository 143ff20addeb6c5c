// What percent-encoding (RFC 3986 §2.1) and forms (WHATWG URL, application/x-www-form-urlencoded) say.
import { hexDigit } from './ascii'
import { Bytes } from './bytes'

/** Whether the last text that was decoded had a `%` that begins no escape. */
export let broken: bool = false

/**
 * The bytes that a text with percent escapes stands for; a `%` that begins no escape stays, and is told in `broken`.
 * `plus`: `+` is a blank.
 */
export function unescaped(text: string, plus: bool = false): Bytes {
  const buffer = String.UTF8.encode(text)
  const at = changetype<usize>(buffer)
  const n = buffer.byteLength
  broken = false
  let length = 0
  for (let i = 0; i < n; i++) {
    let byte = load<u8>(at + i)
    if (byte == 43 && plus) byte = 32
    else if (byte == 37) {
      const high = i + 2 < n ? hexDigit(load<u8>(at + i + 1)) : -1
      const low = i + 2 < n ? hexDigit(load<u8>(at + i + 2)) : -1
      if (high < 0 || low < 0) broken = true
      else {
        byte = <u8>(high << 4 | low)
        i += 2
      }
    }
    store<u8>(at + length++, byte)
  }
  return Bytes.of(buffer, length)
}

/** The text that a name or value of a form, or of a query, stands for. What is no UTF-8 in it becomes U+FFFD. */
export function decoded(text: string): string {
  broken = false
  if (text.indexOf('%') < 0 && text.indexOf('+') < 0) return text
  return unescaped(text, true).toString()
}

/** The fields of a form's body, or of a query, in their order, decoded. */
export class Form {
  readonly names: string[] = []
  readonly values: string[] = []
  /** Which of them have a `%` that begins no escape. */
  readonly brokenOnes: bool[] = []

  /** Reads `name=value&…`: pairs without `=` have the value `''`, empty ones do not count. */
  constructor(source: string) {
    const pairs = source.split('&')
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i].length == 0) continue
      const equals = pairs[i].indexOf('=')
      this.names.push(decoded(equals < 0 ? pairs[i] : pairs[i].substring(0, equals)))
      const nameBroken = broken
      this.values.push(equals < 0 ? '' : decoded(pairs[i].substring(equals + 1)))
      this.brokenOnes.push(nameBroken || broken)
    }
  }

  /** The first value of a name; null when there is none. */
  get(name: string): string | null {
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }

  /** Every value of a name but those that are broken. */
  all(name: string): string[] {
    const found: string[] = []
    for (let i = 0; i < this.names.length; i++) {
      if (this.names[i] == name && !this.brokenOnes[i]) found.push(this.values[i])
    }
    return found
  }
}

// Arguments of URLs and of forms.

/** What a request says after `?`, or in a form's body. */
export class Arguments {
  /** An escape is none, a name is there twice, or the text is no UTF-8. */
  bad: bool = false
  private names: string[] = []
  private values: string[] = []
  /** Arguments are taken in their order only, as Kamailio does. */
  private ordered: bool = false
  private next: i32 = 0

  /** Split first, then decoded: what is encoded stays in its value. */
  static read(source: string): Arguments {
    const all = new Arguments()
    const parts = source.split('&')
    for (let i = 0; i < parts.length; i++) {
      if (parts[i].length == 0) continue
      const equals = parts[i].indexOf('=')
      const name = all.decode(equals < 0 ? parts[i] : parts[i].substring(0, equals))
      if (all.names.includes(name)) all.bad = true
      all.names.push(name)
      all.values.push(equals < 0 ? '' : all.decode(parts[i].substring(equals + 1)))
    }
    return all
  }

  /** As Kamailio 5.6: decoded as a whole, then split, taken in their order. */
  static readStrict(source: string): Arguments {
    const all = new Arguments()
    all.ordered = true
    const whole = all.decode(source)
    const parts = (all.bad ? source : whole).split('&')
    for (let i = 0; i < parts.length; i++) {
      const equals = parts[i].indexOf('=')
      all.names.push(equals < 0 ? parts[i] : parts[i].substring(0, equals))
      all.values.push(equals < 0 ? '' : parts[i].substring(equals + 1))
    }
    return all
  }

  /** An argument's value; null when it is not there, or not the next one where order counts. */
  take(name: string): string | null {
    if (this.ordered) {
      if (this.next >= this.names.length || this.names[this.next] != name) return null
      return this.values[this.next++]
    }
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }

  /** A value wherever it stands. */
  given(name: string): string | null {
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }

  private decode(text: string): string {
    const bytes = new Uint8Array(text.length * 3)
    let n = 0
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c == 43) bytes[n++] = 32
      else if (c == 37) {
        const high = digit(text, i + 1)
        const low = digit(text, i + 2)
        if (high < 0 || low < 0) {
          this.bad = true
          bytes[n++] = 37
        } else {
          bytes[n++] = <u8>(high << 4 | low)
          i += 2
        }
      } else if (c < 128) bytes[n++] = <u8>c
      else n += <i32>String.UTF8.encodeUnsafe(changetype<usize>(text) + (<usize>i << 1), 1, bytes.dataStart + n)
    }
    const decoded = String.UTF8.decodeUnsafe(bytes.dataStart, n)
    if (decoded.includes('\0') || decoded.includes('\ufffd')) this.bad = true
    return decoded
  }
}

function digit(text: string, at: i32): i32 {
  if (at >= text.length) return -1
  const c = text.charCodeAt(at)
  if (c >= 48 && c <= 57) return c - 48
  const letter = c | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/** A text as a value in a URL's query. */
export function encodeValue(text: string): string {
  return encodeURIComponent(text)
}

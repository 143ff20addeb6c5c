/** Undoes the encoding of forms and queries, `+` and `%XX`; null when an escape is none. */
export function decoded(source: string): string | null {
  const bytes = String.UTF8.encode(source)
  const at = changetype<usize>(bytes)
  let length = 0
  for (let i = 0, n = bytes.byteLength; i < n; i++) {
    let byte = load<u8>(at + i)
    if (byte == 43) byte = 32
    else if (byte == 37) {
      const high = i + 2 < n ? digit(load<u8>(at + i + 1)) : -1
      const low = i + 2 < n ? digit(load<u8>(at + i + 2)) : -1
      if (high < 0 || low < 0) return null
      byte = <u8>(high << 4 | low)
      i += 2
    }
    store<u8>(at + length++, byte)
  }
  return String.UTF8.decodeUnsafe(at, length)
}

function digit(byte: u8): i32 {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** The decoded values of a form's or query's field, in order; a value whose escapes are broken is left out. */
export function fieldsOf(form: string, name: string): string[] {
  const values: string[] = []
  const pairs = form.split('&')
  for (let i = 0; i < pairs.length; i++) {
    const equals = pairs[i].indexOf('=')
    if (equals < 0 || pairs[i].substring(0, equals) != name) continue
    const value = decoded(pairs[i].substring(equals + 1))
    if (value !== null) values.push(value)
  }
  return values
}

function isBlank(c: i32): bool { return c == 32 || c == 9 || c == 10 || c == 13 }

function joined(pieces: string[], last: string): string {
  if (pieces.length == 0) return last
  pieces.push(last)
  return pieces.join('')
}

/**
 * The words of an argument string, at blanks; with `quoting`, `"…"`, `'…'` and `\` keep blanks together. Null when a
 * quote is not closed.
 */
export function wordsOf(source: string, quoting: bool): string[] | null {
  const words: string[] = []
  /** The word's pieces so far, between what does not belong to it; −1 for `from`: not in a word. */
  let pieces: string[] = []
  let from = -1
  let quote = 0
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i)
    if (quote == 0 && isBlank(c)) {
      if (from >= 0) words.push(joined(pieces, source.substring(from, i)))
      pieces = []
      from = -1
      continue
    }
    if (from < 0) from = i
    if (!quoting) continue
    const opens = quote == 0 && (c == 34 || c == 39)
    const escapes = c == 92 && quote != 39 && i + 1 < source.length
    if (!opens && !escapes && c != quote) continue
    if (i > from) pieces.push(source.substring(from, i))
    from = i + 1
    if (escapes) i++
    else quote = opens ? c : 0
  }
  if (from >= 0) words.push(joined(pieces, source.substring(from)))
  return quote == 0 ? words : null
}

/** Words as `wordsOf` with quoting would read them. */
export function quoted(words: string[]): string {
  const out: string[] = []
  for (let i = 0; i < words.length; i++) {
    let plain = words[i].length > 0
    for (let k = 0; k < words[i].length; k++) {
      const c = words[i].charCodeAt(k)
      if (isBlank(c) || c == 34 || c == 39 || c == 92) plain = false
    }
    out.push(plain ? words[i] : '"' + words[i].replaceAll('\\', '\\\\').replaceAll('"', '\\"') + '"')
  }
  return out.join(' ')
}

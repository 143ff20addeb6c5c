// Arguments of commands as a line of words.

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

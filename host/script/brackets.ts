import type { ByteSet } from '../expr/pcre/sets.ts'
import { addAll, complement, emptySet, foldCase, posixSets } from '../expr/pcre/sets.ts'
import { PosixError } from './posix.ts'

/**
 * Reads a bracket expression of POSIX behind its `[`; a backslash is a character in it. Returns the set and the offset behind the `]`.
 * With `newline` an inverted one does not match a line feed. Throws PosixError.
 */
export function readBracket(text: string, at: number, caseless: boolean, newline: boolean): { set: ByteSet, end: number } {
  const set = emptySet()
  const inverted = text[at] === '^'
  if (inverted) at++
  for (let first = true; ; first = false) {
    if (at >= text.length) throw new PosixError('Unmatched [, [^, [:, [., or [=')
    if (text[at] === ']' && !first) break
    if (text[at] === '[' && text[at + 1] === ':') {
      at = readClassName(text, at, set, caseless)
      continue
    }
    const low = readElement(text, at)
    if (text[low.end] === '-' && text[low.end + 1] !== ']' && low.end + 1 < text.length) {
      const high = readElement(text, low.end + 1)
      if (high.byte < low.byte) throw new PosixError('Invalid range end')
      for (let byte = low.byte; byte <= high.byte; byte++) set[byte] = 1
      at = high.end
    } else {
      set[low.byte] = 1
      at = low.end
    }
  }
  const folded = caseless ? foldCase(set) : set
  const result = inverted ? complement(folded) : folded
  if (inverted && newline) result[10] = 0
  return { set: result, end: at + 1 }
}

/** A byte, `[.x.]` or `[=x=]`. */
function readElement(text: string, at: number): { byte: number, end: number } {
  const mark = text[at + 1]
  if (text[at] === '[' && (mark === '.' || mark === '=')) {
    if (text[at + 3] !== mark || text[at + 4] !== ']') throw new PosixError('Invalid collation character')
    return { byte: text.charCodeAt(at + 2) & 255, end: at + 5 }
  }
  return { byte: text.charCodeAt(at) & 255, end: at + 1 }
}

function readClassName(text: string, at: number, set: ByteSet, caseless: boolean): number {
  const close = text.indexOf(':]', at + 2)
  if (close < 0) throw new PosixError('Unmatched [, [^, [:, [., or [=')
  let name = text.slice(at + 2, close)
  if (caseless && (name === 'upper' || name === 'lower')) name = 'alpha'
  const known = name === 'word' || name === 'ascii' ? undefined : posixSets[name]
  if (known === undefined) throw new PosixError('Invalid character class name')
  addAll(set, known)
  return close + 2
}

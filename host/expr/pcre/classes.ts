import type { ByteSet } from './sets.ts'
import type { Reader } from './reader.ts'
import { addAll, complement, emptySet, foldCase, posixSets, typeSets } from './sets.ts'
import { PatternError } from './ast.ts'
import { readClassEscape } from './escapes.ts'

/** Reads a class behind its `[` up to and including its `]`. */
export function readClass(reader: Reader, caseless: boolean, extraExtended: boolean): ByteSet {
  const set = emptySet()
  const negated = reader.take('^')
  let first = true
  let quoted = false
  /** The byte before, when it may begin a range. */
  let previous = -1
  for (;;) {
    if (reader.done) throw new PatternError('missing terminating ] for character class', reader.length)
    if (quoted) {
      if (reader.take('\\E')) quoted = false
      else previous = addByte(set, reader.next())
      first = false
      continue
    }
    if (reader.take('\\Q')) { quoted = true; continue }
    if (reader.take('\\E')) continue
    if (extraExtended && (reader.peek() === ' ' || reader.peek() === '\t')) { reader.position++; continue }
    if (!first && reader.take(']')) break
    first = false
    if (readTypeIn(reader, set, caseless)) {
      if (reader.peek() === '-' && reader.at(1) !== ']' && reader.at(1) !== '') {
        throw new PatternError('invalid range in character class', reader.position)
      }
      previous = -1
      continue
    }
    if (previous >= 0 && reader.peek() === '-' && reader.at(1) !== ']' && reader.at(1) !== '') {
      quoted = addRange(reader, set, previous)
      previous = -1
      continue
    }
    previous = addByte(set, readClassByte(reader))
  }
  if (caseless) foldCase(set)
  return negated ? complement(set) : set
}

function addByte(set: ByteSet, byte: number): number {
  set[byte] = 1
  return byte
}

function readClassByte(reader: Reader): number {
  return reader.peek() === '\\' ? readClassEscape(reader) : reader.next()
}

/** Reads `-HIGH` of a range that begins with `low`; true when HIGH began a quoted stretch. */
function addRange(reader: Reader, set: ByteSet, low: number): boolean {
  reader.position++
  const start = reader.position
  if (/^\\[dDsSwWhHvVpP]/.test(reader.rest(2)) || /^\[[:.=]/.test(reader.rest(2)) && posixAt(reader) !== null) {
    throw new PatternError('invalid range in character class', start + (reader.peek() === '\\' ? 2 : 1))
  }
  const quoted = reader.take('\\Q')
  if (reader.done) throw new PatternError('missing terminating ] for character class', reader.length)
  const high = quoted ? reader.next() : readClassByte(reader)
  if (high < low) throw new PatternError('range out of order in character class', reader.position - 1)
  for (let byte = low; byte <= high; byte++) set[byte] = 1
  return quoted
}

/** The POSIX class that stands here (`[:^alpha:]`), or null when this is no such thing. */
function posixAt(reader: Reader): RegExpExecArray | null {
  return /^\[([:.=])(\^?)([^\\\]]*?)\1\]/.exec(reader.rest(80))
}

/** Reads a type (`\d`, `\p{…}`) or a POSIX class into the set; false when there is none here. */
function readTypeIn(reader: Reader, set: ByteSet, caseless: boolean): boolean {
  if (reader.peek() === '[') return readPosix(reader, set, caseless)
  if (reader.peek() !== '\\') return false
  const letter = reader.at(1)
  if (letter === 'p' || letter === 'P') {
    reader.position += 2
    addAll(set, reader.property(letter === 'P', caseless))
    return true
  }
  const type = typeSets[letter.toLowerCase()]
  if (letter === '' || type === undefined) return false
  reader.position += 2
  addAll(set, letter === letter.toLowerCase() ? type : complement(type))
  return true
}

function readPosix(reader: Reader, set: ByteSet, caseless: boolean): boolean {
  const match = posixAt(reader)
  if (match === null) return false
  const start = reader.position
  if (match[1] !== ':') throw new PatternError('POSIX collating elements are not supported', start)
  let name = match[3]!
  if (caseless && (name === 'upper' || name === 'lower')) name = 'alpha'
  const posix = posixSets[name]
  if (posix === undefined) throw new PatternError('unknown POSIX class name', start + 2 + match[2]!.length)
  reader.position += match[0].length
  addAll(set, match[2] === '^' ? complement(posix) : posix)
  return true
}

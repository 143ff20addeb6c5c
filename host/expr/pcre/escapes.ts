import type { Reader } from './reader.ts'
import { PatternError } from './ast.ts'

const simple: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }
const unsupported = 'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u'

/** Reads the escapes that stand for one byte, behind the backslash and its letter; null when the letter begins none of them. */
export function readByteEscape(reader: Reader, letter: string): number | null {
  if (!/[A-Za-z0-9]/.test(letter)) return letter.charCodeAt(0)
  const code = simple[letter]
  if (code !== undefined) return code
  switch (letter) {
    case 'x': return readHex(reader)
    case 'o': return readOctalBraces(reader)
    case 'c': return readControl(reader)
    case '0': return parseInt(`0${reader.match(/[0-7]{0,2}/y)![0]}`, 8)
    case 'F': case 'L': case 'l': case 'U': case 'u': throw new PatternError(unsupported, reader.position)
    default: return null
  }
}

function tooLarge(offset: number): never {
  throw new PatternError('character code point value in \\x{} or \\o{} is too large', offset)
}

function readHex(reader: Reader): number {
  if (!reader.take('{')) return parseInt(`0${reader.match(/[0-9A-Fa-f]{0,2}/y)![0]}`, 16)
  const digits = reader.match(/[0-9A-Fa-f]*/y)![0]
  if (digits === '' && (reader.done || reader.peek() === '}')) throw new PatternError('digits missing in \\x{} or \\o{} or \\N{U+}', reader.position)
  if (parseInt(digits, 16) > 0xff) tooLarge(reader.position)
  if (!reader.take('}')) throw new PatternError('non-hex character in \\x{} (closing brace missing?)', reader.position - (reader.done ? 1 : 0))
  return parseInt(digits, 16)
}

function readOctalBraces(reader: Reader): number {
  if (!reader.take('{')) throw new PatternError('missing opening brace after \\o', reader.position)
  const digits = reader.match(/[0-7]*/y)![0]
  if (digits === '' && (reader.done || reader.peek() === '}')) throw new PatternError('digits missing in \\x{} or \\o{} or \\N{U+}', reader.position)
  if (parseInt(digits, 8) > 0xff) tooLarge(reader.position)
  if (!reader.take('}')) throw new PatternError('non-octal character in \\o{} (closing brace missing?)', reader.position - (reader.done ? 1 : 0))
  return parseInt(digits, 8)
}

function readControl(reader: Reader): number {
  if (reader.done) throw new PatternError('\\c at end of pattern', reader.length)
  const byte = reader.next()
  if (byte < 32 || byte > 126) throw new PatternError('\\c must be followed by a printable ASCII character', reader.position - 1)
  const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte
  return upper ^ 64
}

/** Reads an octal number of at most three digits whose first has been read. */
export function readOctal(reader: Reader, first: string): number {
  const value = parseInt(first + reader.match(/[0-7]{0,2}/y)![0], 8)
  if (value > 0xff) throw new PatternError('octal value is greater than \\377 in 8-bit non-UTF-8 mode', reader.position)
  return value
}

/** Reads an escape inside of a class that stands for one byte; the position is at the backslash. */
export function readClassEscape(reader: Reader): number {
  reader.position++
  if (reader.done) throw new PatternError('\\ at end of pattern', reader.length)
  const letter = String.fromCharCode(reader.next())
  if (letter === 'b') return 8
  if (letter === 'N') throw new PatternError('\\N is not supported in a class', reader.position)
  if (/[1-7]/.test(letter)) return readOctal(reader, letter)
  if (letter === 'g') return 103
  if (letter === '8' || letter === '9') return letter.charCodeAt(0)
  const byte = readByteEscape(reader, letter)
  if (byte !== null) return byte
  if (/[BRXAZzGKCEQk]/.test(letter)) throw new PatternError('escape sequence is invalid in character class', reader.position - 1)
  throw new PatternError('unrecognized character follows \\', reader.position - 1)
}

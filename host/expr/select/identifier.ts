/**
 * Identifiers of selects: `@name[index].name…` (select.md §1). One strict parser for all places: the whole text is the identifier, no white space in it.
 * A string index is the same as a name to the resolver; integers are decimal.
 */

/** Names and indexes that one identifier may have, together. */
const maximumParts = 30

/** A part that the resolver looks at: a text (name or string index) or a number, with its place in the identifier. */
export interface Part {
  readonly value: string | number
  readonly offset: number
  readonly length: number
}

/** What is wrong with a text that is no identifier: where (offset from its `@`), how long, and why. */
export interface IdentifierFault {
  readonly offset: number
  readonly length: number
  readonly reason: string
}

export interface Identifier {
  readonly text: string
  readonly parts: readonly Part[]
}

const isAlpha = (code: number): boolean => code >= 97 && code <= 122 || code >= 65 && code <= 90
const isNameCode = (code: number): boolean => isAlpha(code) || code >= 48 && code <= 57 || code === 95

/** Where the name that begins at `at` ends; `at` itself when there is none. */
function nameEnd(text: string, at: number): number {
  if (!isAlpha(text.charCodeAt(at))) return at
  while (at < text.length && isNameCode(text.charCodeAt(at))) at++
  return at
}

/** Parses a whole text. Returns the identifier, or what is wrong with it. */
export function parseIdentifier(text: string): Identifier | IdentifierFault {
  const found = scanIdentifier(text, 0)
  if ('reason' in found) return found
  if (found.end < text.length) return unexpected(text, found.end)
  return found.identifier
}

/**
 * Reads the identifier that begins with the `@` at `start` and ends where it can go on no longer: for formats that have selects in their text. Returns it with its
 * end, or the fault; offsets count from `start`.
 */
export function scanIdentifier(text: string, start: number): { readonly identifier: Identifier, readonly end: number } | IdentifierFault {
  if (text.charCodeAt(start) !== 64) return { offset: 0, length: 1, reason: 'must begin with "@"' }
  const parts: Part[] = []
  let at = start + 1
  for (;;) {
    const end = nameEnd(text, at)
    if (end === at) return missingName(text, start, at)
    parts.push({ value: text.slice(at, end), offset: at - start, length: end - at })
    at = end
    if (text.charCodeAt(at) === 91) {
      const found = readIndex(text, start, at)
      if ('reason' in found) return found
      parts.push({ value: found.value, offset: at - start, length: found.end - at })
      at = found.end
    }
    if (parts.length > maximumParts) return { offset: 0, length: at - start, reason: `too many elements, ${maximumParts} names and indexes are allowed` }
    if (text.charCodeAt(at) !== 46) break
    at++
  }
  return { identifier: { text: text.slice(start, at), parts }, end: at }
}

function missingName(text: string, start: number, at: number): IdentifierFault {
  if (at >= text.length) return { offset: Math.max(0, at - start - 1), length: 1, reason: 'a name is missing at its end' }
  return unexpected(text, at, start)
}

function unexpected(text: string, at: number, start = 0): IdentifierFault {
  const code = text.charCodeAt(at)
  const shown = code === 34 ? '\'"\'' : code > 32 && code < 127 || code === 32 ? `"${text[at]!}"` : `byte 0x${code.toString(16).padStart(2, '0')}`
  return { offset: at - start, length: 1, reason: `unexpected ${shown}` }
}

/** `[` at `open`: an integer of 32 bits or a quoted string, directly between the brackets. */
function readIndex(text: string, start: number, open: number): { readonly value: string | number, readonly end: number } | IdentifierFault {
  const at = open + 1
  if (text.charCodeAt(at) === 34) return readString(text, start, open)
  let end = at
  if (text.charCodeAt(end) === 45) end++
  const digits = end
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++
  if (end === digits) {
    if (end >= text.length) return { offset: open - start, length: 1, reason: '"[" is not closed' }
    const fault = unexpected(text, end, start)
    return { ...fault, reason: `${fault.reason} in an index, which is a number or a "quoted" text` }
  }
  if (text.charCodeAt(end) !== 93) return end >= text.length ? { offset: open - start, length: 1, reason: '"[" is not closed' } : unexpected(text, end, start)
  const value = Number(text.slice(at, end))
  if (value > 0x7fffffff || value < -0x80000000) return { offset: at - start, length: end - at, reason: 'index is out of range' }
  return { value: value === 0 ? 0 : value, end: end + 1 }
}

function readString(text: string, start: number, open: number): { readonly value: string, readonly end: number } | IdentifierFault {
  let value = ''
  for (let at = open + 2; at < text.length; at++) {
    const c = text[at]!
    if (c === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) value += text[++at]!
    else if (c === '"') return closed(text, start, open, at + 1, value)
    else value += c
  }
  return { offset: open + 1 - start, length: 1, reason: 'the quoted text is not closed' }
}

/** Where the quoted text that begins with the quote at `open` closes; the end of `text` when it does not. */
export function quotedEnd(text: string, open: number): number {
  let at = open + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at, text.length)
}

/** Behind the closing quote at `at`: the bracket must close. */
function closed(text: string, start: number, open: number, at: number, value: string): { readonly value: string, readonly end: number } | IdentifierFault {
  if (text.charCodeAt(at) === 93) return { value, end: at + 1 }
  return at >= text.length ? { offset: open - start, length: 1, reason: '"[" is not closed' } : unexpected(text, at, start)
}

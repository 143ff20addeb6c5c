import { WithParameters } from './params.ts'
import { isSpace, skipQuoted, skipSpace, trimEnd } from './scan.ts'

/** One `name-addr` or `addr-spec` with its header parameters (RFC 3261 §20.10, §25.1), as written. */
export class Address extends WithParameters {
  /** Display name, quotes kept; '' for none. */
  readonly name: string
  readonly uri: string

  constructor(name: string, uri: string, params: string) {
    super(params)
    this.name = name
    this.uri = uri
  }
}

/** Parses the address in `text[start…end)`; null when quotes or brackets do not close or something stands where nothing may. */
export function parseAddress(text: string, start = 0, end = text.length): Address | null {
  start = skipSpace(text, start, end)
  end = trimEnd(text, start, end)
  if (start >= end) return null
  const open = openBracket(text, start, end)
  if (open === BROKEN) return null
  return open < 0 ? bare(text, start, end) : bracketed(text, start, open, end)
}

const NONE = -1
const BROKEN = -2

/** Where the first `<` outside of quotes is. */
function openBracket(text: string, at: number, end: number): number {
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code === 60) return at
    if (code === 59) return NONE
    if (code === 34) {
      at = skipQuoted(text, at, end)
      if (at < 0) return BROKEN
    } else at++
  }
  return NONE
}

function bracketed(text: string, start: number, open: number, end: number): Address | null {
  const close = text.indexOf('>', open)
  if (close < 0 || close >= end) return null
  const name = text.slice(start, trimEnd(text, start, open))
  const at = skipSpace(text, close + 1, end)
  if (at < end && text.charCodeAt(at) !== 59) return null
  return new Address(name, text.slice(skipSpace(text, open + 1, close), trimEnd(text, open + 1, close)), at < end ? text.slice(at + 1, end) : '')
}

/** Without brackets everything behind the first `;` belongs to the header (RFC 3261 §20). */
function bare(text: string, start: number, end: number): Address | null {
  let at = start
  while (at < end && text.charCodeAt(at) !== 59 && !isSpace(text.charCodeAt(at))) at++
  const uri = text.slice(start, at)
  at = skipSpace(text, at, end)
  if (uri === '' || uri.includes('"') || at < end && text.charCodeAt(at) !== 59) return null
  return new Address('', uri, at < end ? text.slice(at + 1, end) : '')
}

/** Where the value that begins at `at` ends: the next comma outside of quotes and angle brackets, or `end`. */
export function valueEnd(text: string, at: number, end: number): number {
  let inside = false
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code === 44 && !inside) return at
    if (code === 34 && !inside) {
      const close = skipQuoted(text, at, end)
      if (close < 0) return end
      at = close
      continue
    }
    if (code === 60) inside = true
    else if (code === 62) inside = false
    at++
  }
  return end
}

/** Position of the first `<` outside of quotes, or −1. */
export function bracketAt(text: string): number {
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 60) return at
    if (code === 34) {
      const close = skipQuoted(text, at, text.length)
      if (close < 0) return -1
      at = close
    } else at++
  }
  return -1
}

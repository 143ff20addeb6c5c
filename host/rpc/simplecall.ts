/** Reads the JSON-RPC call that nearly every client sends without making text or a tree of it. */

const quote = 34
const zero = 48
const colon = 58
const comma = 44
const open = 123
const close = 125
const array = 91
const arrayEnd = 93
const backslash = 92

/** The most digits of an id that is read here: those of a small integer, whose text costs nothing. */
const idDigits = 9

/** What `readSimpleCall` found; one object, used again. */
export interface SimpleCall {
  method: string
  /** An array, an object, or undefined. */
  params: unknown
  /** The id's JSON text; null when there is none: a notification. */
  id: string | null
}

const found: SimpleCall = { method: '', params: undefined, id: null }

/**
 * The last call without parameters whose id was a number, but for the id: clients ask the same again and again, and count. `length` 0: none yet.
 */
const known = { bytes: new Uint8Array(256), length: 0, method: '', idAt: 0, idEnd: 0 }

/** Where `readNumber` began and ended last; −1: it read none. */
let numberAt = -1
let numberEnd = 0

/** Bits of the members that were read. */
const Member = { Version: 1, Method: 2, Params: 4, Id: 8 } as const

/** Names of the members with the quote that ends them. */
const names: Readonly<Record<number, string>> = { [Member.Version]: 'jsonrpc"', [Member.Method]: 'method"', [Member.Params]: 'params"', [Member.Id]: 'id"' }

/**
 * Reads a single call whose members are among `jsonrpc` (2.0), `method`, `params` and `id`, each once, and with nothing in it that needs a second look:
 * escapes, bytes beyond ASCII, ids that are neither short whole numbers nor texts nor null. Null for every other document, of which this
 * says nothing at all: it may be a call, a batch or no JSON. The document is `bytes[start…end)`; the answer is valid until the next call.
 */
export function readSimpleCall(bytes: Buffer, start: number, end: number): SimpleCall | null {
  found.params = undefined
  if (isKnown(bytes, start, end)) return found
  found.id = null
  numberAt = -1
  let seen = 0
  let at = space(bytes, start, end)
  if (at >= end || bytes[at] !== open) return null
  do {
    at = space(bytes, at + 1, end)
    if (at >= end || bytes[at] !== quote) return null
    const member = memberAt(bytes, ++at)
    if (member === 0 || (seen & member) !== 0) return null
    seen |= member
    at = afterWord(bytes, at, end, names[member]!)
    if (at < 0) return null
    at = space(bytes, at, end)
    if (at >= end || bytes[at] !== colon) return null
    at = readMember(bytes, space(bytes, at + 1, end), end, member)
    if (at < 0) return null
    at = space(bytes, at, end)
  } while (at < end && bytes[at] === comma)
  if (at >= end || bytes[at] !== close || space(bytes, at + 1, end) !== end) return null
  if ((seen & (Member.Version | Member.Method)) !== (Member.Version | Member.Method)) return null
  if (numberAt >= 0 && found.params === undefined && end - start <= known.bytes.length) remember(bytes, start, end)
  return found
}

/** Whether this is the known call with another id, or the same: then it is read. */
function isKnown(bytes: Buffer, start: number, end: number): boolean {
  const { bytes: same, length, idAt, idEnd } = known
  if (length === 0 || start + idAt >= end) return false
  for (let i = 0; i < idAt; i++) if (bytes[start + i] !== same[i]) return false
  const at = readNumber(bytes, start + idAt, end)
  if (at < 0 || end - at !== length - idEnd) return false
  for (let i = idEnd; i < length; i++) if (bytes[at + i - idEnd] !== same[i]) return false
  found.method = known.method
  return true
}

function remember(bytes: Buffer, start: number, end: number): void {
  known.length = end - start
  known.method = found.method
  known.idAt = numberAt - start
  known.idEnd = numberEnd - start
  for (let i = start; i < end; i++) known.bytes[i - start] = bytes[i]!
}

/** The place of the first byte at or behind `at` that is no white space (RFC 8259 §2). */
function space(bytes: Buffer, at: number, end: number): number {
  while (at < end) {
    const c = bytes[at]!
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break
    at++
  }
  return at
}

/** Which member's name may stand here; 0 for none of them. */
function memberAt(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 106: return Member.Version
    case 109: return Member.Method
    case 112: return Member.Params
    case 105: return Member.Id
    default: return 0
  }
}

/** The place behind a word that stands here; −1 when another does. */
function afterWord(bytes: Buffer, at: number, end: number, word: string): number {
  const { length } = word
  if (at + length > end) return -1
  for (let i = 0; i < length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return -1
  return at + length
}

/** Reads a member's value; the place behind it, −1 when it is not simple. */
function readMember(bytes: Buffer, at: number, end: number, member: number): number {
  if (at >= end) return -1
  const c = bytes[at]!
  if (member === Member.Version) return afterWord(bytes, at, end, '"2.0"')
  if (member === Member.Method) {
    const next = c === quote ? afterText(bytes, at + 1, end) : -1
    if (next >= 0 && afterWord(bytes, at + 1, next, found.method) !== next - 1) found.method = bytes.latin1Slice(at + 1, next - 1)
    return next
  }
  if (member === Member.Params) return c === open || c === array ? readParams(bytes, at, end) : -1
  if (c !== quote) return c === 110 ? readNull(bytes, at, end) : readNumber(bytes, at, end)
  const next = afterText(bytes, at + 1, end)
  if (next >= 0) found.id = bytes.latin1Slice(at, next)
  return next
}

/** The place behind a text of printable ASCII without escapes, which is its own JSON, and its quote; −1 for another. */
function afterText(bytes: Buffer, at: number, end: number): number {
  for (; at < end; at++) {
    const c = bytes[at]!
    if (c === quote) return at + 1
    if (c < 32 || c > 126 || c === backslash) return -1
  }
  return -1
}

function readNull(bytes: Buffer, at: number, end: number): number {
  found.id = 'null'
  return afterWord(bytes, at, end, 'null')
}

/** What follows the digits, like a fraction, is the caller's business: a member ends there, or nothing is simple. */
function readNumber(bytes: Buffer, at: number, end: number): number {
  let value = 0
  let i = at
  for (; i < end; i++) {
    const digit = bytes[i]! - zero
    if (digit < 0 || digit > 9) break
    if (i - at >= idDigits) return -1
    value = value * 10 + digit
  }
  if (i === at || (bytes[at] === zero && i - at > 1)) return -1
  found.id = `${value}`
  numberAt = at
  numberEnd = i
  return i
}

/** Finds the end of an array or object and has that much parsed. */
function readParams(bytes: Buffer, from: number, end: number): number {
  let depth = 0
  let at = from
  while (at < end) {
    const c = bytes[at]!
    at++
    if (c === quote) {
      at = afterText(bytes, at, end)
      if (at < 0) return -1
    } else if (c === open || c === array) depth++
    // Whether the brackets match is JSON.parse's business.
    else if ((c === close || c === arrayEnd) && --depth === 0) break
    else if (c > 126) return -1
  }
  try {
    found.params = JSON.parse(bytes.latin1Slice(from, at))
    return at
  } catch {
    return -1
  }
}

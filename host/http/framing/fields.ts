import { headerNames, methodNames } from './names.ts'
import { F_CLOSE, F_CONN_UPGRADE, F_KEEP_ALIVE } from './table.ts'

interface Known { readonly id: number; readonly bytes: Buffer }

/** Known header names by length. */
const byLength: Known[][] = []
for (let id = 1; id < headerNames.length; id++) {
  const bytes = Buffer.from(headerNames[id]!, 'latin1')
  ;(byLength[bytes.length] ??= []).push({ id, bytes })
}
const longestName = byLength.length - 1

/** Known methods by length. */
const methodsByLength: Known[][] = []
for (let id = 1; id < methodNames.length; id++) {
  const bytes = Buffer.from(methodNames[id]!, 'latin1')
  ;(methodsByLength[bytes.length] ??= []).push({ id, bytes })
}

/** The H_* of the name at bytes[at..at+length] in any case, 0 when it is none. */
export function headerId(bytes: Uint8Array, at: number, length: number): number {
  if (length > longestName) return 0
  const names = byLength[length]
  if (names === undefined) return 0
  const last = bytes[at + length - 1]! | 32
  for (let i = 0; i < names.length; i++) {
    const known = names[i]!
    if (known.bytes[length - 1] === last && equalsLower(bytes, at, known.bytes)) return known.id
  }
  return 0
}

/** The M_* of the method at bytes[at..at+length], 0 when it is none. Methods are case sensitive. */
export function methodId(bytes: Uint8Array, at: number, length: number): number {
  const methods = methodsByLength[length]
  if (methods === undefined) return 0
  for (let i = 0; i < methods.length; i++) {
    const known = methods[i]!
    let j = 0
    while (j < length && bytes[at + j] === known.bytes[j]) j++
    if (j === length) return known.id
  }
  return 0
}

/**
 * Whether bytes[at…] equal `lower` when ASCII capitals are read as small letters; `lower` is within the bounds of
 * `bytes`.
 */
export function equalsLower(bytes: Uint8Array, at: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    let c = bytes[at + i]!
    if (c >= 65 && c <= 90) c += 32
    if (c !== lower[i]) return false
  }
  return true
}

/** The decimal number at bytes[at..to], or −1 when it is not digits only, empty, or above 2^53−1. */
export function decimal(bytes: Uint8Array, at: number, to: number): number {
  if (at === to) return -1
  let n = 0
  for (let i = at; i < to; i++) {
    const digit = bytes[i]! - 48
    if (digit < 0 || digit > 9) return -1
    n = n * 10 + digit
    if (n > Number.MAX_SAFE_INTEGER) return -1
  }
  return n
}

const close = Buffer.from('close')
const keepAlive = Buffer.from('keep-alive')
const upgrade = Buffer.from('upgrade')

/** The F_* bits that the list of a Connection header sets (RFC 9110 §7.6.1: comma separated, any case). */
export function connectionFlags(bytes: Uint8Array, at: number, to: number): number {
  let flags = 0
  while (at < to) {
    while (at < to && (bytes[at] === 32 || bytes[at] === 9 || bytes[at] === 44)) at++
    let stop = at
    while (stop < to && bytes[stop] !== 44) stop++
    let last = stop
    while (last > at && (bytes[last - 1] === 32 || bytes[last - 1] === 9)) last--
    const length = last - at
    if (length === 5 && equalsLower(bytes, at, close)) flags |= F_CLOSE
    else if (length === 10 && equalsLower(bytes, at, keepAlive)) flags |= F_KEEP_ALIVE
    else if (length === 7 && equalsLower(bytes, at, upgrade)) flags |= F_CONN_UPGRADE
    at = stop
  }
  return flags
}

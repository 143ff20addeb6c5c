import { unquoted } from './params.ts'
import { lowerAscii, sameAt, skipQuoted, skipSpace, trimEnd } from './scan.ts'

/** Digest credentials (RFC 7616 §3.4): parameters without their quotes by lower-case name. `value` is the header's text. */
export interface Credentials {
  readonly value: string
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Parses the value of an Authorization or Proxy-Authorization header. null: the parameters are broken; undefined: another scheme than Digest, which has nothing
 * to say for a realm.
 */
export function parseCredentials(value: string): Credentials | null | undefined {
  if (value.length < 7 || !sameAt(value, 0, 'digest')) return undefined
  const end = value.length
  let at = skipSpace(value, 6, end)
  if (at === 6) return undefined
  const parameters = new Map<string, string>()
  while (at < end) {
    const equals = nameEnd(value, at, end)
    if (equals < 0) return null
    const name = lowerAscii(value.slice(at, trimEnd(value, at, equals)))
    const from = skipSpace(value, equals + 1, end)
    let to = from
    if (value.charCodeAt(from) === 34) {
      to = skipQuoted(value, from, end)
      if (to < 0) return null
    } else while (to < end && value.charCodeAt(to) !== 44) to++
    if (!parameters.has(name)) parameters.set(name, unquoted(value, from, trimEnd(value, from, to)))
    at = skipSpace(value, to, end)
    if (at < end && value.charCodeAt(at) !== 44) return null
    while (at < end && (value.charCodeAt(at) === 44 || value.charCodeAt(at) <= 32)) at++
  }
  return { value, parameters }
}

/** Position of the `=` behind the name that begins at `at`; −1 when there is none before the next comma. */
function nameEnd(value: string, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const code = value.charCodeAt(i)
    if (code === 61) return i > at ? i : -1
    if (code === 44 || code === 34) return -1
  }
  return -1
}

/**
 * glob(3) for `include` and `load_module`: `*`, `?` and `[…]` per path segment, sorted by bytes; a leading dot must be
 * written.
 */
import { existsSync, readdirSync } from 'node:fs'

/** True when a name holds a character that makes it a pattern (nginx.md §1.5). */
export function isGlob(name: string): boolean {
  return /[*?[]/.test(name)
}

/**
 * The existing paths that an absolute pattern matches, sorted by bytes; none is an empty list. Unreadable directories
 * match nothing.
 */
export function expandGlob(pattern: string): string[] {
  let found = ['']
  const segments = pattern.split('/')
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!
    const lead = i === 0 ? '' : '/'
    if (isGlob(segment)) found = found.flatMap((path) => entries(path, segment).map((name) => path + lead + name))
    else found = found.map((path) => path + lead + segment.replace(/\\(.)/g, '$1'))
  }
  return found.filter((path) => existsSync(path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function entries(directory: string, pattern: string): string[] {
  try {
    return readdirSync(directory === '' ? '/' : directory).filter((name) => matches(pattern, name))
  } catch {
    return []
  }
}

/**
 * Whether a file name matches one segment of a pattern. Linear in the name per star: a pattern cannot make it explode.
 */
export function matches(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  let p = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    const length = p < pattern.length && pattern[p] !== '*' ? matchOne(pattern, p, name[n]!) : 0
    if (length > 0) {
      p += length
      n++
    } else if (pattern[p] === '*') {
      star = p++
      resume = n
    } else if (star >= 0) {
      p = star + 1
      n = ++resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** The length of the pattern element at `p` when it matches the character, else 0. */
function matchOne(pattern: string, p: number, c: string): number {
  const element = pattern[p]!
  if (element === '?') return 1
  if (element === '\\' && p + 1 < pattern.length) return pattern[p + 1] === c ? 2 : 0
  if (element !== '[') return element === c ? 1 : 0
  return matchSet(pattern, p, c)
}

function matchSet(pattern: string, p: number, c: string): number {
  let i = p + 1
  const negated = pattern[i] === '!' || pattern[i] === '^'
  if (negated) i++
  let matched = false
  for (const first = i; i < pattern.length; i++) {
    if (pattern[i] === ']' && i > first) return matched !== negated ? i + 1 - p : 0
    if (pattern[i] === '\\') i++
    const low = pattern[i] ?? ''
    let high = low
    if (pattern[i + 1] === '-' && i + 2 < pattern.length && pattern[i + 2] !== ']') {
      i += 2
      high = pattern[i]!
    }
    if (low <= c && c <= high) matched = true
  }
  return c === '[' ? 1 : 0 // no closing bracket: an ordinary character
}

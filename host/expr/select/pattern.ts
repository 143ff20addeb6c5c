/**
 * Patterns of selects, as rows of the table write them. Elements are separated by dots:
 *   `name`      that name; `a|b` either; compared without case
 *   `*`         any name or string index, an argument
 *   `*?`        the same, may be left out (only at the end)
 *   `x[n]`      with an integer index, an argument; `x[n?]` it may be left out
 */
export interface Pattern {
  /** Every way to write it, with nothing optional any more. */
  readonly paths: readonly Path[]
  /** How many arguments it has. */
  readonly arguments: number
}

/** One way to write a pattern: lower-case names, `*` and `[n]`; `slots[i]` is the argument that its i-th capture is. */
export interface Path {
  readonly steps: readonly string[]
  readonly slots: readonly number[]
}

/** At most this many ways may one pattern be written. */
const maximumPaths = 1000

/** Parses a pattern; null when it is malformed. */
export function parsePattern(text: string): Pattern | null {
  let paths: Path[] = [{ steps: [], slots: [] }]
  let count = 0
  const elements = text.split('.')
  for (const [i, element] of elements.entries()) {
    const match = /^(\*\??|[a-z][a-z0-9_]*(?:\|[a-z][a-z0-9_]*)*)(\[n\??\])?$/i.exec(element)
    if (match === null || paths.length > maximumPaths) return null
    const word = match[1]!
    if (word === '*?' && i < elements.length - 1) return null
    if (word.startsWith('*')) paths = [...word === '*?' ? paths : [], ...captured(paths, '*', count++)]
    else paths = paths.flatMap((path) => word.toLowerCase().split('|').map((name) => ({ steps: [...path.steps, name], slots: path.slots })))
    if (match[2] !== undefined) paths = [...match[2] === '[n?]' ? paths : [], ...captured(paths, '[n]', count++)]
  }
  return { paths, arguments: count }
}

function captured(paths: readonly Path[], step: string, slot: number): Path[] {
  return paths.map((path) => ({ steps: [...path.steps, step], slots: [...path.slots, slot] }))
}

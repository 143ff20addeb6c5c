/**
 * The position of the `}` that closes a block of foreign text which begins at `start`, or -1. Braces in strings and in
 * comments (`#`, `//` and slash-star, as in Kamailio's language) do not count.
 */
export function endOfRaw(text: string, start: number): number {
  let depth = 1
  for (let i = start; i < text.length; i++) {
    const c = text[i]
    if (c === '{') depth++
    else if (c === '}' && --depth === 0) return i
    else if (c === '"' || c === "'") i = endOfString(text, i, c)
    else if (c === '#' || (c === '/' && text[i + 1] === '/')) i = orEnd(text, text.indexOf('\n', i))
    else if (c === '/' && text[i + 1] === '*') i = orEnd(text, text.indexOf('*/', i + 2)) + 1
  }
  return -1
}

function endOfString(text: string, start: number, quote: string): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === quote) return i
  }
  return text.length
}

function orEnd(text: string, found: number): number {
  return found < 0 ? text.length : found
}

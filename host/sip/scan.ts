/** Scanning of byte strings that all SIP parsers share. All linear in the length of the text. */

/** Space, tab, CR or LF: white space where a header may be folded. */
export function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}

/** The first position from `at` on that is no white space, at most `end`. */
export function skipSpace(text: string, at: number, end: number): number {
  while (at < end && isSpace(text.charCodeAt(at))) at++
  return at
}

/** The position behind the last character before `end` that is no white space, at least `start`. */
export function trimEnd(text: string, start: number, end: number): number {
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return end
}

/** `text[start…end)` without white space around it. */
export function trimmed(text: string, start: number, end: number): string {
  start = skipSpace(text, start, end)
  return text.slice(start, trimEnd(text, start, end))
}

/** For `text[at]` a double quote: the position behind the closing one, or −1 when there is none before `end`; `\` escapes. */
export function skipQuoted(text: string, at: number, end: number): number {
  for (at++; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) return at + 1
  }
  return -1
}

/** Whether `text[start…start+lower.length)` is `lower` without regard to ASCII case. */
export function sameAt(text: string, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    let code = text.charCodeAt(start + i)
    if (code >= 65 && code <= 90) code += 32
    if (code !== lower.charCodeAt(i)) return false
  }
  return true
}

/** Lower case of the ASCII letters; other bytes stay. */
export function lowerAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 65 && code <= 90 || code > 127) return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  }
  return text
}

/** All characters of `text[start…end)` are digits, and there is one. */
export function isDigits(text: string, start: number, end: number): boolean {
  if (start >= end) return false
  for (; start < end; start++) {
    const code = text.charCodeAt(start)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** Whether a character may stand in a token (RFC 3261 §25.1). */
export function isToken(code: number): boolean {
  return code >= 97 && code <= 122 || code >= 65 && code <= 90 || code >= 48 && code <= 57 || code === 45 || code === 46 || code === 33 ||
    code === 37 || code === 42 || code === 95 || code === 43 || code === 96 || code === 39 || code === 126
}

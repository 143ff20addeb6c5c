const ESCAPE = /\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{2,3})|(\r?\n)|([nrta"\\]))/g
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', '"': '"', '\\': '\\' }

/** Resolves the escapes of a string in double quotes; an unknown one keeps its backslash (kamailio.md §9.1). */
export function unescape(raw: string): string {
  return raw.replace(ESCAPE, (_all, hex?: string, octal?: string, line?: string, letter?: string) => {
    if (letter !== undefined) return escapes[letter]!
    if (line !== undefined) return ''
    return String.fromCharCode((hex !== undefined ? parseInt(hex, 16) : parseInt(octal!, 8)) & 0xff)
  })
}

/** A set of bytes: 1 at each index that belongs to it. */
export type ByteSet = Uint8Array

/** The empty set. */
export function emptySet(): ByteSet {
  return new Uint8Array(256)
}

/** The set of the bytes that a test accepts. */
function setWhere(accepts: (byte: number) => boolean): ByteSet {
  const set = emptySet()
  for (let byte = 0; byte < 256; byte++) if (accepts(byte)) set[byte] = 1
  return set
}

/** The set of these bytes, given as characters. */
export function setOf(chars: string): ByteSet {
  const set = emptySet()
  for (let i = 0; i < chars.length; i++) set[chars.charCodeAt(i)] = 1
  return set
}

/** All bytes that are not in a set. */
export function complement(set: ByteSet): ByteSet {
  return setWhere((byte) => set[byte] === 0)
}

/** Adds the bytes of `more` to `set`. */
export function addAll(set: ByteSet, more: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) if (more[byte] === 1) set[byte] = 1
}

/** Adds the other case of every ASCII letter in a set: PCRE2 without UTF knows no other letters. */
export function foldCase(set: ByteSet): ByteSet {
  for (let upper = 65; upper <= 90; upper++) {
    const lower = upper + 32
    if (set[upper] === 1 || set[lower] === 1) set[upper] = set[lower] = 1
  }
  return set
}

const between = (low: string, high: string) => (byte: number): boolean => byte >= low.charCodeAt(0) && byte <= high.charCodeAt(0)
const digit = between('0', '9')
const upper = between('A', 'Z')
const lower = between('a', 'z')
const alpha = (byte: number): boolean => upper(byte) || lower(byte)
const alnum = (byte: number): boolean => alpha(byte) || digit(byte)
const graph = (byte: number): boolean => byte > 32 && byte < 127
const isIn = (chars: string) => (byte: number): boolean => chars.includes(String.fromCharCode(byte))

/** The sets of `\d`, `\s`, `\w`, `\h`, `\v` by letter. */
export const typeSets: Readonly<Record<string, ByteSet>> = {
  d: setWhere(digit),
  s: setOf('\t\n\v\f\r '),
  w: setWhere((byte) => alnum(byte) || byte === 95),
  h: setOf('\t \xa0'),
  v: setOf('\n\v\f\r\x85'),
}

/** The sets of the POSIX classes in the C locale by name. */
export const posixSets: Readonly<Record<string, ByteSet>> = {
  alpha: setWhere(alpha), lower: setWhere(lower), upper: setWhere(upper), alnum: setWhere(alnum), ascii: setWhere((byte) => byte < 128),
  blank: setOf('\t '), cntrl: setWhere((byte) => byte < 32 || byte === 127), digit: setWhere(digit), graph: setWhere(graph),
  print: setWhere((byte) => byte >= 32 && byte < 127), punct: setWhere((byte) => graph(byte) && !alnum(byte)),
  space: typeSets['s']!, word: typeSets['w']!, xdigit: setWhere((byte) => digit(byte) || isIn('abcdefABCDEF')(byte)),
}

/** Every byte, and every byte but the line feed. */
export const anyByte = setWhere(() => true)
export const notNewline = setWhere((byte) => byte !== 10)

/** Properties of PCRE2 that JavaScript writes otherwise. */
const properties: Readonly<Record<string, string>> = {
  Any: 'Any', 'L&': 'LC', Xan: '[\\p{L}\\p{N}]', Xwd: '[\\p{L}\\p{N}_]', Xsp: '[\\p{Z}\\t\\n\\v\\f\\r\\x85]', Xps: '[\\p{Z}\\t\\n\\v\\f\\r\\x85]',
}

/** The bytes that have a Unicode property as characters of Latin-1 (`\p{…}` without UTF), or null for an unknown name. */
export function propertySet(name: string): ByteSet | null {
  const known = properties[name]
  const sources = known?.startsWith('[') === true ? [known] : [`\\p{${known ?? name}}`, `\\p{Script_Extensions=${name}}`]
  if (!/^[A-Za-z&_0-9 ]+$/.test(name) || name.length > 40) return null
  for (const source of sources) {
    try {
      const regex = new RegExp(`^${source}$`, 'u')
      return setWhere((byte) => regex.test(String.fromCharCode(byte)))
    } catch {
      // Not a name of that kind.
    }
  }
  return null
}

import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { Operation } from './table.ts'
import { longestText } from '../values.ts'
import { cannot, plain } from './table.ts'

const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0')

function toBase64(text: string): string { return Buffer.from(text, 'latin1').toString('base64') }

/** Decodes base64 of either alphabet; undefined when a character does not belong there. */
function fromBase64(text: string, alphabet: RegExp, padded: boolean): ScriptValue {
  if (!alphabet.test(text) || (padded && text.length % 4 !== 0)) return null
  return Buffer.from(text, 'base64').latin1Slice()
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Base 58 takes the square of the length in time. */
const longest58 = 4096

/** Base 58 with Bitcoin's alphabet: leading zero bytes are `1`s. */
export function encodeBase58(text: string): string {
  const digits: number[] = []
  let zeros = 0
  while (zeros < text.length && text.charCodeAt(zeros) === 0) zeros++
  for (let i = zeros; i < text.length; i++) {
    let carry = text.charCodeAt(i) & 255
    for (let k = 0; k < digits.length; k++) {
      carry += digits[k]! * 256
      digits[k] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  return '1'.repeat(zeros) + digits.reverse().map((digit) => base58[digit]).join('')
}

/** The bytes of a base 58 text, or null. */
export function decodeBase58(text: string): string | null {
  const bytes: number[] = []
  let zeros = 0
  while (text[zeros] === '1') zeros++
  for (let i = zeros; i < text.length; i++) {
    let carry = base58.indexOf(text[i]!)
    if (carry < 0) return null
    for (let k = 0; k < bytes.length; k++) {
      carry += bytes[k]! * 58
      bytes[k] = carry & 255
      carry >>= 8
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 255)
  }
  return '\0'.repeat(zeros) + String.fromCharCode(...bytes.reverse())
}

/** `%XX` for the characters that the test names. */
function percent(text: string, escaped: (code: number) => boolean): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    out += escaped(code) ? `%${hex2(code & 255)}` : text[i]
  }
  return out
}

/** Replaces `%XX`; undefined when something else follows a `%`. */
function unpercent(text: string): ScriptValue {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return null
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}

const isAlnum = (code: number): boolean => code >= 48 && code <= 57 || code >= 65 && code <= 90 || code >= 97 && code <= 122
const among = (chars: string) => (code: number): boolean => isAlnum(code) || chars.includes(String.fromCharCode(code))
/** RFC 3261 §25.1: what may stand in a user part and in a parameter as it is. */
const inUser = among("-_.!~*'()&=+$,;?")
const inParameter = among("-_.!~*'()[]/:&+$")
const unreserved = among('-_.~')

function unescapeCommon(text: string): string {
  return text.replace(/\\(['"\\0])/g, (_, c: string) => c === '0' ? '\0' : c)
}

function decodeHex(text: string): ScriptValue {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, 'hex').latin1Slice() : null
}

/** Texts of 7 bits a character in 8 bits each, as short messages have them, in hexadecimal digits. */
function encode7bit(text: string): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const used = i % 8
    const next = i + 1 < text.length ? text.charCodeAt(i + 1) & 0x7f : 0
    if (used < 7) out += hex2(((text.charCodeAt(i) & 0x7f) >> used | next << 7 - used) & 255)
  }
  return out.toUpperCase()
}

/** The text again; null for what are no hexadecimal digits. */
function decode7bit(text: string): ScriptValue {
  const bytes = decodeHex(text)
  if (typeof bytes !== 'string') return null
  let out = ''
  for (let i = 0, rest = 0, kept = 0; i < bytes.length; i++) {
    const bits = bytes.charCodeAt(i) << kept | rest
    out += String.fromCharCode(bits & 0x7f)
    rest = bits >> 7
    if (++kept === 7) {
      out += String.fromCharCode(rest)
      rest = kept = 0
    }
  }
  return out
}

/** Operations of `{s.…}` that encode and decode. */
export const encodings: readonly (readonly [string, Operation])[] = [
  ['encode.hexa', plain((text) => Buffer.from(text, 'latin1').toString('hex'))],
  ['decode.hexa', plain(decodeHex)],
  ['encode.7bit', plain(encode7bit)], ['decode.7bit', plain(decode7bit)],
  ['encode.base64', plain(toBase64)],
  ['decode.base64', plain((text) => fromBase64(text, /^[A-Za-z0-9+/]*={0,2}$/, true))],
  ['encode.base64t', plain((text) => toBase64(text).replace(/=+$/, ''))],
  ['decode.base64t', plain((text) => fromBase64(text, /^[A-Za-z0-9+/]*={0,2}$/, false))],
  ['encode.base64url', plain((text) => toBase64(text).replace(/\+/g, '-').replace(/\//g, '_'))],
  ['decode.base64url', plain((text) => fromBase64(text, /^[A-Za-z0-9_-]*={0,2}$/, true))],
  ['encode.base64urlt', plain((text) => Buffer.from(text, 'latin1').toString('base64url'))],
  ['decode.base64urlt', plain((text) => fromBase64(text, /^[A-Za-z0-9_-]*={0,2}$/, false))],
  ['encode.base58', plain((text, run) => text.length > longest58 ? cannot(run, 'the text is too long for base 58') : encodeBase58(text))],
  ['decode.base58', plain((text, run) => {
    if (text.length > longest58) return cannot(run, 'the text is too long for base 58')
    const decoded = decodeBase58(text)
    // Kamailio 5.6 leaves the NUL of its text at the end.
    return decoded !== null && (run as ScriptRun).program.options.strict ? `${decoded}\0` : decoded
  })],
  ['escape.common', plain((text) => text.replace(/['"\\\0]/g, (c) => c === '\0' ? '\\0' : `\\${c}`))],
  ['unescape.common', plain(unescapeCommon)],
  ['escape.user', plain((text) => percent(text, (code) => !inUser(code)))],
  ['unescape.user', plain(unpercent)],
  ['escape.param', plain((text) => percent(text, (code) => !inParameter(code)))],
  ['unescape.param', plain(unpercent)],
  ['escape.csv', plain((text) => `"${text.replace(/"/g, '""')}"`)],
  ['urlencode.param', plain((text) => percent(text, (code) => !unreserved(code)))],
  ['urldecode.param', plain((text) => {
    const decoded = text.replace(/\+/g, ' ')
    return decoded.length > longestText ? null : unpercent(decoded)
  })],
]

import { hash } from 'node:crypto'
import { cryptAlphabet, desCrypt } from './des.ts'

/**
 * Rounds that `$5$rounds=N$` may ask for; crypt(3) would allow more, but one request must not stop all others for
 * seconds.
 */
const fewestRounds = 1000
const mostRounds = 100000
const defaultRounds = 5000

/**
 * Whether a password, a byte string, is the one of a line of a password file; null when the line is in a form that is
 * not supported (bcrypt, yescrypt, more than 100000 rounds). Known: `$apr1$` and `$1$` (MD5), `$5$` and `$6$` (SHA-2),
 * `{PLAIN}`, `{SHA}`, `{SSHA}`, and traditional crypt (DES).
 */
export function verifyPassword(password: string, stored: string): boolean | null {
  const encrypted = encrypt(password, stored)
  return encrypted === null ? null : equal(encrypted, stored)
}

/** The password as `stored` would have it: crypt(3) with `stored` as the salt; null for an unsupported form. */
function encrypt(password: string, stored: string): string | null {
  if (stored.startsWith('$apr1$')) return md5Crypt(password, stored, '$apr1$')
  if (stored.startsWith('{PLAIN}')) return `{PLAIN}${password}`
  if (stored.startsWith('{SSHA}')) return saltedSha1(password, stored)
  if (stored.startsWith('{SHA}')) return `{SHA}${hash('sha1', Buffer.from(password, 'latin1'), 'base64')}`
  if (stored.startsWith('$1$')) return md5Crypt(password, stored, '$1$')
  if (stored.startsWith('$5$')) return sha2Crypt(password, stored, 'sha256')
  if (stored.startsWith('$6$')) return sha2Crypt(password, stored, 'sha512')
  return /^[./0-9A-Za-z]{2}/.test(stored) ? desCrypt(password, stored.slice(0, 2)) : null
}

/** Compares in a time that does not tell how much is equal. */
function equal(a: string, b: string): boolean {
  let different = a.length ^ b.length
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1))
  return different === 0
}

function saltedSha1(password: string, stored: string): string {
  const salt = Buffer.from(stored.slice(6), 'base64').subarray(20)
  const digest = hash('sha1', Buffer.concat([Buffer.from(password, 'latin1'), salt]), 'buffer')
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`
}

function digestOf(algorithm: string, parts: readonly Buffer[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), 'buffer')
}

/** `length` bytes of a digest repeated. */
function stretch(digest: Buffer, length: number): Buffer {
  const out = Buffer.alloc(length)
  for (let at = 0; at < length; at += digest.length) digest.copy(out, at)
  return out
}

/** The salt between the magic and the next `$`, at most `longest` bytes. */
function saltOf(stored: string, from: number, longest: number): string {
  const end = stored.indexOf('$', from)
  return stored.slice(from, Math.min(from + longest, end < 0 ? stored.length : end))
}

/** Poul-Henning Kamp's MD5 crypt, of FreeBSD (`$1$`) and Apache (`$apr1$`). */
function md5Crypt(password: string, stored: string, magic: string): string {
  const salt = saltOf(stored, magic.length, 8)
  const key = Buffer.from(password, 'latin1')
  const saltBytes = Buffer.from(salt, 'latin1')
  const inner = digestOf('md5', [key, saltBytes, key])
  const parts = [key, Buffer.from(magic, 'latin1'), saltBytes, stretch(inner, key.length)]
  for (let n = key.length; n > 0; n >>= 1) parts.push((n & 1) !== 0 ? Buffer.alloc(1) : key.subarray(0, 1))
  let digest = digestOf('md5', parts)
  for (let round = 0; round < 1000; round++) {
    const mix = [(round & 1) !== 0 ? key : digest]
    if (round % 3 !== 0) mix.push(saltBytes)
    if (round % 7 !== 0) mix.push(key)
    mix.push((round & 1) !== 0 ? digest : key)
    digest = digestOf('md5', mix)
  }
  const order = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [-1, -1, 11]]
  return `${magic}${salt}$${encode(digest, order)}`
}

/** Ulrich Drepper's SHA-crypt (`$5$`, `$6$`), with its optional `rounds=N$`. */
function sha2Crypt(password: string, stored: string, algorithm: 'sha256' | 'sha512'): string | null {
  const asked = /^rounds=(\d+)\$/.exec(stored.slice(3))
  const rounds = asked === null ? defaultRounds : Number(asked[1])
  if (rounds < fewestRounds || rounds > mostRounds) return null
  const salt = saltOf(stored, 3 + (asked === null ? 0 : asked[0].length), 16)
  const key = Buffer.from(password, 'latin1')
  const saltBytes = Buffer.from(salt, 'latin1')
  const inner = digestOf(algorithm, [key, saltBytes, key])
  const parts = [key, saltBytes, stretch(inner, key.length)]
  for (let n = key.length; n > 0; n >>= 1) parts.push((n & 1) !== 0 ? inner : key)
  let digest = digestOf(algorithm, parts)
  const p = stretch(digestOf(algorithm, Array.from(key, () => key)), key.length)
  const s = stretch(digestOf(algorithm, Array.from({ length: 16 + digest[0]! }, () => saltBytes)), saltBytes.length)
  for (let round = 0; round < rounds; round++) {
    const mix = [(round & 1) !== 0 ? p : digest]
    if (round % 3 !== 0) mix.push(s)
    if (round % 7 !== 0) mix.push(p)
    mix.push((round & 1) !== 0 ? digest : p)
    digest = digestOf(algorithm, mix)
  }
  const head = stored.slice(0, 3) + (asked === null ? '' : `rounds=${rounds}$`)
  return `${head}${salt}$${encode(digest, algorithm === 'sha256' ? sha256Order() : sha512Order())}`
}

/** Which bytes of a SHA-256 digest make a group of four characters, the most significant first. */
function sha256Order(): number[][] {
  const order: number[][] = []
  let group = [0, 10, 20]
  for (let i = 0; i < 10; i++) {
    order.push(group)
    const [a, b, c] = group as [number, number, number]
    group = [c + 1, a + 1, b + 1]
  }
  return [...order, [-1, 31, 30]]
}

function sha512Order(): number[][] {
  const order: number[][] = []
  let group = [0, 21, 42]
  for (let i = 0; i < 21; i++) {
    order.push(group)
    const [a, b, c] = group as [number, number, number]
    group = [b + 1, c + 1, a + 1]
  }
  return [...order, [-1, -1, 63]]
}

/** The bytes of a digest in groups of three as four characters, the lowest six bits first; −1 stands for no byte. */
function encode(digest: Buffer, order: readonly (readonly number[])[]): string {
  let out = ''
  for (const group of order) {
    let value = 0
    for (const i of group) value = value << 8 | (i < 0 ? 0 : digest[i]!)
    const bytes = group.filter((i) => i >= 0).length
    for (let k = Math.ceil(bytes * 8 / 6); k > 0; k--) {
      out += cryptAlphabet[value & 63]!
      value >>>= 6
    }
  }
  return out
}

/** struct sockaddr_in, sockaddr_in6 and sockaddr_un of Linux, to and from text. */
import { isIPv6 } from 'node:net'
import { unixAddress } from '../transports/libc.ts'
import { Sys } from './calls.ts'

/** sizeof(struct sockaddr_storage). */
export const storageSize = 128

/** An address as a bind() takes it: a numeric one with its port, or the path of a unix socket; null when the path is too long. */
export function addressBytes(host: string, port: number, path: string | null): Buffer | null {
  if (path !== null) return unixAddress(path)
  const six = isIPv6(host)
  const bytes = Buffer.alloc(six ? 28 : 16)
  bytes.writeUInt16LE(six ? Sys.Inet6 : Sys.Inet)
  bytes.writeUInt16BE(port, 2)
  if (six) inet6Bytes(host).copy(bytes, 8)
  else for (const [index, part] of host.split('.').entries()) bytes[4 + index] = Number(part)
  return bytes
}

/** The 16 bytes of an IPv6 address that `isIPv6` takes. */
function inet6Bytes(host: string): Buffer {
  const bytes = Buffer.alloc(16)
  const [front, back] = host.split('::') as [string, string | undefined]
  const words = (text: string): number[] => text === '' ? [] : text.split(':').flatMap((word) => {
    if (!word.includes('.')) return [parseInt(word, 16)]
    const [a, b, c, d] = word.split('.').map(Number) as [number, number, number, number]
    return [a << 8 | b, c << 8 | d]
  })
  words(front).forEach((word, i) => bytes.writeUInt16BE(word, 2 * i))
  const tail = back === undefined ? [] : words(back)
  tail.forEach((word, i) => bytes.writeUInt16BE(word, 16 - 2 * (tail.length - i)))
  return bytes
}

/** A host and port out of the bytes that accept4() or getsockname() wrote; IPv4 in IPv6 as IPv4; '' and 0 for a unix socket. */
export function addressOf(bytes: Buffer): { readonly host: string, readonly port: number } {
  const family = bytes.readUInt16LE()
  if (family === Sys.Inet) return { host: inetText(bytes, 4), port: bytes.readUInt16BE(2) }
  if (family === Sys.Inet6) return { host: mapped(bytes) ? inetText(bytes, 20) : inet6Text(bytes, 8), port: bytes.readUInt16BE(2) }
  return { host: '', port: 0 }
}

function inetText(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/** ::ffff:0:0/96 */
function mapped(bytes: Buffer): boolean {
  for (let i = 8; i < 18; i++) if (bytes[i] !== 0) return false
  return bytes[18] === 0xff && bytes[19] === 0xff
}

/** RFC 5952: the longest run of at least two zero words, the first of equals, becomes `::`. */
function inet6Text(bytes: Buffer, at: number): string {
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i))
  let best = 1
  let start = -1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > best) {
      best = end - i
      start = i
    }
    if (end > i) i = end
  }
  const text = (some: number[]): string => some.map((word) => word.toString(16)).join(':')
  return start < 0 ? text(words) : `${text(words.slice(0, start))}::${text(words.slice(start + best))}`
}

/** The few calls of the C library that Node.js has nothing for: unix datagram sockets, through node:ffi (Linux). */
import { createRequire } from 'node:module'

interface Calls {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Buffer, length: number): number
  pipe2(fds: Buffer, flags: number): number
  poll(fds: Buffer, count: bigint, timeout: number): number
  recvfrom(fd: number, data: Buffer, size: bigint, flags: number, address: Buffer, length: Buffer): bigint
  sendto(fd: number, data: Buffer, size: bigint, flags: number, address: Buffer, length: number): bigint
  __errno_location(): bigint
}

interface Ffi {
  dlopen(path: string | null, functions: Record<string, { arguments: string[], return: string }>): { functions: Calls }
  getInt32(pointer: bigint, offset: number): number
}

const signatures: Record<keyof Calls, [string, string[]]> = {
  socket: ['i32', ['i32', 'i32', 'i32']], bind: ['i32', ['i32', 'buffer', 'u32']], pipe2: ['i32', ['buffer', 'i32']],
  poll: ['i32', ['buffer', 'u64', 'i32']], recvfrom: ['i64', ['i32', 'buffer', 'u64', 'i32', 'buffer', 'buffer']],
  sendto: ['i64', ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32']], __errno_location: ['pointer', []],
}

/** Linux's numbers. */
export const Libc = { Unix: 1, Datagram: 2, NonBlocking: 0o4000, CloseOnExec: 0o2000000, DontWait: 0x40, NoSignal: 0x4000, PollIn: 1 } as const
/** sizeof(struct sockaddr_un), and what of it comes before the path. */
export const addressSize = 110
const pathAt = 2

/** The names of the errors that such sockets meet, by errno of Linux. */
const names: Readonly<Record<number, string>> = {
  1: 'EPERM', 2: 'ENOENT', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 20: 'ENOTDIR', 22: 'EINVAL', 24: 'EMFILE', 30: 'EROFS', 36: 'ENAMETOOLONG', 90: 'EMSGSIZE',
  98: 'EADDRINUSE', 105: 'ENOBUFS', 111: 'ECONNREFUSED',
}

let loaded: { readonly calls: Calls, readonly ffi: Ffi } | null = null

function load(): { readonly calls: Calls, readonly ffi: Ffi } {
  if (loaded !== null) return loaded
  let ffi: Ffi | null = null
  try {
    if (process.platform === 'linux') ffi = createRequire(import.meta.url)('node:ffi') as Ffi
  } catch {
    // Said below.
  }
  if (ffi === null) throw new Error('unix datagram sockets need Linux and a Node.js with node:ffi; use "udp:ADDRESS:PORT" or a fifo')
  const functions = Object.fromEntries(Object.entries(signatures).map(([name, [result, args]]) => [name, { return: result, arguments: args }]))
  return loaded = { calls: ffi.dlopen(null, functions).functions, ffi }
}

/** The calls; throws a sentence for the operator where there are none. */
export function libc(): Calls {
  return load().calls
}

/** The error of the call just before, as Node.js words its own. */
export function lastError(): NodeJS.ErrnoException {
  const { calls, ffi } = load()
  const errno = ffi.getInt32(calls.__errno_location(), 0)
  return Object.assign(new Error(`error ${errno}`), { errno: -errno, code: names[errno] ?? '' })
}

/** A unix socket's path as sockaddr_un; null when it is too long. */
export function unixAddress(path: string): Buffer | null {
  const address = Buffer.alloc(addressSize)
  const bytes = Buffer.from(path)
  if (bytes.length > addressSize - pathAt - 1) return null
  address.writeUInt16LE(Libc.Unix)
  bytes.copy(address, pathAt)
  return address
}

/** The sender of a datagram, as recvfrom gives it: its sockaddr, cut to its length; null for a sender without a name. */
export function senderOf(address: Buffer, length: number): Buffer | null {
  return length <= pathAt ? null : Buffer.from(address.subarray(0, Math.min(length, addressSize)))
}

/** A sender in words. */
export function senderName(address: Buffer): string {
  const abstract = address[pathAt] === 0
  const end = abstract ? address.length : Math.max(address.indexOf(0, pathAt), -1) < 0 ? address.length : address.indexOf(0, pathAt)
  return `unix:${abstract ? '@' : ''}${address.toString('utf8', abstract ? pathAt + 1 : pathAt, end)}`
}

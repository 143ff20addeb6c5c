/** The few calls of the C library that Node.js has nothing for: unix datagram sockets, through node:ffi (Linux). */
import { callsOf, hasFfi } from '../ffi.ts'
import type { Signatures } from '../ffi.ts'

interface Calls {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Buffer, length: number): number
  pipe2(fds: Buffer, flags: number): number
  poll(fds: Buffer, count: bigint, timeout: number): number
  recvfrom(fd: number, data: Buffer, size: bigint, flags: number, address: Buffer, length: Buffer): bigint
  sendto(fd: number, data: Buffer, size: bigint, flags: number, address: Buffer, length: number): bigint
}

const signatures: Signatures<Calls> = {
  socket: ['i32', ['i32', 'i32', 'i32']], bind: ['i32', ['i32', 'buffer', 'u32']], pipe2: ['i32', ['buffer', 'i32']],
  poll: ['i32', ['buffer', 'u64', 'i32']], recvfrom: ['i64', ['i32', 'buffer', 'u64', 'i32', 'buffer', 'buffer']],
  sendto: ['i64', ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32']],
}

/** Linux's numbers. */
export const Libc = { Unix: 1, Datagram: 2, NonBlocking: 0o4000, CloseOnExec: 0o2000000, DontWait: 0x40, NoSignal: 0x4000, PollIn: 1 } as const
/** sizeof(struct sockaddr_un), and what of it comes before the path. */
export const addressSize = 110
const pathAt = 2

let calls: Calls | null = null

/** The calls; throws a sentence for the operator where there are none. */
export function libc(): Calls {
  if (calls !== null) return calls
  if (!hasFfi()) throw new Error('unix datagram sockets need Linux and a Node.js with node:ffi; use "udp:ADDRESS:PORT" or a fifo')
  return calls = callsOf(signatures)
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

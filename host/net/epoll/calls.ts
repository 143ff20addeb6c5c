/** What the event method `epoll` calls, and Linux's numbers for it. */
import { Libc } from '../transports/libc.ts'
import type { Signatures } from '../ffi.ts'
import { callsOf } from '../ffi.ts'

/**
 * Every argument is a bigint and has the type `pointer`, numbers too: of all types this alone makes V8 call the function directly out of compiled code. Measured:
 * 7 ns a call; with `i32` or `buffer` among the arguments node:ffi checks and converts in JavaScript, 100 to 600 ns.
 */
export interface SocketCalls {
  /** (fd, buffer, length, flags): bytes read, 0 at the end, −1. */
  recv(fd: bigint, buffer: bigint, length: bigint, flags: bigint): number
  send(fd: bigint, buffer: bigint, length: bigint, flags: bigint): number
  writev(fd: bigint, vector: bigint, count: bigint): number
  epoll_wait(epoll: bigint, events: bigint, most: bigint, timeout: bigint): number
  accept4(fd: bigint, address: bigint, length: bigint, flags: bigint): number
  close(fd: bigint): number
}

/** What is called once per connection or listener. */
export interface SetupCalls {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  listen(fd: number, backlog: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number
  shutdown(fd: number, how: number): number
  epoll_create1(flags: number): number
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number
  eventfd(count: number, flags: number): number
  pipe2(fds: Uint8Array, flags: number): number
  dup2(from: number, to: number): number
  fcntl(fd: number, command: number, value: number): number
  uv_backend_fd(loop: bigint): number
}

const pointer = 'pointer'
const socketSignatures: Signatures<SocketCalls> = {
  recv: ['i32', [pointer, pointer, pointer, pointer]], send: ['i32', [pointer, pointer, pointer, pointer]], writev: ['i32', [pointer, pointer, pointer]],
  epoll_wait: ['i32', [pointer, pointer, pointer, pointer]], accept4: ['i32', [pointer, pointer, pointer, pointer]], close: ['i32', [pointer]],
}
const setupSignatures: Signatures<SetupCalls> = {
  socket: ['i32', ['i32', 'i32', 'i32']], bind: ['i32', ['i32', 'buffer', 'u32']], listen: ['i32', ['i32', 'i32']],
  setsockopt: ['i32', ['i32', 'i32', 'i32', 'buffer', 'u32']], getsockname: ['i32', ['i32', 'buffer', 'buffer']], shutdown: ['i32', ['i32', 'i32']],
  epoll_create1: ['i32', ['i32']], epoll_ctl: ['i32', ['i32', 'i32', 'i32', 'buffer']], eventfd: ['i32', ['u32', 'i32']], pipe2: ['i32', ['buffer', 'i32']],
  dup2: ['i32', ['i32', 'i32']], fcntl: ['i32', ['i32', 'i32', 'i32']], uv_backend_fd: ['i32', [pointer]],
}

/** Linux's numbers. */
export const Epoll = { Add: 1, Delete: 2, Modify: 3, In: 1, Out: 4, Error: 8, HangUp: 16, PeerEnded: 0x2000, Edge: 0x8000_0000 } as const
export const Sys = {
  Unix: Libc.Unix, Inet: 2, Inet6: 10, Stream: 1, NonBlocking: Libc.NonBlocking, CloseOnExec: Libc.CloseOnExec, NoSignal: BigInt(Libc.NoSignal), ShutWrite: 1, Again: 11, Interrupted: 4, DuplicateCloseOnExec: 1030,
  SemaphoreEvents: 1,
} as const

/** Bytes of one struct epoll_event; only x86-64 packs it. */
export const eventSize = process.arch === 'x64' ? 12 : 16
/** Where its data is. */
export const eventData = eventSize - 8

/** The calls of a connection's life. Throws where there is no FFI. */
export function socketCalls(): SocketCalls {
  return callsOf(socketSignatures)
}

/** The calls that set up. Throws where there is no FFI. */
export function setupCalls(): SetupCalls {
  return callsOf(setupSignatures)
}

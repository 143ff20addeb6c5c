/** Calls of the C library through node:ffi (Linux): for what Node.js has nothing for, or nothing fast enough. */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'

/** A call's result and arguments, as node:ffi names the types. */
export type Signatures<T> = Readonly<Record<keyof T, readonly [result: string, args: readonly string[]]>>

interface NodeFfi {
  dlopen(path: string | null, functions: Record<string, { arguments: readonly string[], return: string }>): { functions: object }
  getInt32(pointer: bigint, offset: number): number
  getRawPointer(memory: ArrayBufferView): bigint
  getCurrentEventLoop(): bigint
}

/** The names of the errors that sockets meet, by errno of Linux. */
const names: Readonly<Record<number, string>> = {
  1: 'EPERM', 2: 'ENOENT', 4: 'EINTR', 9: 'EBADF', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 17: 'EEXIST', 20: 'ENOTDIR', 22: 'EINVAL', 23: 'ENFILE', 24: 'EMFILE', 28: 'ENOSPC',
  30: 'EROFS', 32: 'EPIPE', 36: 'ENAMETOOLONG', 90: 'EMSGSIZE', 97: 'EAFNOSUPPORT', 98: 'EADDRINUSE', 99: 'EADDRNOTAVAIL', 103: 'ECONNABORTED', 104: 'ECONNRESET', 105: 'ENOBUFS',
  107: 'ENOTCONN', 110: 'ETIMEDOUT', 111: 'ECONNREFUSED',
}

interface Errno { __errno_location(): bigint }

/** How long a thread that ends waits, in milliseconds: longer than the compiler works on one function. */
const compilerTime = 50

/**
 * Node.js frees what V8 knows of the functions when a thread ends, and only then waits for V8's compiler, which in another thread may just be reading it: the process would crash
 * (seen: "Check failed: FastApiCallNode::ArityForArgc", in a process that ended half a second after its first call). While the thread stands still the compiler comes to its end.
 */
function letCompilerEnd(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, compilerTime)
}

/** What was opened: a library that nobody holds any more might be collected while its functions are in use. */
const opened: object[] = []

let loaded: { readonly node: NodeFfi, readonly errno: bigint } | null | undefined

function load(): { readonly node: NodeFfi, readonly errno: bigint } | null {
  if (loaded !== undefined) return loaded
  loaded = null
  try {
    // What is written into structures here is in the order of x86-64 and arm64.
    if (process.platform !== 'linux' || endianness() !== 'LE') return null
    const node = createRequire(import.meta.url)('node:ffi') as NodeFfi
    const errno = node.dlopen(null, { __errno_location: { return: 'pointer', arguments: [] } }).functions as Errno
    // The place is the thread's for its whole life.
    loaded = { node, errno: errno.__errno_location() }
    process.once('exit', letCompilerEnd)
  } catch {
    // A Node.js without node:ffi: who asks is told.
  }
  return loaded
}

/** Whether there is a C library to call: Linux, and a Node.js with node:ffi. */
export function hasFfi(): boolean {
  return load() !== null
}

function node(): NodeFfi {
  const found = load()
  if (found === null) throw new Error('needs Linux and a Node.js with node:ffi')
  return found.node
}

/** Functions of the C library, or of Node.js itself, by name. Throws where there are none (`hasFfi`) and for an unknown name. */
export function callsOf<T extends object>(signatures: Signatures<T>): T {
  const entries = Object.entries(signatures) as [string, readonly [string, readonly string[]]][]
  const library = node().dlopen(null, Object.fromEntries(entries.map(([name, [result, args]]) => [name, { return: result, arguments: args }])))
  opened.push(library)
  return library.functions as T
}

/** Where the first byte of a view lies. Good for as long as somebody keeps the view. */
export function pointerTo(memory: ArrayBufferView): bigint {
  return node().getRawPointer(memory)
}

/** This thread's uv_loop_t. */
export function eventLoop(): bigint {
  return node().getCurrentEventLoop()
}

/** The errno of the call just before; nothing may come between. */
export function lastErrno(): number {
  return loaded!.node.getInt32(loaded!.errno, 0)
}

/** The error of the call just before, as Node.js words its own. */
export function lastError(): NodeJS.ErrnoException {
  return errorOf(lastErrno())
}

/** An errno as an error. */
export function errorOf(errno: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`error ${errno}`), { errno: -errno, code: names[errno] ?? '' })
}

/**
 * The control socket: a unix stream socket beside the pid file, for its owner only, that carries JSON-RPC 2.0, one document a line.
 * `vespid rpc` and `-s` speak through it.
 */
import { chmodSync, closeSync, constants, existsSync, lstatSync, openSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { systemFailure } from '../core/errors.ts'
import { RpcCode, RpcError } from './command.ts'
import { errorObject } from './jsonrpc.ts'

/** Longest line, in bytes; a longer one is answered with an error and the connection is closed. */
const longestLine = 4 << 20
/** Longest path that fits in sockaddr_un (Linux: 108 with the final NUL; macOS and the BSDs: 104). */
const longestPath = process.platform === 'linux' ? 107 : 103
/** Callers at the same time; more are refused, so that a mad script cannot use up the master's descriptors. */
const mostCallers = 64

/** The control socket's path for a pid file. */
export function controlPath(pidFile: string): string {
  return pidFile + '.sock'
}

/**
 * A path's name for bind(2) and connect(2). A path that is too long for a socket address is named through an open descriptor of its
 * directory where the system can do that (Linux); elsewhere it is an error. `release` frees the descriptor.
 */
function socketName(path: string): { name: string, release: () => void } {
  if (Buffer.byteLength(path) <= longestPath) return { name: path, release: () => {} }
  if (process.platform !== 'linux' || !existsSync('/proc/self/fd')) {
    throw new Error(`the path "${path}" is too long for a unix socket (${Buffer.byteLength(path)} bytes, at most ${longestPath}), set "pid" to a shorter one`)
  }
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  return { name: `/proc/self/fd/${fd}/${basename(path)}`, release: () => closeSync(fd) }
}

/** Whether somebody answers at a socket: 'alive', 'stale' (a socket that nobody listens on), 'none', or 'other' (no socket at all). */
export async function probe(path: string): Promise<'alive' | 'stale' | 'none' | 'other'> {
  try {
    if (!lstatSync(path).isSocket()) return 'other'
  } catch {
    return 'none'
  }
  const socket = await open(path).catch(() => null)
  socket?.destroy()
  return socket === null ? 'stale' : 'alive'
}

/** Connects to a control socket; rejects with the system's error, or when it belongs to somebody else than us or root. */
function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const me = process.geteuid?.()
    const owner = lstatSync(path).uid
    if (me !== undefined && me !== 0 && owner !== me && owner !== 0) throw new Error(`the control socket "${path}" belongs to user ${owner}`)
    const { name, release } = socketName(path)
    const socket = connect(name)
    const failed = (error: Error): void => {
      release()
      reject(error)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      release()
      socket.off('error', failed).on('error', () => {})
      resolve(socket)
    })
  })
}

/** Answers a line of a caller; `''` for no answer. */
export type Answerer = (document: Buffer) => string | Promise<string>

/** The listening side, in the master. */
export class ControlSocket {
  readonly path: string
  readonly #server: Server
  readonly #callers = new Set<Socket>()
  #release: () => void = () => {}

  private constructor(path: string, answer: Answerer) {
    this.path = path
    this.#server = createServer((socket) => this.#serve(socket, answer))
  }

  /** Listens at `path`, replacing a stale socket; rejects with a sentence when another server lives there or the system refuses. */
  static async listen(path: string, answer: Answerer): Promise<ControlSocket> {
    const found = await probe(path)
    if (found === 'alive') throw new Error(`another server answers at the control socket "${path}"`)
    if (found === 'other') throw new Error(`the control socket "${path}" cannot be made, another file has this name`)
    if (found === 'stale') unlinkSync(path)
    const control = new ControlSocket(path, answer)
    await control.#bind()
    return control
  }

  #bind(): Promise<void> {
    const { name, release } = socketName(this.path)
    this.#release = release
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        release()
        reject(new Error(systemFailure(`bind() to unix:${this.path}`, error)))
      })
      // bind(2) makes the file inside listen(): nobody else may reach it even for a moment.
      const mask = process.umask(0o177)
      try {
        this.#server.listen(name, () => {
          this.#server.removeAllListeners('error').on('error', () => {})
          chmodSync(this.path, 0o600)
          resolve()
        })
      } finally {
        process.umask(mask)
      }
    })
  }

  /** Stops listening and removes the socket; callers that wait for an answer still get it, the others are closed. */
  close(): void {
    this.#server.close(() => this.#release())
    for (const socket of this.#callers) if (socket.listenerCount('data') > 0) socket.end()
  }

  #serve(socket: Socket, answer: Answerer): void {
    if (this.#callers.size >= mostCallers) return void socket.destroy()
    this.#callers.add(socket)
    let held: Buffer[] = []
    let length = 0
    const refuse = (code: number, message: string) => {
      socket.end(JSON.stringify({ jsonrpc: '2.0', error: errorObject(new RpcError(code, message)), id: null }) + '\n')
    }
    const take = async (chunk: Buffer): Promise<void> => {
      // One line after another: an answer must not overtake an earlier one. Meanwhile the caller waits in its own buffers.
      socket.off('data', data)
      socket.pause()
      for (let rest = chunk; ;) {
        const end = rest.indexOf(0x0a)
        if (length + (end < 0 ? rest.length : end) > longestLine) return refuse(RpcCode.InvalidRequest, 'Invalid Request')
        if (end < 0) {
          held.push(rest)
          length += rest.length
          break
        }
        const line = Buffer.concat([...held, rest.subarray(0, end)])
        held = []
        length = 0
        rest = rest.subarray(end + 1)
        if (isBlank(line)) continue
        const text = await answer(line)
        if (text !== '' && socket.writable) socket.write(text + '\n')
      }
      if (!this.#server.listening) return void socket.end()
      socket.on('data', data)
      socket.resume()
    }
    const data = (chunk: Buffer) => void take(chunk)
    socket.on('data', data)
    socket.on('error', () => {})
    socket.on('close', () => this.#callers.delete(socket))
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)
}

/** The calling side: one call and its result. Rejects with RpcError for an error answer, with the system's error when nobody is there. */
export async function callControl(path: string, method: string, params: unknown): Promise<unknown> {
  const socket = await open(path)
  socket.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) + '\n')
  const chunks: Buffer[] = []
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer)
    if ((chunk as Buffer).includes(0x0a)) break
  }
  socket.destroy()
  const text = Buffer.concat(chunks).toString()
  if (text === '') throw new Error('the server closed the control connection without an answer')
  const answer = JSON.parse(text)
  if (answer.error !== undefined) throw new RpcError(answer.error.code, answer.error.message, answer.error.data)
  return answer.result
}

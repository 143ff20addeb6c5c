import { execFile } from 'node:child_process'
import { constants, openSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'
import { systemFailure } from '../../core/errors.ts'
import type { Framer } from './framing.ts'
import { SafeFramer, StrictFramer } from './framing.ts'
import { applyOwner, clearPath, removeOwn, statOf } from './owner.ts'
import { writeReply } from './replyfifo.ts'
import type { FifoSpec, Note, Serve, Transport } from './spec.ts'

/** Documents that may be worked on at the same time; the next is read when one is answered. */
const most = 64
/** How long a document may take to arrive, milliseconds. */
const patience = 2000

const run = promisify(execFile)

/** A fifo that carries documents. */
export class Fifo implements Transport {
  private spec: FifoSpec
  private readonly serve: Serve
  private readonly note: Note
  private socket: Socket | null = null
  private made: Stats | null = null
  private framer: Framer
  private clock: NodeJS.Timeout | null = null
  private busy = 0

  constructor(spec: FifoSpec, serve: Serve, note: Note) {
    this.spec = spec
    this.serve = serve
    this.note = note
    this.framer = this.newFramer()
  }

  async open(): Promise<void> {
    const { path, replies } = this.spec
    if (statOf(replies)?.isDirectory() !== true && statOf(`${replies}.`)?.isDirectory() !== true) {
      throw new Error(`the directory of reply fifos "${replies}" is not there`)
    }
    clearPath(path, 'fifo')
    // Node.js has no call for it.
    await run('mkfifo', ['-m', '600', '--', path]).catch((error: Error & { stderr?: string }) => {
      throw new Error(`mkfifo() "${path}" failed (${/: ([^:\n]+)\n*$/.exec(error.stderr ?? '')?.[1] ?? error.message})`)
    })
    try {
      this.made = statOf(path)
      applyOwner(path, this.spec)
      // Open for writing too, so that it does not end when the last writer leaves.
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW)
      this.socket = new Socket({ fd, readable: true, writable: false })
    } catch (error) {
      removeOwn(path, this.made)
      throw (error as NodeJS.ErrnoException).code === undefined ? error : new Error(systemFailure(`open() "${path}"`, error))
    }
    this.socket.on('data', (chunk: Buffer) => this.take(chunk))
    this.socket.on('error', (error) => this.note('error', systemFailure(`read() from fifo "${path}"`, error)))
  }

  private newFramer(): Framer {
    const { limit, strict } = this.spec
    return strict ? new StrictFramer(limit, (document) => this.answer(document, true)) : new SafeFramer(limit, (document, whole) => this.answer(document, whole))
  }

  private take(chunk: Buffer): void {
    this.framer.push(chunk)
    if (this.framer.pending === 0) {
      if (this.clock !== null) clearTimeout(this.clock)
      this.clock = null
    } else this.clock ??= setTimeout(() => this.expire(), patience)
    if (this.busy >= most) this.socket?.pause()
  }

  private expire(): void {
    this.clock = null
    this.framer.expire()
    if (this.framer.pending > 0) this.clock = setTimeout(() => this.expire(), patience)
  }

  private answer(document: Buffer, whole: boolean): void {
    const { path, replies } = this.spec
    if (!whole) this.note('warn', `fifo "${path}": dropped ${document.length} bytes that are no JSON document`)
    this.busy++
    this.reply(Buffer.from(document), replies).catch((error: Error) => this.note('error', `fifo "${path}": ${error.message}`)).finally(() => {
      if (--this.busy < most) this.socket?.resume()
    })
  }

  private async reply(document: Buffer, replies: string): Promise<void> {
    const answer = await this.serve(document, `fifo ${this.spec.path}`).catch((error: Error) => {
      this.note('error', `fifo "${this.spec.path}": ${error.message}`)
      return null
    })
    if (answer === null) return this.fail(document, replies)
    if (answer.to === '') return
    if (answer.to === null) {
      this.note('error', `fifo "${this.spec.path}": ${answer.understood ? 'a request without "reply_name"' : 'a document that is no JSON'}`)
      return
    }
    const complaint = await writeReply(replies, answer.to, answer.bytes)
    if (complaint !== null) this.note('error', `fifo "${this.spec.path}": ${complaint}`)
  }

  /** Nobody has answered, as when a worker ends: the caller would wait for ever. */
  private async fail(document: Buffer, replies: string): Promise<void> {
    const name = /"reply_name"\s*:\s*"([\w-]{1,120})"/.exec(document.latin1Slice())?.[1]
    if (name !== undefined) await writeReply(replies, name, Buffer.from('{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal error"},"id":null}'))
  }

  update(spec: FifoSpec): string | null {
    const before = this.spec
    this.spec = spec
    if (before.strict !== spec.strict || before.limit !== spec.limit) this.framer = this.newFramer()
    try {
      applyOwner(spec.path, spec)
      return null
    } catch (error) {
      return (error as Error).message
    }
  }

  close(): void {
    if (this.clock !== null) clearTimeout(this.clock)
    this.clock = null
    this.socket?.destroy()
    this.socket = null
    removeOwn(this.spec.path, this.made)
  }
}

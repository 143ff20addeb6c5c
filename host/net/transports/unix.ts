import { closeSync, writeSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { systemFailure } from '../../core/errors.ts'
import { lastError } from '../ffi.ts'
import { Libc, libc, senderName, unixAddress } from './libc.ts'
import { applyOwner, clearPath, removeOwn, statOf } from './owner.ts'
import type { DatagramSpec, Note, Serve, Transport } from './spec.ts'
import type { Datagram, ReaderData } from './unixreader.ts'

/** Datagrams that may be worked on at the same time. */
const most = 256
/** Bytes that are read of a datagram at most: one more than any limit, so that a cut one is known. */
const largest = 1 << 18
/** How often an answer is tried again while its reader's queue is full. */
const pause = 20

/** A unix datagram socket that carries documents: one thread waits for them, answers are sent from here. */
export class UnixDatagrams implements Transport {
  private spec: DatagramSpec
  private readonly serve: Serve
  private readonly note: Note
  private fd = -1
  private wake = -1
  private made: Stats | null = null
  private reader: Worker | null = null
  private readonly shared = new SharedArrayBuffer(4)
  private readonly count = new Int32Array(this.shared)
  private closed = false

  constructor(spec: DatagramSpec, serve: Serve, note: Note) {
    this.spec = spec
    this.serve = serve
    this.note = note
  }

  async open(): Promise<void> {
    const path = this.spec.path!
    const c = libc()
    const address = unixAddress(path)
    if (address === null) throw new Error(`the path "${path}" is too long for a unix socket (${Buffer.byteLength(path)} bytes, at most 107)`)
    clearPath(path, 'socket')
    const fd = c.socket(Libc.Unix, Libc.Datagram | Libc.NonBlocking | Libc.CloseOnExec, 0)
    if (fd < 0) throw new Error(systemFailure('socket()', lastError()))
    // bind(2) makes the file: nobody else may reach it before it has its owner.
    const mask = process.umask(0o177)
    const failure = c.bind(fd, address, address.length) < 0 ? systemFailure(`bind() to unix:${path}`, lastError()) : null
    process.umask(mask)
    try {
      if (failure !== null) throw new Error(failure)
      this.made = statOf(path)
      applyOwner(path, this.spec)
      const ends = Buffer.alloc(8)
      if (c.pipe2(ends, Libc.CloseOnExec) < 0) throw new Error(systemFailure('pipe2()', lastError()))
      this.fd = fd
      this.wake = ends.readInt32LE(4)
      this.read(ends.readInt32LE(0))
    } catch (error) {
      removeOwn(path, this.made)
      closeSync(fd)
      throw error
    }
  }

  private read(wake: number): void {
    const { fd } = this
    const data: ReaderData = { fd, wake, open: this.shared, most, size: largest }
    const entry = new URL(import.meta.url.endsWith('.ts') ? './unixreader.ts' : './unixreader.js', import.meta.url)
    const reader = this.reader = new Worker(entry, { workerData: data, name: 'datagrams' })
    reader.on('message', (message: Datagram) => this.take(message))
    reader.on('error', (error: unknown) => this.note('error', `unix:${this.spec.path}: ${(error as Error).message}`))
    reader.on('exit', () => {
      if (!this.closed) this.note('error', `the thread that reads unix:${this.spec.path} has ended`)
      for (const one of [fd, wake, this.wake]) closeSync(one)
      this.fd = -1
    })
  }

  private take({ data, from }: Datagram): void {
    const { limit, path } = this.spec
    const bytes = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, limit))
    const sender = from === null ? null : Buffer.from(from)
    const name = sender === null ? 'a sender without a name' : senderName(sender)
    this.serve(bytes, name).then((answer) => {
      if (answer !== null && answer.bytes.length > 0 && sender !== null) return this.send(Buffer.from(answer.bytes), sender, name)
    }).catch((error: unknown) => this.note('error', `unix:${path}: ${(error as Error).message}`)).finally(() => {
      Atomics.sub(this.count, 0, 1)
      Atomics.notify(this.count, 0)
    })
  }

  private async send(answer: Buffer, to: Buffer, name: string): Promise<void> {
    for (let left = this.spec.timeout; this.fd >= 0 && !this.closed; left -= pause) {
      if (libc().sendto(this.fd, answer, BigInt(answer.length), Libc.DontWait | Libc.NoSignal, to, to.length) >= 0n) return
      const error = lastError()
      if (error.code !== 'EAGAIN' && error.code !== 'ENOBUFS') return this.note('info', systemFailure(`sendto() ${name}`, error))
      if (left <= 0) return this.note('error', `unix:${this.spec.path}: ${name} does not read its answer`)
      await wait(pause)
    }
  }

  update(spec: DatagramSpec): string | null {
    this.spec = spec
    try {
      applyOwner(spec.path!, spec)
      return null
    } catch (error) {
      return (error as Error).message
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    removeOwn(this.spec.path!, this.made)
    if (this.reader !== null) writeSync(this.wake, 'x')
  }
}

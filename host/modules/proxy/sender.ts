import { close, open, read } from 'node:fs'
import type { Request } from '../../http/request.ts'
import type { BodySink } from '../../http/body.ts'
import type { Link } from '../upstream/link.ts'
import type { SendBody, SendHead } from './request.ts'
import { OK } from '../../module.ts'

/** Bytes of a body file that are in memory at a time. */
const piece = 65536
/** A body up to this size is copied behind the head, so that both leave in one packet. */
const joined = 16384
const crlf = Buffer.from('\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/** Who is told how sending goes. */
export interface SenderOwner {
  /** The kernel has all of it. */
  requestSent(): void
  /** Some of it was taken; `blocked`: the server has to take more before anything else can happen. */
  sendProgress(blocked: boolean): void
  /** The body cannot be had: a status (400, 408, 413, 500). */
  bodyFailed(status: number): void
}

/** Writes one request to a link, as fast as the server takes it. */
export class Sender implements BodySink {
  private readonly r: Request
  private readonly link: Link
  private readonly body: SendBody
  private readonly owner: SenderOwner
  private stopped = false
  private fd = -1
  private position = 0
  private reading = false
  /** Bytes written so far. */
  sent = 0

  constructor(r: Request, link: Link, body: SendBody, owner: SenderOwner) {
    this.r = r
    this.link = link
    this.body = body
    this.owner = owner
  }

  start(head: SendHead): void {
    const { body } = this
    const bytes = Buffer.from(head.text, 'latin1')
    if (body.kind === 'none') return this.finish(bytes)
    if (body.kind === 'bytes') {
      if (body.bytes!.length <= joined) return this.finish(Buffer.concat([bytes, body.bytes!]))
      this.write(bytes)
      return this.finish(body.bytes!)
    }
    this.write(bytes)
    if (body.kind === 'file') return this.openFile(body.path!)
    // While the client is waited for, the server is not.
    this.owner.sendProgress(false)
    this.r.body.stream(this)
  }

  /** The link takes more. */
  drained(): void {
    if (this.stopped) return
    this.owner.sendProgress(this.body.kind !== 'stream')
    if (this.body.kind === 'file') this.readFile()
    else if (this.body.kind === 'stream') this.r.body.resumeStream()
  }

  /** Sends no more. */
  stop(): void {
    if (this.stopped) return
    this.stopped = true
    if (this.body.kind === 'stream') this.r.body.stopStream()
    this.closeFile()
  }

  private write(bytes: Buffer): boolean {
    this.sent += bytes.length
    return this.link.write(bytes)
  }

  private finish(bytes: Buffer): void {
    this.sent += bytes.length
    this.link.socket.write(bytes, (error) => { if (!error && !this.stopped) this.owner.requestSent() })
  }

  // --- a body that the client is still sending

  data(bytes: Buffer): boolean {
    if (this.stopped) return true
    const chunked = this.body.length < 0
    if (chunked) this.write(Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'))
    let room = this.write(bytes)
    if (chunked) room = this.write(crlf)
    this.owner.sendProgress(!room)
    return room
  }

  end(verdict: number): void {
    if (this.stopped) return
    if (verdict !== OK) return this.owner.bodyFailed(verdict)
    this.owner.sendProgress(true)
    this.finish(this.body.length >= 0 ? Buffer.alloc(0) : lastChunk)
  }

  // --- a body in a file

  private openFile(path: string): void {
    open(path, 'r', (error, fd) => {
      if (error !== null) {
        if (!this.stopped) this.owner.bodyFailed(500)
        return
      }
      this.fd = fd
      if (this.stopped) this.closeFile()
      else this.readFile()
    })
  }

  private readFile(): void {
    if (this.reading || this.fd < 0) return
    this.reading = true
    const buffer = Buffer.allocUnsafeSlow(Math.min(piece, this.body.length - this.position))
    read(this.fd, buffer, 0, buffer.length, this.position, (error, count) => {
      this.reading = false
      if (this.stopped) return this.closeFile()
      if (error !== null || count === 0) return this.owner.bodyFailed(500)
      this.position += count
      const part = count === buffer.length ? buffer : buffer.subarray(0, count)
      if (this.position < this.body.length) {
        if (this.write(part)) this.readFile()
        return
      }
      this.closeFile()
      this.finish(part)
    })
  }

  private closeFile(): void {
    if (this.fd < 0 || this.reading) return
    close(this.fd, () => {})
    this.fd = -1
  }
}

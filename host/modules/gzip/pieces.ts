import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import { readSync } from 'node:fs'

/** Bytes that are worked on at a time; reading that much of a file from the page cache takes some 10 µs. */
export const pieceSize = 65536

/** The content of one body part in pieces of at most `pieceSize`, from memory or from its file. */
export class Pieces {
  private readonly r: Request
  private readonly part: BodyPart
  private at: number
  private readonly end: number

  constructor(r: Request, part: BodyPart) {
    this.r = r
    this.part = part
    this.at = part.file === null ? 0 : part.file.start
    this.end = part.file === null ? part.data?.length ?? 0 : part.file.end
  }

  /** No piece is left. */
  get done(): boolean { return this.at >= this.end }

  /** The next piece. Throws when the file cannot be read or is shorter than it was, or when the request, and with it the file, is closed. */
  next(): Buffer {
    const { at, part: { data, file } } = this
    const length = Math.min(pieceSize, this.end - at)
    this.at += length
    if (data !== null) return data.subarray(at, at + length)
    if (this.r.finished) throw new Error('the request is over')
    const bytes = Buffer.allocUnsafe(length)
    for (let have = 0; have < length;) {
      const n = readSync(file!.fd, bytes, have, length - have, at + have)
      if (n === 0) throw new Error('file was truncated while it was sent')
      have += n
    }
    return bytes
  }
}

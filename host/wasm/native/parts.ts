import type { Request } from '../../http/request.ts'
import type { BodyPart, PartSource } from '../../http/response.ts'
import { readSync } from 'node:fs'

/** Bytes of a body that a plugin's filter is given at once, so that its memory does not grow with files. */
const pieceSize = 65536

/** Whether a part is more than a filter is given at once, or must be read first. */
export function isLarge(part: BodyPart): boolean {
  return part.file !== null || (part.data !== null && part.data.length > pieceSize)
}

/** The filter, given one part; null: it holds it; a number: see BodyFilter. */
type Filter = (part: BodyPart) => BodyPart | null | number | Promise<BodyPart | null | number>

/** A large part in small ones, each passed through a filter when there is room for it. */
export class SmallParts implements PartSource {
  private readonly r: Request
  private readonly part: BodyPart
  private readonly pass: Filter
  private at: number
  private readonly end: number
  private over = false

  constructor(r: Request, part: BodyPart, pass: Filter) {
    this.r = r
    this.part = part
    this.pass = pass
    this.at = part.file === null ? 0 : part.file.start
    this.end = part.file === null ? part.data!.length : part.file.end
  }

  next(): BodyPart | null | number | Promise<BodyPart | null | number> {
    while (!this.over) {
      const data = this.read()
      this.over = this.at >= this.end
      const made = this.pass({ data, file: null, last: this.over && this.part.last, flush: this.over && this.part.flush })
      if (made instanceof Promise) return made.then((part) => part ?? this.next())
      if (made !== null) return made
    }
    return null
  }

  private read(): Buffer {
    const { at, part: { data, file } } = this
    const length = Math.min(pieceSize, this.end - at)
    this.at += length
    if (file === null) return data!.subarray(at, at + length)
    // The file is open as long as its request.
    if (this.r.finished) throw new Error('the request is over')
    const bytes = Buffer.allocUnsafe(length)
    for (let have = 0; have < length;) {
      const n = readSync(file.fd, bytes, have, length - have, at + have)
      if (n === 0) throw new Error('file was truncated while it was sent')
      have += n
    }
    return bytes
  }
}

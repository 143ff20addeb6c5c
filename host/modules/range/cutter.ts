import type { BodyPart } from '../../http/response.ts'
import type { Range } from './ranges.ts'

/**
 * Cuts a body that passes in parts to ranges of it. Ranges that come in their order are cut from the passing parts;
 * ranges that go back need the body in one part, as files and short answers are, and are left out of a body in several
 * (nginx's range body filter does the same).
 */
export class RangeCutter {
  private readonly ranges: readonly Range[]
  private readonly heads: readonly string[] | null
  private readonly end: string
  /** Where in the whole body the next part begins. */
  private offset = 0
  private current = 0
  /** The head of the current range was sent. */
  private begun = false

  /** `heads`: the text before each range, null for a single range without any; `end`: the text behind the last. */
  constructor(ranges: readonly Range[], heads: readonly string[] | null, end: string) {
    this.ranges = ranges
    this.heads = heads
    this.end = end
  }

  /** The pieces of one part that belong to ranges; null when there are none. */
  cut(part: BodyPart): BodyPart[] | null {
    const out: BodyPart[] = []
    const from = this.offset
    const to = this.offset = from + lengthOf(part)
    while (this.current < this.ranges.length) {
      const { start, end } = this.ranges[this.current]!
      if (start >= to) break
      const low = Math.max(start, from)
      const high = Math.min(end, to)
      if (low < high) {
        if (!this.begun && this.heads !== null) out.push(text(this.heads[this.current]!))
        this.begun = true
        out.push(piece(part, low - from, high - from))
      }
      if (end > to) break
      this.current++
      this.begun = false
    }
    if (part.last) {
      if (this.heads !== null) out.push(text(this.end))
      out.push({ data: null, file: null, last: true, flush: part.flush })
    } else if (part.flush) out.push({ data: null, file: null, last: false, flush: true })
    return out.length === 0 ? null : out
  }
}

function lengthOf(part: BodyPart): number {
  return part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
}

function piece(part: BodyPart, start: number, end: number): BodyPart {
  const { data, file } = part
  if (data !== null) return { data: data.subarray(start, end), file: null, last: false, flush: false }
  const range = { fd: file!.fd, start: file!.start + start, end: file!.start + end }
  return { data: null, file: range, last: false, flush: false }
}

function text(s: string): BodyPart {
  return { data: Buffer.from(s, 'latin1'), file: null, last: false, flush: false }
}

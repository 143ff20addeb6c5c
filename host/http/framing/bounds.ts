import type { HeadLimits } from './parser.ts'
import {
  E_HEADER_TOO_LONG, E_TOO_LARGE, E_URI_TOO_LONG, HEADER_WORDS, T_ERR_LEN, T_ERR_OFF, T_ERR_POS, T_ERR_PREV,
  T_ERR_PREV_LEN, T_HEADERS, T_WAKE,
} from './table.ts'

/**
 * The part of the TypeScript head parser that knows where it is: the region, the line, and nginx's header buffers,
 * which decide when a line is too long (nginx.md §8). Every error and every "incomplete" passes here, so that what
 * nginx would have run out of buffer for comes first.
 */
export class HeadBounds {
  readonly table: Int32Array
  protected start = 0
  protected end = 0
  protected limits!: HeadLimits
  /** nginx's header buffer, emulated: where the one in use ends, and how many large ones are taken. */
  protected bufEnd = 0
  protected busy = 0
  /** The line being parsed, the one before it, and where the first header line begins (−1 in the request line). */
  protected line = 0
  protected lineBefore = 0
  protected headers = -1

  constructor(table: Int32Array) {
    this.table = table
  }

  /**
   * Whether nginx's buffers hold the line being parsed up to byte `stop` (exclusive). A line that does not fit the
   * buffer in use moves to a large one; each of those is used once.
   */
  protected fits(stop: number): boolean {
    if (stop <= this.bufEnd) return true
    const { largeNum, largeSize } = this.limits
    if (this.bufEnd - this.line >= largeSize || this.busy >= largeNum) return false
    this.busy++
    this.bufEnd = this.line + largeSize
    return stop <= this.bufEnd
  }

  /** The error of a line that does not fit. */
  protected overflow(): number {
    const { line, bufEnd } = this
    if (this.headers < 0) return this.refuse(E_URI_TOO_LONG, line, bufEnd, bufEnd - 1)
    if (bufEnd > line) return this.refuse(E_HEADER_TOO_LONG, line, bufEnd, bufEnd - 1)
    // The buffer ended with the line before, and there is no other: nginx shows that one, or nothing when it was the
    // request line.
    if (line === this.headers) return this.refuse(E_TOO_LARGE, line, line, bufEnd - 1)
    return this.refuse(E_HEADER_TOO_LONG, this.lineBefore, bufEnd, bufEnd - 1)
  }

  /** All bytes are good, but more are needed; or they are already too many. */
  protected incomplete(): number {
    const { table, end } = this
    if (!this.fits(end + 1)) return this.overflow()
    const length = end - this.start
    const wake = Math.min(length + Math.max(length, 64), this.bufEnd - this.start)
    table[T_WAKE] = this.headers < 0 ? -wake : wake
    return 0
  }

  /** The error that the byte at `at` shows, unless nginx would have run out of buffer before it. */
  protected fail(code: number, at: number): number {
    if (!this.fits(at + 1)) return this.overflow()
    return this.refuse(code, this.line, at, at)
  }

  /** An error of the header line with that index. */
  protected refuseField(code: number, index: number, stop: number): number {
    const { table, start } = this
    const at = T_HEADERS + index * HEADER_WORDS
    return this.refuse(code, start + table[at]!, start + table[at + 2]! + table[at + 3]!, stop - 1)
  }

  protected refuse(code: number, from: number, to: number, at: number): number {
    const { table, start } = this
    table[T_ERR_OFF] = from - start
    table[T_ERR_LEN] = to - from
    table[T_ERR_POS] = at - start
    table[T_ERR_PREV] = -1
    table[T_ERR_PREV_LEN] = 0
    return code
  }
}

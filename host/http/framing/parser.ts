import { T_WAKE } from './table.ts'

/** The sizes that bound a head: the default server's directives. Bytes and counts. */
export interface HeadLimits {
  /** client_header_buffer_size. */
  readonly smallBuf: number
  /** large_client_header_buffers: number and size. */
  readonly largeNum: number
  readonly largeSize: number
  readonly maxHeaders: number
  /** O_* bits of table.ts: ignore_invalid_headers and underscores_in_headers. */
  readonly flags: number
}

/** nginx's defaults. */
export const defaultLimits: HeadLimits = { smallBuf: 1024, largeNum: 4, largeSize: 8192, maxHeaders: 1000, flags: 1 }

/**
 * What a connection remembers of a head that was not complete: how many of its bytes were looked at, and from which
 * length on parsing it again is worth while (negative: also at the next LF). With it a sender of single bytes costs
 * O(n) in all: between two parses, whose distance doubles, only the new bytes are searched for the head's end. Zero
 * both to begin another head.
 */
export class HeadResume {
  seen = 0
  wake = 0
}

/** What both head parsers are. */
export interface HeadParser {
  readonly name: string
  /** What parseHead writes: table.ts. */
  readonly table: Int32Array
  /**
   * Parses the request head at bytes start..end of the parser's memory. Returns the bytes it takes (above 0), 0 when
   * more are needed, or an E_* of table.ts. `resume` belongs to the connection; it is kept up to date here, and without
   * it every call parses from the start. Errors are found at the first byte that shows them, except that with `resume`
   * they may be found some bytes later, at the latest with the head's end.
   */
  parseHead(start: number, end: number, limits: HeadLimits, resume?: HeadResume): number
  /** Copies bytes within the parser's memory; the ranges must lie in it and not overlap. */
  copy(to: number, from: number, length: number): void
}

/** Notes the outcome of a full parse in `resume` and returns it. */
export function noteOutcome(result: number, length: number, table: Int32Array, resume: HeadResume): number {
  if (result === 0) {
    resume.seen = length
    resume.wake = table[T_WAKE]!
  } else {
    resume.seen = resume.wake = 0
  }
  return result
}

/** Whether the bytes seen..length of a head that was incomplete before give a reason to parse it again. */
export function worthParsing(bytes: Uint8Array, start: number, end: number, resume: HeadResume): boolean {
  const { wake } = resume
  if (end - start >= (wake < 0 ? -wake : wake)) return true
  for (let i = start + resume.seen; i < end; i++) {
    if (bytes[i] !== 10) continue
    if (wake < 0 || bytes[i - 1] === 10 || (bytes[i - 1] === 13 && bytes[i - 2] === 10)) return true
  }
  return false
}

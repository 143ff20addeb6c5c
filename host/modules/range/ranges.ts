/** A stretch of a body: bytes `start` up to `end` (exclusive). */
export interface Range {
  readonly start: number
  readonly end: number
}

/** What a Range header asks for: the ranges, `ignore` (answer 200 with everything) or `unsatisfiable` (416). */
export type RangeAnswer = readonly Range[] | 'ignore' | 'unsatisfiable'

/**
 * What each range of several costs besides its bytes, and how much all may exceed the whole: more is a waste that 200
 * does not have.
 */
const partOverhead = 256
const wasteLimit = 4096

/** Whether a Range header is in bytes; others are ignored. */
export function isByteRange(header: string): boolean {
  return header.length >= 7 && header.slice(0, 6).toLowerCase() === 'bytes='
}

/**
 * Reads `bytes=0-4,-5` for a body of `length` bytes (RFC 9110 §14.1.2). As in nginx a syntax error is unsatisfiable,
 * more than `limit` ranges and ranges that are together longer than the body are ignored, and so is one that names
 * nothing from byte 0 on.
 */
export function parseRanges(header: string, length: number, limit: number): RangeAnswer {
  const ranges: Range[] = []
  let size = 0
  for (const text of header.slice(6).split(',')) {
    const range = parseRange(text, length)
    if (range === null) return 'unsatisfiable'
    if (range.start < range.end) {
      if (ranges.length === limit) return 'ignore'
      ranges.push(range)
      size += range.end - range.start
    } else if (range.start === 0) return 'ignore'
  }
  if (ranges.length === 0) return 'unsatisfiable'
  if (size > length || (ranges.length > 1 && size + ranges.length * partOverhead > length + wasteLimit)) return 'ignore'
  return ranges
}

/** One range; it may be empty. Null for a syntax error. */
function parseRange(text: string, length: number): Range | null {
  const match = /^ *(\d*) *- *(\d*) *$/.exec(text)
  if (match === null) return null
  const [, first, last] = match as unknown as [string, string, string]
  // A suffix has no blanks before its sign but leading ones, and none behind it.
  if (first === '' && (last === '' || !/^ *-\d/.test(text))) return null
  // Beyond what nginx's 64 bits hold; below it, a number larger than the body means its end.
  if (isTooLarge(first) || isTooLarge(last)) return null
  const end = last === '' ? length : Number(last)
  const start = first === '' ? 0 : Number(first)
  if (first === '') return { start: Math.max(0, length - end), end: length }
  return { start, end: last === '' || end >= length ? length : end + 1 }
}

function isTooLarge(digits: string): boolean {
  return digits.length > 18 && BigInt(digits) > 0x7fffffffffffffffn
}

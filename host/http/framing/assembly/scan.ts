// Sixteen bytes at a time. Every function looks at the bytes p..stop only: the last, shorter stretch is read as the sixteen bytes that end at `stop`, the ones
// before p shifted out (there always are sixteen: the table lies before every head).

/** Sixteen bytes of memory at p, or of those ending at `stop`. */
// @ts-ignore: decorator
@inline
function block(p: usize, stop: usize): v128 {
  return v128.load(p + 16 <= stop ? p : stop - 16)
}

/** How many bits of a block's mask lie before p. */
// @ts-ignore: decorator
@inline
function before(p: usize, stop: usize): i32 {
  return p + 16 <= stop ? 0 : <i32>(p + 16 - stop)
}

/** Bytes of a class: the two tables give bit sets for the low and the high half of the byte, which meet when the byte is in the class. */
// @ts-ignore: decorator
@inline
function classify(v: v128, low: v128, high: v128): v128 {
  return v128.and(i8x16.swizzle(low, v128.and(v, i8x16.splat(15))), i8x16.swizzle(high, i8x16.shr_u(v, 4)))
}

/** Where the first NUL, LF or CR is, else `stop`. */
// @ts-ignore: decorator
@inline
export function valueEnd(p: usize, stop: usize): usize {
  // Bytes from 16 on select nothing.
  const ends = i8x16(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, -1, 0, 0)
  while (p < stop) {
    const mask = i8x16.bitmask(i8x16.swizzle(ends, block(p, stop))) >>> before(p, stop)
    if (mask != 0) return p + ctz(mask)
    p += 16
  }
  return stop
}

/** Where the first byte is that is not a letter, a digit or `-`, else `stop`. */
// @ts-ignore: decorator
@inline
export function nameEnd(p: usize, stop: usize): usize {
  const low = i8x16(10, 14, 14, 14, 14, 14, 14, 14, 14, 14, 12, 4, 4, 5, 4, 4)
  const high = i8x16(0, 0, 1, 2, 4, 8, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  while (p < stop) {
    const spoil = i8x16.eq(classify(block(p, stop), low, high), i8x16.splat(0))
    const mask = i8x16.bitmask(spoil) >>> before(p, stop)
    if (mask != 0) return p + ctz(mask)
    p += 16
  }
  return stop
}

/** Bits of the bytes from p on that matter in a path: controls, space, DEL and `#%+./?`; at most sixteen bytes are looked at. */
// @ts-ignore: decorator
@inline
export function pathMarks(p: usize, stop: usize): i32 {
  const low = i8x16(3, 1, 1, 3, 1, 3, 1, 1, 1, 1, 1, 3, 1, 1, 3, 15)
  const high = i8x16(1, 1, 2, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  const plain = i8x16.eq(classify(block(p, stop), low, high), i8x16.splat(0))
  return (i8x16.bitmask(plain) ^ 0xffff) >>> before(p, stop)
}

/** Where the first control, space, DEL or `#` is, else `stop`. */
// @ts-ignore: decorator
@inline
export function argsEnd(p: usize, stop: usize): usize {
  const low = i8x16(3, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9)
  const high = i8x16(1, 1, 2, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  while (p < stop) {
    const plain = i8x16.eq(classify(block(p, stop), low, high), i8x16.splat(0))
    const mask = (i8x16.bitmask(plain) ^ 0xffff) >>> before(p, stop)
    if (mask != 0) return p + ctz(mask)
    p += 16
  }
  return stop
}

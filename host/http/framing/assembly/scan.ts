// Sixteen bytes at a time. Every function looks at the bytes p..stop only: the last, shorter stretch is read as the
// sixteen bytes that end at `stop`, the ones before p shifted out (there always are sixteen: the table lies before
// every head).

/**
 * Bytes of a class: the two tables give bit sets for the low and the high half of the byte, which meet when the byte is
 * in the class.
 */
// @ts-ignore: decorator
@inline
function classify(v: v128, low: v128, high: v128): v128 {
  const half = i8x16.splat(15)
  const byLow = i8x16.swizzle(low, v128.and(v, half))
  return v128.and(byLow, i8x16.swizzle(high, v128.and(i16x8.shr_u(v, 4), half)))
}

/** Bits of NUL, LF and CR. */
// @ts-ignore: decorator
@inline
function valueMask(at: usize): i32 {
  // Bytes from 16 on select nothing.
  return i8x16.bitmask(i8x16.swizzle(i8x16(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, -1, 0, 0), v128.load(at)))
}

/** Bits of what is not a letter, a digit or `-`. */
// @ts-ignore: decorator
@inline
function nameMask(at: usize): i32 {
  const low = i8x16(10, 14, 14, 14, 14, 14, 14, 14, 14, 14, 12, 4, 4, 5, 4, 4)
  const high = i8x16(0, 0, 1, 2, 4, 8, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  return i8x16.bitmask(i8x16.eq(classify(v128.load(at), low, high), i8x16.splat(0)))
}

/** Bits of controls, space, DEL and `#%+./?`. */
// @ts-ignore: decorator
@inline
function pathMask(at: usize): i32 {
  const low = i8x16(3, 1, 1, 3, 1, 3, 1, 1, 1, 1, 1, 3, 1, 1, 3, 15)
  const high = i8x16(1, 1, 2, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  return i8x16.bitmask(i8x16.ne(classify(v128.load(at), low, high), i8x16.splat(0)))
}

/** Bits of controls, space, DEL and `#`. */
// @ts-ignore: decorator
@inline
function argsMask(at: usize): i32 {
  const low = i8x16(3, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9)
  const high = i8x16(1, 1, 2, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
  return i8x16.bitmask(i8x16.ne(classify(v128.load(at), low, high), i8x16.splat(0)))
}

/** Where the first of fewer than sixteen bytes is whose bit is set in the mask of the block that ends at `stop`. */
// @ts-ignore: decorator
@inline
function tail(mask: i32, p: usize, stop: usize): usize {
  const rest = mask >>> <i32>(p + 16 - stop)
  return rest != 0 ? p + ctz(rest) : stop
}

/** Where the first NUL, LF or CR is, else `stop`. */
// @ts-ignore: decorator
@inline
export function valueEnd(p: usize, stop: usize): usize {
  for (; p + 16 <= stop; p += 16) {
    const mask = valueMask(p)
    if (mask != 0) return p + ctz(mask)
  }
  return p < stop ? tail(valueMask(stop - 16), p, stop) : stop
}

/** Where the first byte is that is not a letter, a digit or `-`, else `stop`. */
// @ts-ignore: decorator
@inline
export function nameEnd(p: usize, stop: usize): usize {
  for (; p + 16 <= stop; p += 16) {
    const mask = nameMask(p)
    if (mask != 0) return p + ctz(mask)
  }
  return p < stop ? tail(nameMask(stop - 16), p, stop) : stop
}

/** Where the first control, space, DEL or `#` is, else `stop`. */
export function argsEnd(p: usize, stop: usize): usize {
  for (; p + 16 <= stop; p += 16) {
    const mask = argsMask(p)
    if (mask != 0) return p + ctz(mask)
  }
  return p < stop ? tail(argsMask(stop - 16), p, stop) : stop
}

/** Bits of the bytes from p on that matter in a path, at most sixteen. */
// @ts-ignore: decorator
@inline
export function pathMarks(p: usize, stop: usize): i32 {
  return p + 16 <= stop ? pathMask(p) : pathMask(stop - 16) >>> <i32>(p + 16 - stop)
}

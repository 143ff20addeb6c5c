// Characters by their codes.

/** Whether a character is one of `0` to `9`. */
export function isDigit(c: i32): bool { return c >= 48 && c <= 57 }

/** Whether a character is an ASCII letter. */
export function isLetter(c: i32): bool { return (c | 32) >= 97 && (c | 32) <= 122 }

/** The value of a hexadecimal digit; −1 for another character. */
export function hexDigit(c: i32): i32 {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/**
 * The value of a whole number in decimal digits; −1 when the text is none, or the number is above `most`, which has 18
 * digits at most.
 */
export function wholeNumber(text: string, most: i64 = 9007199254740991): i64 {
  let value: i64 = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c)) return -1
    value = value * 10 + (c - 48)
    if (value > most) return -1
  }
  return text.length == 0 ? -1 : value
}

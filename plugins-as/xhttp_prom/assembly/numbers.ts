// Numbers as texts, in C's way.

/** The value of a text's beginning that is a number, 0 when there is none (atof): blanks, sign, digits, fraction, exponent; inf, nan. */
export function atof(text: string): f64 {
  let i = 0
  while (i < text.length && (text.charCodeAt(i) == 32 || (text.charCodeAt(i) >= 9 && text.charCodeAt(i) <= 13))) i++
  const start = i
  const sign = i < text.length && text.charCodeAt(i) == 45 ? -1.0 : 1.0
  if (i < text.length && (text.charCodeAt(i) == 45 || text.charCodeAt(i) == 43)) i++
  const word = text.substr(i, 3).toLowerCase()
  if (word == 'inf') return sign * Infinity
  if (word == 'nan') return NaN
  const first = i
  i = digits(text, i)
  let count = i - first
  if (i < text.length && text.charCodeAt(i) == 46) {
    const end = digits(text, i + 1)
    count += end - i - 1
    i = end
  }
  if (count == 0) return 0
  if (i < text.length && (text.charCodeAt(i) | 32) == 101) {
    let at = i + 1
    if (at < text.length && (text.charCodeAt(at) == 45 || text.charCodeAt(at) == 43)) at++
    const end = digits(text, at)
    if (end > at) i = end
  }
  const value = parseFloat(text.substring(start, i))
  return isNaN(value) ? 0 : value
}

function digits(text: string, at: i32): i32 {
  while (at < text.length && text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++
  return at
}

/** With six decimals (%f), exact; `nan` and `inf` as C writes them. */
export function fixed(value: f64): string {
  if (isNaN(value)) return 'nan'
  if (!isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const sign = (reinterpret<u64>(value) >> 63) != 0 ? '-' : ''
  const size = Math.abs(value)
  let whole = Math.floor(size)
  let millionths = <i64>nearest((size - whole) * 1000000)
  if (millionths == 1000000) {
    whole += 1
    millionths = 0
  }
  return `${sign}${large(whole)}.${(<i64>1000000 + millionths).toString().substr(1)}`
}

/** All digits of a whole number, which may be up to 2^1024. */
function large(whole: f64): string {
  if (whole < 9007199254740992) return (<u64>whole).toString()
  const bits = reinterpret<u64>(whole)
  let shift = <i32>((bits >> 52) & 0x7ff) - 1075
  // The number in pieces of nine digits, the lowest first.
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000
  const pieces: u64[] = [mantissa % 1000000000, mantissa / 1000000000]
  for (; shift > 0; shift--) {
    let carry: u64 = 0
    for (let i = 0; i < pieces.length; i++) {
      const piece = (pieces[i] << 1) + carry
      pieces[i] = piece % 1000000000
      carry = piece / 1000000000
    }
    if (carry > 0) pieces.push(carry)
  }
  let out = ''
  for (let i = pieces.length - 1; i >= 0; i--) out += out == '' ? (pieces[i] == 0 ? '' : pieces[i].toString()) : (<u64>1000000000 + pieces[i]).toString().substr(1)
  return out
}

/** As Prometheus writes it: the shortest text that says the number, `NaN`, `+Inf`. */
export function shortest(value: f64): string {
  if (isNaN(value)) return 'NaN'
  if (!isFinite(value)) return value < 0 ? '-Inf' : '+Inf'
  return value.toString()
}

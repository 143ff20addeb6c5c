// Times as nginx's directives write them.

/** The most seconds that are taken. */
const most: i64 = 1000000000000

/** `1h 30m`, `2d`, `45`: seconds, with units from year to second in this order, each once. −1 when the text is none. */
export function secondsOf(text: string): i64 {
  let total: i64 = 0
  let value: i64 = 0
  let step = 0
  let digits = false
  let at = 0
  while (at < text.length) {
    const c = text.charCodeAt(at++)
    if (c >= 48 && c <= 57) {
      value = value * 10 + (c - 48)
      digits = true
      if (value > most) return -1
      continue
    }
    const unit = 'yMwdhms '.indexOf(String.fromCharCode(c)) + 1
    const milliseconds = c == 109 && at < text.length && text.charCodeAt(at) == 115
    if (unit == 0 || unit <= step || (c == 32 && step == 7) || milliseconds) return -1
    step = unit
    total += value * scale(c)
    value = 0
    while (at < text.length && text.charCodeAt(at) == 32) at++
  }
  total += value
  return digits && total <= most ? total : -1
}

function scale(unit: i32): i64 {
  switch (unit) {
    case 121: return 31536000
    case 77: return 2592000
    case 119: return 604800
    case 100: return 86400
    case 104: return 3600
    case 109: return 60
    default: return 1
  }
}

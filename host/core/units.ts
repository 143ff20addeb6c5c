/** Largest value of a number, a size, an offset: what a JavaScript number holds exactly (nginx: 2^63-1). */
const LARGEST = Number.MAX_SAFE_INTEGER

/** A decimal number of digits only, 0 to 2^53-1; null for anything else (nginx's ngx_atoi). */
export function parseNumber(text: string): number | null {
  if (text.length === 0) return null
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
    if (value > LARGEST) return null
  }
  return value
}

function parseScaled(text: string, units: string): number | null {
  const unit = units.indexOf(text.charAt(text.length - 1).toLowerCase())
  if (text.length === 0 || unit < 0) return parseNumber(text)
  const value = parseNumber(text.slice(0, -1))
  if (value === null) return null
  const size = value * 1024 ** (unit + 1)
  return size > LARGEST ? null : size
}

/** A size in bytes: digits with an optional `k` or `m` in either case; null when it is none (nginx.md §1.4: no `g`). */
export function parseSize(text: string): number | null {
  return parseScaled(text, 'km')
}

/** An offset in bytes: as a size, and `g` (nginx.md §1.4). */
export function parseOffset(text: string): number | null {
  return parseScaled(text, 'kmg')
}

/** The units of a time in descending order: letter, seconds, and the step that orders them. */
const timeUnits: Record<string, { step: number, seconds: number }> = {
  y: { step: 1, seconds: 31536000 }, M: { step: 2, seconds: 2592000 }, w: { step: 3, seconds: 604800 },
  d: { step: 4, seconds: 86400 },
  h: { step: 5, seconds: 3600 }, m: { step: 6, seconds: 60 }, s: { step: 7, seconds: 1 }, ' ': { step: 9, seconds: 1 },
}
const MILLISECONDS = 8

/**
 * A time in milliseconds (`1h 30m`, `500ms`, `10`); null when it is none. Units must descend; `y` and `M` are too long
 * (nginx's ngx_parse_time).
 */
export function parseMsec(text: string): number | null {
  return parseTime(text, false)
}

/** A time in seconds (`1y`, `30d`, `10`); null when it is none; `ms` is too fine. */
export function parseSec(text: string): number | null {
  return parseTime(text, true)
}

function parseTime(text: string, seconds: boolean): number | null {
  const factor = seconds ? 1 : 1000
  let step = seconds ? 0 : 2
  let total = 0
  let value = 0
  let valid = false
  for (let i = 0; i < text.length;) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      if (value > LARGEST) return null
      valid = true
      i++
      continue
    }
    const unit = timeUnits[text[i]!]
    if (unit === undefined) return null
    if (text[i] === 'm' && text[i + 1] === 's') {
      if (seconds || step >= MILLISECONDS) return null
      step = MILLISECONDS
      total += value
      i += 2
    } else {
      // A blank ends a number without a unit: it is seconds, and nothing may follow but blanks.
      if (step >= (unit.step === 9 ? 7 : unit.step)) return null
      step = unit.step
      total += value * unit.seconds * factor
      i++
    }
    if (total > LARGEST) return null
    value = 0
    while (text[i] === ' ') i++
  }
  if (!valid) return null
  total += value * factor
  return total > LARGEST ? null : total
}

/** A size as `parseOffset` reads it back: the largest unit that divides it. */
export function formatSize(bytes: number): string {
  const units = ['', 'k', 'm', 'g']
  let unit = 0
  while (unit < 3 && bytes !== 0 && bytes % 1024 === 0) {
    bytes /= 1024
    unit++
  }
  return `${bytes}${units[unit]}`
}

/** A time in milliseconds as `parseMsec` reads it back: `1h30m`, `250ms`, `0`. */
export function formatMsec(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  let text = ''
  const parts: [string, number][] = [
    ['w', 604800000], ['d', 86400000], ['h', 3600000], ['m', 60000], ['s', 1000], ['ms', 1],
  ]
  for (const [unit, size] of parts) {
    const count = Math.floor(milliseconds / size)
    milliseconds -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text
}

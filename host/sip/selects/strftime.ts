/** strftime(3) in the C locale, for `@sys.now.local["…"]`. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
]

/** The fields of a moment in one time zone. */
interface Clock {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly weekday: number
  readonly yearday: number
  readonly epoch: number
  /** Minutes east of Greenwich. */
  readonly offset: number
}

function clockOf(date: Date, utc: boolean): Clock {
  const offset = utc ? 0 : -date.getTimezoneOffset()
  const shown = new Date(date.getTime() + offset * 60_000)
  const year = shown.getUTCFullYear()
  return {
    year, month: shown.getUTCMonth(), day: shown.getUTCDate(), hour: shown.getUTCHours(), minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(), weekday: shown.getUTCDay(), epoch: Math.floor(date.getTime() / 1000), offset,
    yearday: Math.floor((Date.UTC(year, shown.getUTCMonth(), shown.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000),
  }
}

const two = (value: number, fill = '0'): string => String(value).padStart(2, fill)

/** ISO 8601 week: its year and number. */
function isoWeek(c: Clock): { readonly year: number, readonly week: number } {
  const weekday = (c.weekday + 6) % 7
  const week = Math.floor((c.yearday - weekday + 10) / 7)
  if (week < 1) return isoWeek({ ...c, year: c.year - 1, yearday: c.yearday + yearLength(c.year - 1) })
  if (week === 53 && c.yearday - weekday + 3 >= yearLength(c.year)) return { year: c.year + 1, week: 1 }
  return { year: c.year, week }
}

function yearLength(year: number): number {
  return (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / 86_400_000
}

function zone(c: Clock): string {
  const minutes = Math.abs(c.offset)
  return `${c.offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`
}

const fields: Record<string, (c: Clock, utc: boolean) => string> = {
  a: (c) => days[c.weekday]!.slice(0, 3), A: (c) => days[c.weekday]!, b: (c) => months[c.month]!.slice(0, 3), h: (c) => months[c.month]!.slice(0, 3),
  B: (c) => months[c.month]!, C: (c) => two(Math.floor(c.year / 100)), d: (c) => two(c.day), e: (c) => two(c.day, ' '), H: (c) => two(c.hour),
  k: (c) => two(c.hour, ' '), I: (c) => two(c.hour % 12 || 12), l: (c) => two(c.hour % 12 || 12, ' '), j: (c) => String(c.yearday + 1).padStart(3, '0'),
  m: (c) => two(c.month + 1), M: (c) => two(c.minute), n: () => '\n', p: (c) => c.hour < 12 ? 'AM' : 'PM', P: (c) => c.hour < 12 ? 'am' : 'pm',
  s: (c) => String(c.epoch), S: (c) => two(c.second), t: () => '\t', u: (c) => String(c.weekday || 7), w: (c) => String(c.weekday),
  U: (c) => two(Math.floor((c.yearday + 7 - c.weekday) / 7)), W: (c) => two(Math.floor((c.yearday + 7 - (c.weekday + 6) % 7) / 7)),
  V: (c) => two(isoWeek(c).week), G: (c) => String(isoWeek(c).year), g: (c) => two(isoWeek(c).year % 100), y: (c) => two(c.year % 100),
  Y: (c) => String(c.year), z: zone, Z: (c, utc) => utc ? 'GMT' : c.offset === 0 ? 'UTC' : zone(c), '%': () => '%',
}
const composed: Record<string, string> = {
  c: '%a %b %e %H:%M:%S %Y', D: '%m/%d/%y', F: '%Y-%m-%d', r: '%I:%M:%S %p', R: '%H:%M', T: '%H:%M:%S', x: '%m/%d/%y', X: '%H:%M:%S',
}

/** A moment by a strftime pattern, in Greenwich time or the server's. An unknown conversion stays as it is written. */
export function formatTime(pattern: string, date: Date, utc: boolean): string {
  const clock = clockOf(date, utc)
  const whole = pattern.replace(/%[EO]?([cDFrRTxX])/g, (_, letter: string) => composed[letter]!)
  return whole.replace(/%[EO]?([A-Za-z%])/g, (written, letter: string) => fields[letter]?.(clock, utc) ?? written)
}

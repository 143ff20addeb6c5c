import type { VariableDefinition } from '../../module.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}

/** The offset of the local time zone at a date: sign, hours, minutes. */
function zone(date: Date): { sign: string, hours: string, minutes: string } {
  const offset = -date.getTimezoneOffset()
  const all = Math.abs(offset)
  return { sign: offset < 0 ? '-' : '+', hours: two(Math.floor(all / 60)), minutes: two(all % 60) }
}

let second = -1
let localText = ''
let isoText = ''

/** Both texts change once per second, so they are made once per second. */
function refresh(now: number): void {
  const current = Math.floor(now / 1000)
  if (current === second) return
  second = current
  const d = new Date(current * 1000)
  const { sign, hours, minutes } = zone(d)
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  localText = `${two(d.getDate())}/${months[d.getMonth()]}/${d.getFullYear()}:${clock} ${sign}${hours}${minutes}`
  isoText = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${clock}${sign}${hours}:${minutes}`
}

/** `28/Sep/1970:12:00:00 +0600`, the time of the access log, for milliseconds since the epoch. */
export function formatTimeLocal(now: number): string {
  refresh(now)
  return localText
}

/** `1970-09-28T12:00:00+06:00` for milliseconds since the epoch. */
export function formatTimeIso8601(now: number): string {
  refresh(now)
  return isoText
}

/** Milliseconds as seconds with three decimals; negative counts as 0. */
export function formatSeconds(milliseconds: number): string {
  const ms = Math.max(0, Math.floor(milliseconds))
  const rest = ms % 1000
  return `${(ms - rest) / 1000}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}

/** The clock (nginx.md §5.3). */
export const timeVariables: readonly VariableDefinition[] = [
  { name: 'msec', nocache: true, get: () => formatSeconds(Date.now()) },
  { name: 'time_iso8601', nocache: true, get: () => formatTimeIso8601(Date.now()) },
  { name: 'time_local', nocache: true, get: () => formatTimeLocal(Date.now()) },
  { name: 'request_time', nocache: true, get: (r) => formatSeconds(Date.now() - r.startTime) },
  { name: 'connection_time', nocache: true, get: (r) => formatSeconds(Date.now() - r.connection.created) },
]

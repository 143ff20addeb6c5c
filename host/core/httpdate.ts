const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Tue, 14 Nov 2023 22:13:20 GMT`. */
const fixdate = /^[A-Za-z]+, +(\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)/
/** `Tuesday, 14-Nov-23 22:13:20 GMT` (RFC 850). */
const rfc850 = /^[A-Za-z]+, +(\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d)/
/** `Tue Nov 14 22:13:20 2023` (asctime). */
const asctime = /^[A-Za-z]+ ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})/

/**
 * Seconds since the epoch of an HTTP date in any of its three forms (RFC 9110 §5.6.7), or −1 when the text is none. As
 * in nginx neither the name of the day nor the zone is looked at; two-digit years from 70 on are of the last century.
 */
export function parseHttpTime(text: string): number {
  let m = fixdate.exec(text)
  if (m !== null) return seconds(Number(m[3]), m[2]!, m[1]!, m[4]!, m[5]!, m[6]!)
  m = rfc850.exec(text)
  if (m !== null) return seconds(Number(m[3]) + (Number(m[3]) < 70 ? 2000 : 1900), m[2]!, m[1]!, m[4]!, m[5]!, m[6]!)
  m = asctime.exec(text)
  return m === null ? -1 : seconds(Number(m[6]), m[1]!, m[2]!, m[3]!, m[4]!, m[5]!)
}

function seconds(year: number, monthName: string, day: string, hour: string, minute: string, second: string): number {
  const month = months.indexOf(monthName)
  if (month < 0 || year < 1970 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return -1
  const time = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second))
  // Date.UTC carries a 31st of February over into March.
  return new Date(time).getUTCDate() === Number(day) ? time / 1000 : -1
}

/** `14-Nov-2023 22:13`, as autoindex writes it; `offset` seconds are added for local time. */
export function listingTime(time: number, offset: number): string {
  const date = new Date((time + offset) * 1000)
  const day = `${two(date.getUTCDate())}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n)
}

// What values may be: numbers, dates, SIP URIs and addresses (kamailio.md §7).
import { hexDigit, isDigit, isLetter } from '@vespid/sdk/ascii'
import { Column, Type, Validate } from './framework'

/** Whether a text is a whole number between bounds, with nothing behind it. */
function isInteger(text: string, least: string, most: string): bool {
  const negative = text.startsWith('-')
  let i = negative || text.startsWith('+') ? 1 : 0
  if (i == text.length) return false
  for (let k = i; k < text.length; k++) if (!isDigit(text.charCodeAt(k))) return false
  while (i < text.length - 1 && text.charCodeAt(i) == 48) i++
  const digits = text.substring(i)
  const bound = negative ? least : most
  return digits.length < bound.length || (digits.length == bound.length && digits <= bound)
}

/** Whether a text is a decimal number. */
export function isNumber(text: string): bool {
  let i = text.startsWith('-') || text.startsWith('+') ? 1 : 0
  let digits = 0
  while (i < text.length && isDigit(text.charCodeAt(i))) { i++; digits++ }
  if (i < text.length && text.charCodeAt(i) == 46) {
    i++
    while (i < text.length && isDigit(text.charCodeAt(i))) { i++; digits++ }
  }
  if (digits == 0) return false
  if (i < text.length && (text.charCodeAt(i) | 32) == 101) {
    i++
    if (i < text.length && (text.charCodeAt(i) == 45 || text.charCodeAt(i) == 43)) i++
    const from = i
    while (i < text.length && isDigit(text.charCodeAt(i))) i++
    if (i == from) return false
  }
  return i == text.length
}

function two(text: string, at: i32): i32 {
  const high = text.charCodeAt(at) - 48
  const low = text.charCodeAt(at + 1) - 48
  return high < 0 || high > 9 || low < 0 || low > 9 ? -1 : high * 10 + low
}

/** `YYYY-MM-DD HH:MM:SS` of a real day; `T` may stand for the blank. `''` when it is none. */
export function readTime(text: string): string {
  if (text.length != 19 || text.charCodeAt(4) != 45 || text.charCodeAt(7) != 45 || text.charCodeAt(13) != 58 || text.charCodeAt(16) != 58) return ''
  const between = text.charCodeAt(10)
  if (between != 32 && between != 84) return ''
  const century = two(text, 0)
  const short = two(text, 2)
  const month = two(text, 5)
  const day = two(text, 8)
  const hour = two(text, 11)
  const minute = two(text, 14)
  const second = two(text, 17)
  if (century < 0 || short < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || month < 1 || month > 12 || day < 1) return ''
  if (day > daysIn(century * 100 + short, month)) return ''
  return text.substring(0, 10) + ' ' + text.substring(11)
}

function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Days and parts of a day since noon on 1 January 4713 BC, as SQLite counts (julianday) and Kamailio's db_sqlite writes. */
export function julianDay(text: string): f64 {
  const y = two(text, 0) * 100 + two(text, 2)
  const m = two(text, 5)
  const a = (14 - m) / 12
  const year = y + 4800 - a
  const month = m + 12 * a - 3
  const day = two(text, 8) + (153 * month + 2) / 5 + 365 * year + year / 4 - year / 100 + year / 400 - 32045
  const seconds = two(text, 11) * 3600 + two(text, 14) * 60 + two(text, 17)
  return <f64>day - 0.5 + <f64>seconds / 86400
}

/** The other way round. */
export function julianText(julian: f64): string {
  const milliseconds = <i64>Math.round((julian - 2440587.5) * 86400000)
  const seconds = Math.floor(<f64>milliseconds / 1000 + 0.0005)
  return secondsText(<i64>seconds)
}

/** Seconds since the epoch as a date and time. */
export function secondsText(seconds: i64): string {
  if (seconds < -62167219200 || seconds > 253402300799) return seconds.toString()
  const text = new Date(seconds * 1000).toISOString()
  return text.substring(0, 10) + ' ' + text.substring(11, 19)
}

function isIpv4(text: string): bool {
  const parts = text.split('.')
  if (parts.length != 4) return false
  for (let i = 0; i < 4; i++) {
    const part = parts[i]
    if (part.length == 0 || part.length > 3) return false
    for (let k = 0; k < part.length; k++) if (!isDigit(part.charCodeAt(k))) return false
    if (I32.parseInt(part) > 255) return false
  }
  return true
}

function isPort(text: string): bool { return text.length <= 5 && isInteger(text, '0', '65535') && isDigit(text.charCodeAt(0)) }

/** A host name, an IPv4 address, or an IPv6 address in brackets. */
function isHost(text: string): bool {
  if (text.length == 0 || text.length > 255) return false
  if (text.charCodeAt(0) == 91) {
    if (!text.endsWith(']') || text.length < 4) return false
    for (let i = 1; i < text.length - 1; i++) {
      const c = text.charCodeAt(i)
      if (hexDigit(c) < 0 && c != 58 && c != 46) return false
    }
    return text.includes(':')
  }
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c) && !isLetter(c) && c != 45 && c != 46 && c != 95) return false
  }
  return true
}

/** The host of the URI that was looked at last. */
let host = ''

/** Whether a text is a SIP, SIPS or tel URI: its form, without looking into parameters (RFC 3261 §19.1, RFC 3966). */
function isUri(text: string): bool {
  host = ''
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c <= 32 || c == 127 || c == 34 || c == 60 || c == 62) return false
  }
  const colon = text.indexOf(':')
  if (colon < 0) return false
  const scheme = text.substring(0, colon).toLowerCase()
  let rest = text.substring(colon + 1)
  if (scheme == 'tel') return isTelephone(rest)
  if (scheme != 'sip' && scheme != 'sips') return false
  const at = rest.indexOf('@')
  if (at == 0) return false
  if (at > 0) rest = rest.substring(at + 1)
  let end = rest.length
  for (let i = 0; i < rest.length; i++) {
    const c = rest.charCodeAt(i)
    if (c == 59 || c == 63) { end = i; break }
  }
  return splitHost(rest.substring(0, end))
}

function isTelephone(text: string): bool {
  let digits = 0
  for (let i = text.startsWith('+') ? 1 : 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c == 59) break
    if (isDigit(c) || c == 42 || c == 35) digits++
    else if (c != 45 && c != 46 && c != 40 && c != 41) return false
  }
  return digits > 0
}

/** `HOST[:PORT]`; the host is left in `host`. */
function splitHost(text: string): bool {
  const bracket = text.indexOf(']')
  const colon = text.indexOf(':', max(bracket, 0))
  host = colon < 0 ? text : text.substring(0, colon)
  return isHost(host) && (colon < 0 || isPort(text.substring(colon + 1)))
}

const protocols = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss', 'any']

/** `[PROTO:]HOST[:PORT]`; the host is left in `host`. */
function isHostPort(text: string): bool {
  const colon = text.indexOf(':')
  if (colon > 0 && text.charCodeAt(0) != 91 && protocols.includes(text.substring(0, colon).toLowerCase())) return splitHost(text.substring(colon + 1))
  return splitHost(text)
}

/** Kamailio's sentence on a value that its column does not allow; `''` when it is allowed. */
export function checkForm(column: Column, value: string): string {
  const field = column.field
  switch (column.validate) {
    case Validate.Uri: return isUri(value) ? '' : `Invalid SIP URI for ${field} [${value}].`
    case Validate.UriIpv4Host: {
      if (!isUri(value)) return `Invalid SIP URI for ${field} [${value}].`
      return isIpv4(host) ? '' : `Invalid IPv4 host in SIP URI for ${field} [${host}][${value}].`
    }
    // The blank is missing in Kamailio, too.
    case Validate.HostPort: return isHostPort(value) ? '' : `Invalid [proto:]host[:port] for${field} [${value}].`
    case Validate.Ipv4Port: {
      if (!isHostPort(value)) return `Invalid [proto:]IPv4[:port] for ${field} [${value}].`
      return isIpv4(host) ? '' : `Invalid IPv4 in [proto:]IPv4[:port] ${field} [${host}][${value}].`
    }
    case Validate.Ipv4: return isIpv4(value) ? '' : `Invalid IPv4 for ${field} [${value}].`
    default: return ''
  }
}

/** Whether a text can be a value of the column's type. `strict`: doubles are whatever they begin with. */
export function fitsType(column: Column, value: string, strict: bool): bool {
  switch (column.type) {
    case Type.Int: case Type.Bitmap: return isInteger(value, '2147483648', '4294967295')
    case Type.Bigint: return isInteger(value, '9223372036854775808', '9223372036854775807')
    case Type.Double: return strict || isNumber(value)
    case Type.Datetime: return readTime(value) != ''
    default: return true
  }
}

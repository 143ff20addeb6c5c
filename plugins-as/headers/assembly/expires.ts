import { Request } from '@vespid/sdk'
import { secondsOf } from '@vespid/sdk/time'

/** What an `expires` counts from. */
export enum From { Off, Epoch, Max, Access, Modified, Daily }

/** What an `expires` says: from when, and how many seconds later (for Daily: seconds after local midnight). */
export class Expires {
  constructor(readonly from: From, readonly seconds: i64) {}
}

/** Why the last `parse` failed: what follows `"expires" directive`. */
export let problem: string = ''

const dayLong: i64 = 86400

/** Reads `off`, `epoch`, `max`, `@TIME`, `[+|-]TIME`; after the word `modified` only times. Null when it is none of them: `problem` says why. */
export function parse(word: string, modified: bool): Expires | null {
  if (!modified) {
    if (word == 'epoch') return new Expires(From.Epoch, 0)
    if (word == 'max') return new Expires(From.Max, 0)
    if (word == 'off') return new Expires(From.Off, 0)
  }
  const first = word.length > 0 ? word.charCodeAt(0) : 0
  const daily = first == 64
  const minus = first == 45
  if (daily && modified) {
    problem = 'daily time cannot be used with "modified" parameter'
    return null
  }
  const seconds = secondsOf(daily || minus || first == 43 ? word.substring(1) : word)
  if (seconds < 0) {
    problem = 'invalid value'
    return null
  }
  if (daily && seconds > dayLong) {
    problem = 'daily time value must be less than 24 hours'
    return null
  }
  return new Expires(daily ? From.Daily : modified ? From.Modified : From.Access, minus ? -seconds : seconds)
}

/** Sets Expires and Cache-Control of the response. */
export function apply(r: Request, expires: Expires): void {
  const seconds = expires.seconds
  const now = Date.now() / 1000
  let until: i64 = now + seconds
  switch (expires.from) {
    case From.Off: return
    case From.Epoch: return put(r, 'Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache')
    case From.Max: return put(r, 'Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000')
    case From.Daily: {
      until = nextDaily(r, now, seconds)
      break
    }
    case From.Modified: {
      const modified = r.response.lastModified
      if (modified >= 0 && seconds != 0) until = modified + seconds
      break
    }
    default: break
  }
  const age = until - now
  put(r, date(until), age < 0 || (seconds < 0 && expires.from != From.Daily) ? 'no-cache' : `max-age=${age}`)
}

function put(r: Request, expires: string, cacheControl: string): void {
  r.response.set('Expires', expires)
  r.response.set('Cache-Control', cacheControl)
}

/** The next time that local clocks show `seconds` after midnight; a change to or from summer time until then is not foreseen. */
function nextDaily(r: Request, now: i64, seconds: i64): i64 {
  const local = r.variable('time_local')
  let offset: i64 = 0
  if (local !== null && local.length >= 5) {
    const zone = local.substring(local.length - 5)
    offset = <i64>((parseInt(zone.substring(1, 3)) * 60 + parseInt(zone.substring(3))) * 60)
    if (zone.charCodeAt(0) == 45) offset = -offset
  }
  const midnight = (now + offset) / dayLong * dayLong - offset
  const next = midnight + seconds
  return next > now ? next : next + dayLong
}

let dateSecond: i64 = i64.MIN_VALUE
let dateText = ''

/** An HTTP date; the last one is kept, because within a second all are the same. */
function date(second: i64): string {
  if (second != dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}

/** What a request looks like when it is sent on (RFC 3261 §16.6), and a response on its way back (§16.7, §16.11). */
import type { SipMessage } from './sipmessage.ts'
import { commaIn } from './parsed.ts'
import { H_CONTENT_LENGTH, H_MAX_FORWARDS, H_ROUTE, H_VIA } from './names.ts'

/** What is changed in a request. */
export interface Changes {
  readonly uri: string
  /** Our Via, a whole value. */
  readonly via: string
  /** The topmost Via of the request with `received` and `rport`. */
  readonly below: string
  /** A Record-Route value, '' for none. */
  readonly recordRoute: string
  /** Route values that were for this server, from the first one. */
  readonly routesTaken: number
  readonly maxForwards: number
  /** Lower-case names of headers that are left out. */
  readonly removed: ReadonlySet<string> | null
  /** Lines in front of all headers and behind them, each with its end. */
  readonly inserted: string
  readonly appended: string
}

/** The text of a request as it is sent on. */
export function requestText(m: SipMessage, c: Changes): string {
  let text = `${m.method} ${c.uri} SIP/2.0\r\n${c.inserted}`
  if (c.recordRoute !== '') text += `Record-Route: ${c.recordRoute}\r\n`
  text += `Via: ${c.via}\r\n`
  let first = true
  let taken = c.routesTaken
  let limited = false
  for (let i = 0, n = m.count; i < n; i++) {
    const id = m.id(i)
    if (id === H_CONTENT_LENGTH || (c.removed !== null && id !== H_VIA && c.removed.has(m.name(i).toLowerCase()))) continue
    if (id === H_VIA) {
      const value = m.value(i)
      text += `Via: ${first ? c.below + value.slice(m.parsed.viaText(0).length) : value}\r\n`
      first = false
    } else if (id === H_ROUTE && taken > 0) {
      const left = withoutValues(m.value(i), taken)
      taken -= left.taken
      if (left.text !== '') text += `Route: ${left.text}\r\n`
    } else if (id === H_MAX_FORWARDS) {
      if (!limited) text += `Max-Forwards: ${c.maxForwards}\r\n`
      limited = true
    } else text += `${m.name(i)}: ${m.value(i)}\r\n`
  }
  if (!limited) text += `Max-Forwards: ${c.maxForwards}\r\n`
  return `${text}${c.appended}Content-Length: ${m.body.length}\r\n\r\n${m.body}`
}

/** A list without its first `count` values, and how many it had of them. */
function withoutValues(list: string, count: number): { text: string, taken: number } {
  let at = 0
  let taken = 0
  while (taken < count && at < list.length) {
    at = commaIn(list, at) + 1
    taken++
  }
  return { text: list.slice(at).trim(), taken }
}

/** The text of a response without its topmost Via. */
export function responseText(m: SipMessage): string {
  let text = `${m.firstLine}\r\n`
  let first = true
  for (let i = 0, n = m.count; i < n; i++) {
    const id = m.id(i)
    if (id === H_CONTENT_LENGTH) continue
    if (id === H_VIA && first) {
      first = false
      const value = m.value(i)
      const rest = value.slice(commaIn(value, 0) + 1).trim()
      if (commaIn(value, 0) < value.length && rest !== '') text += `Via: ${rest}\r\n`
    } else text += `${id === H_VIA ? 'Via' : m.name(i)}: ${m.value(i)}\r\n`
  }
  return `${text}Content-Length: ${m.body.length}\r\n\r\n${m.body}`
}

// save(): a REGISTER changes the record of its user (RFC 3261 §10.3).
import { LogLevel, Param, Script, log, script_function } from '@vespid/sdk'
import { Contact, Record, anyMethod, aorOf, change, keyOf, nextRuid, sameUri, seconds, useDomain, zone } from '../../usrloc/assembly/location'
import { Binding, bindingsOf, methodBits, qText, secondsOf } from './contacts'
import { agent, allow, callId, contactHeader, cseq, expiresHeader, localAddress, localPort, method, protocol, textOf, toUri } from './message'
import { caseSensitive, defaultExpires, defaultQ, maxContacts, maxExpires, minExpires, retryAfter } from './settings'

const noReply = 2
const onlyThis = 4

/** What the present save works with: functions here see no variables of those around them. */
let bindings: Binding[] = []
let flags = 0
let headerExpires: i64 = -1
let requestCallId = ''
let requestCseq: u32 = 0
let outcome = 0
let reason = ''
let status = 200
let left: Contact[] = []

function refuse(code: i32, why: string): bool {
  status = code
  reason = why
  return false
}

/** The time to live of a binding in seconds; 0 takes it away. */
function lifeOf(b: Binding): i64 {
  let life = b.expires >= 0 ? b.expires : headerExpires >= 0 ? headerExpires : defaultExpires
  if (life == 0) return 0
  if (life < minExpires) life = minExpires
  if (maxExpires > 0 && life > maxExpires) life = maxExpires
  return life
}

function indexOf(contacts: Contact[], b: Binding): i32 {
  for (let i = 0; i < contacts.length; i++) {
    const c = contacts[i]
    if (b.instance != '' && b.regId > 0 && c.instance == b.instance && c.regId == b.regId) return i
    if (sameUri(c.uri, b.uri)) return i
  }
  return -1
}

/** Brings the bindings into a record (RFC 3261 §10.3, step 7): all of them, or none. */
function apply(record: Record): bool {
  const contacts: Contact[] = flags & onlyThis ? new Array<Contact>() : record.contacts.slice(0)
  const before = record.contacts
  const now = seconds()
  let inserted = 0
  let updated = 0
  let deleted = flags & onlyThis ? before.length : 0
  // From the last one on, so that they come to stand as Kamailio has them.
  for (let i = bindings.length - 1; i >= 0; i--) {
    const b = bindings[i]
    const life = lifeOf(b)
    const known = indexOf(before, b)
    if (known >= 0) {
      const c = before[known]
      // A request that was sent before the one that made the binding comes too late.
      if (c.callId == requestCallId && requestCseq < c.cseq) return refuse(400, 'CSeq is lower than that of the contact')
      if (c.callId == requestCallId && requestCseq == c.cseq && c.modified != 0 && now - c.modified < 64 && life != 0) {
        // The same request again: its answer was lost.
        if (flags & onlyThis) contacts.push(c)
        updated++
        continue
      }
    }
    const at = indexOf(contacts, b)
    if (life == 0) {
      if (at >= 0) contacts.splice(at, 1)
      if (known >= 0) deleted++
      continue
    }
    if (known >= 0) updated++
    else inserted++
    const c = contactOf(b, now, life, known >= 0 ? before[known] : null)
    if (at >= 0) contacts[at] = c
    else contacts.push(c)
  }
  if (maxContacts > 0 && contacts.length > maxContacts && contacts.length > before.length) {
    left = before
    outcome = -2
    return refuse(503, 'Too many registered contacts')
  }
  record.contacts = left = byPreference(contacts)
  outcome = inserted > 0 ? 1 : updated > 0 ? 2 : 3
  return true
}

/** The contacts with the higher q first, and else in their order. */
function byPreference(contacts: Contact[]): Contact[] {
  const sorted: Contact[] = []
  for (let i = 0; i < contacts.length; i++) {
    let at = sorted.length
    while (at > 0 && max(sorted[at - 1].q, 0) < max(contacts[i].q, 0)) at--
    sorted.push(contacts[i])
    for (let j = sorted.length - 1; j > at; j--) sorted[j] = sorted[j - 1]
    sorted[at] = contacts[i]
  }
  return sorted
}

function contactOf(b: Binding, now: i64, life: i64, old: Contact | null): Contact {
  const c = new Contact()
  c.uri = b.uri
  c.expires = now + life
  c.q = b.q >= 0 ? b.q : defaultQ
  c.callId = requestCallId
  c.cseq = requestCseq
  c.agent = textOf(agent)
  c.methods = b.methods != '' ? methodBits(b.methods) : textOf(allow) != '' ? methodBits(textOf(allow)) : anyMethod
  c.instance = b.instance
  c.regId = b.regId
  c.ruid = old === null ? nextRuid('uloc') : old.ruid
  const host = textOf(localAddress)
  c.socket = `${textOf(protocol)}:${host.indexOf(':') < 0 ? host : `[${host}]`}:${textOf(localPort)}`
  c.modified = c.keepalive = now
  return c
}

/** The Contact line of an answer: all bindings with the seconds that they have left. */
function contactLine(contacts: Contact[]): string {
  const now = seconds()
  let line = ''
  for (let i = 0; i < contacts.length; i++) {
    const c = contacts[i]
    line += `${i == 0 ? 'Contact: ' : ', '}<${c.uri}>`
    if (c.q >= 0) line += `;q=${qText(c.q)}`
    line += `;expires=${c.expires == 0 ? 0xffffffff : max<i64>(c.expires - now, 0)}`
    if (c.instance != '') line += `;+sip.instance="${c.instance}"`
    if (c.regId > 0) line += `;reg-id=${c.regId}`
  }
  return line == '' ? '' : `${line}\r\n`
}

function phrase(code: i32): string {
  switch (code) {
    case 200: return 'OK'
    case 400: return 'Bad Request'
    case 423: return 'Interval Too Brief'
    case 503: return 'Service Unavailable'
    default: return 'Server Internal Error'
  }
}

function answer(s: Script): void {
  zone.tryIncr(status == 200 ? '#accepted' : '#rejected')
  if (flags & noReply) return
  s.appendHeader(contactLine(left))
  if (reason != '') s.appendHeader(`P-Registrar-Error: ${reason}\r\n`)
  if (status == 503 && retryAfter > 0) s.appendHeader(`Retry-After: ${retryAfter}\r\n`)
  s.reply(status, phrase(status), '', '')
}

/** Reads the request and changes the record of `aor`; what comes of it is in `status`, `reason`, `outcome`, `left`. */
function register(key: string): bool {
  const list = textOf(contactHeader).trim()
  if (textOf(expiresHeader) != '') headerExpires = secondsOf(textOf(expiresHeader).trim())
  if (list == '') {
    left = new Record(key).contacts
    outcome = 4
    return true
  }
  if (list.startsWith('*')) {
    if (list != '*') return refuse(400, '* used in contact and more than 1 contact')
    if (headerExpires != 0) return refuse(400, '* used in contact and expires is not zero')
    outcome = 3
    return change(key, clear) ? status == 200 : refuse(500, 'the table is busy')
  }
  const parsed = bindingsOf(list)
  if (parsed === null) return refuse(400, 'Contact parse error')
  for (let i = 0; i < parsed.length; i++) {
    if (parsed[i].q == -2) {
      left = new Record(key).contacts
      return refuse(400, 'Invalid q param in contact')
    }
    if (maxContacts > 0 && parsed.length > maxContacts + 50 || parsed.length > 200) return refuse(503, 'Too many registered contacts')
  }
  bindings = parsed
  return change(key, apply) ? status == 200 : refuse(500, 'the table is full')
}

/** `Contact: *`: every binding goes, but none that a later request of the same client made. */
function clear(record: Record): bool {
  for (let i = 0; i < record.contacts.length; i++) {
    const c = record.contacts[i]
    if (c.callId == requestCallId && requestCseq < c.cseq) return refuse(400, 'CSeq is lower than that of the contact')
  }
  record.contacts = []
  left = []
  return true
}

script_function('save', 1, 3, [Param.Text, Param.Int, Param.Text], (s: Script): i32 => {
  if (textOf(method) != 'REGISTER') return failed('save: the request is no REGISTER')
  flags = s.count > 1 ? s.int(1) : 0
  bindings = []
  left = []
  headerExpires = -1
  status = 200
  reason = ''
  outcome = -1
  requestCallId = textOf(callId)
  requestCseq = <u32>Math.max(0, parseFloat(textOf(cseq)))
  const aor = aorOf(s.count > 2 && !s.isEmpty(2) ? s.text(2) : textOf(toUri), useDomain(), caseSensitive)
  const key = keyOf(s.text(0), aor)
  if (key === null) refuse(400, 'no user in the address of record')
  const good = key !== null && register(key)
  answer(s)
  return good ? outcome : outcome == -2 ? -2 : -1
})

function failed(message: string): i32 {
  log(LogLevel.Error, message)
  return -1
}

// Who is registered where: one record for each address of record, in the zone that all workers share. Used by usrloc and registrar.
import { Zone } from '@vespid/sdk'
import { hexDigit } from '@vespid/sdk/ascii'

/** The zone of both plugins; `zone usrloc SIZE file=…;` makes it larger, or durable. */
export const zone = Zone.open('usrloc')

/** A record is kept that much longer than its last contact (ms), so that the contact is counted as expired. */
const grace: f64 = 180000
/** Tries to change a record that others change as well. */
const tries = 50
export const anyMethod: u32 = 4294967295

/** One binding. Times are seconds since the epoch. */
export class Contact {
  uri: string = ''
  /** When it ends; 0: never. */
  expires: i64 = 0
  /** 0 to 1000; −1 when none was given. */
  q: i32 = -1
  callId: string = ''
  cseq: u32 = 0
  agent: string = ''
  received: string = ''
  path: string = ''
  flags: u32 = 0
  methods: u32 = anyMethod
  ruid: string = ''
  instance: string = ''
  regId: i32 = 0
  socket: string = ''
  modified: i64 = 0
  keepalive: i64 = 0

  over(now: i64): bool { return this.expires != 0 && this.expires <= now }
}

/** Seconds since the epoch. */
export function seconds(): i64 { return <i64>(Date.now() / 1000) }

/** Texts in a record have no tabs and line ends. */
function clean(value: string): string {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) < 32) return value.replaceAll('\t', ' ').replaceAll('\n', ' ').replaceAll('\r', ' ')
  return value
}

function write(contacts: Contact[]): string {
  let out = ''
  for (let i = 0; i < contacts.length; i++) {
    const c = contacts[i]
    if (i > 0) out += '\n'
    out += [
      clean(c.uri), c.expires.toString(), c.q.toString(), clean(c.callId), c.cseq.toString(), clean(c.agent), clean(c.received), clean(c.path), c.flags.toString(),
      c.methods.toString(), c.ruid, clean(c.instance), c.regId.toString(), c.socket, c.modified.toString(), c.keepalive.toString(),
    ].join('\t')
  }
  return out
}

function read(text: string): Contact[] {
  const contacts: Contact[] = []
  if (text.length == 0) return contacts
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const f = lines[i].split('\t')
    if (f.length != 16) continue
    const c = new Contact()
    c.uri = f[0]
    c.expires = I64.parseInt(f[1])
    c.q = I32.parseInt(f[2])
    c.callId = f[3]
    c.cseq = U32.parseInt(f[4])
    c.agent = f[5]
    c.received = f[6]
    c.path = f[7]
    c.flags = U32.parseInt(f[8])
    c.methods = U32.parseInt(f[9])
    c.ruid = f[10]
    c.instance = f[11]
    c.regId = I32.parseInt(f[12])
    c.socket = f[13]
    c.modified = I64.parseInt(f[14])
    c.keepalive = I64.parseInt(f[15])
    contacts.push(c)
  }
  return contacts
}

/** The key of a record; null when the name is too long for one. */
export function keyOf(table: string, aor: string): string | null {
  const key = `${table}:${aor}`
  return String.UTF8.byteLength(key) <= 1000 && table.length > 0 && aor.length > 0 ? key : null
}

/** A record that is about to be changed. */
export class Record {
  /** Contacts that have not expired. */
  contacts: Contact[] = []
  /** How many had. */
  expired: i32 = 0
  private before: string | null = null

  constructor(readonly key: string) { this.load() }

  load(): void {
    this.before = zone.get(this.key)
    const before = this.before
    const all: Contact[] = before === null ? new Array<Contact>() : read(before)
    const now = seconds()
    this.contacts = []
    this.expired = 0
    for (let i = 0; i < all.length; i++) {
      if (all[i].over(now)) this.expired++
      else this.contacts.push(all[i])
    }
  }

  /** Whether the record is there at all. */
  get known(): bool { return this.before !== null && this.before != '' }

  /** Writes the contacts; false when somebody else has changed the record since (load it anew), or there is no room: then `full` is set. */
  store(): bool {
    const contacts = this.contacts
    if (contacts.length == 0 && !this.known) return true
    let last: i64 = 0
    for (let i = 0; i < contacts.length; i++) {
      if (contacts[i].expires == 0) last = -1
      else if (last >= 0 && contacts[i].expires > last) last = contacts[i].expires
    }
    // A record without contacts goes at once.
    const ttl: f64 = contacts.length == 0 ? 1 : last < 0 ? 0 : Math.max(1, <f64>last * 1000 - <f64>Date.now()) + grace
    const result = zone.cas(this.key, this.before, write(contacts), ttl)
    this.full = result != 0 && result != -1
    if (result == 0 && this.expired > 0) zone.tryIncr('#expired', this.expired)
    return result == 0
  }

  full: bool = false
}

/** What to do to a record; returns whether it is to be written. */
export type Change = (record: Record) => bool

/** Loads a record, changes it, writes it, and begins anew when somebody else was faster. False when that cannot be done. */
export function change(key: string, how: Change): bool {
  const record = new Record(key)
  for (let i = 0; i < tries; i++) {
    if (!how(record)) return true
    if (record.store()) return true
    if (record.full) return false
    record.load()
  }
  return false
}

/** Names of new bindings. */
export function nextRuid(prefix: string): string {
  zone.tryIncr('#ruid', 1, 0, <i64>(Date.now() & 0xffff))
  return `${prefix}-${seconds().toString(16)}-${(<i64>(Math.random() * 65535)).toString(16)}-${zone.number.toString(16)}`
}

/** Whether the domain belongs to an address of record. */
export function useDomain(): bool { return zone.has('#use_domain') }

/** The hash of Kamailio's tables. */
export function coreHash(text: string): u32 {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text))
  const end = bytes.length
  let h: u32 = 0
  let at = 0
  for (; at <= end - 4; at += 4) {
    const v: u32 = (<u32>bytes[at] << 24) + (<u32>bytes[at + 1] << 16) + (<u32>bytes[at + 2] << 8) + bytes[at + 3]
    h += v ^ (v >> 3)
  }
  let v: u32 = 0
  for (; at < end; at++) v = (v << 8) + bytes[at]
  h += v ^ (v >> 3)
  return h + (h >> 11) + ((h >> 13) + (h >> 23))
}

/** The address of record in a SIP URI, decoded: its user, and with `use_domain` its domain; `''` when there is none. */
export function aorOf(uri: string, withDomain: bool, caseSensitive: bool): string {
  const colon = uri.indexOf(':')
  const scheme = colon < 0 ? '' : uri.substring(0, colon).toLowerCase()
  const known = scheme == 'sip' || scheme == 'sips'
  if (!known && uri.indexOf('@') < 0 && colon >= 0) return scheme == 'tel' ? uri.substring(4) : ''
  const rest = known ? uri.substring(colon + 1) : uri
  const sign = rest.indexOf('@')
  let user = sign < 0 ? '' : rest.substring(0, sign)
  let host = sign < 0 ? rest : rest.substring(sign + 1)
  const password = user.indexOf(':')
  if (password >= 0) user = user.substring(0, password)
  const end = firstOf(host, ';?')
  host = host.substring(0, end)
  const port = host.lastIndexOf(':')
  if (port >= 0 && !host.endsWith(']')) host = host.substring(0, port)
  if (!known && sign < 0) {
    // A bare name, as ul.add may be given.
    user = host
    host = ''
  }
  user = unescape(user)
  if (!caseSensitive) user = user.toLowerCase()
  if (user.length == 0) return withDomain && host.length > 0 && known ? host.toLowerCase() : ''
  return withDomain && host.length > 0 ? `${user}@${host.toLowerCase()}` : user
}

function firstOf(text: string, signs: string): i32 {
  for (let i = 0; i < text.length; i++) if (signs.indexOf(text.charAt(i)) >= 0) return i
  return text.length
}

/** Decodes %-escapes of printable ASCII. */
function unescape(text: string): string {
  if (text.indexOf('%') < 0) return text
  let out = ''
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) == 37 && i + 2 < text.length) {
      const high = hexDigit(text.charCodeAt(i + 1))
      const low = hexDigit(text.charCodeAt(i + 2))
      if (high >= 2 && high < 8 && low >= 0 && !(high == 7 && low == 15)) {
        out += String.fromCharCode(high << 4 | low)
        i += 2
        continue
      }
    }
    out += text.charAt(i)
  }
  return out
}

/** Whether two contact addresses are the same: scheme and host without regard to case (RFC 3261 §19.1.4, without the order of parameters). */
export function sameUri(a: string, b: string): bool {
  if (a == b) return true
  if (a.length != b.length) return false
  const at = a.indexOf('@')
  if (b.indexOf('@') != at) return false
  if (at < 0) return a.toLowerCase() == b.toLowerCase()
  const colon = a.indexOf(':')
  return a.substring(0, colon).toLowerCase() == b.substring(0, colon).toLowerCase() && a.substring(colon, at) == b.substring(colon, at) &&
    a.substring(at).toLowerCase() == b.substring(at).toLowerCase()
}

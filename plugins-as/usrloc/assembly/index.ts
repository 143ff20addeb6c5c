// Kamailio's module usrloc: the table of registered users, its commands and statistics. The module registrar fills it.
import { Level, ParamType, RpcCall, Workers, conf, every, on_start, parameter, rpc, statistic } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'
import { Contact, Record, anyMethod, aorOf, change, coreHash, keyOf, nextRuid, sameUri, seconds, useDomain, zone } from './location'

class Conf {}
conf<Conf>(Level.Main)

let users = 0
let contacts = 0
let swept = false
let slots: u32 = 1024
let withDomain = false
let matching = 0

parameter<Conf>('use_domain', ParamType.Int, (c: Conf, text: string, n: i32): string | null => {
  withDomain = n != 0
  return null
})
parameter<Conf>('hash_size', ParamType.Int, (c: Conf, text: string, n: i32): string | null => {
  if (n < 0 || n > 20) return 'must be between 0 and 20'
  slots = n == 0 ? 512 : 1 << n
  return null
})
parameter<Conf>('timer_interval', ParamType.Int, (c: Conf, text: string, n: i32): string | null => {
  if (n < 1 || n > 86400) return 'must be between 1 and 86400'
  every(<f64>n * 1000, sweep, Workers.One, 'usrloc')
  swept = true
  return null
})
parameter<Conf>('db_mode', ParamType.Int, (c: Conf, text: string, n: i32): string | null =>
  n == 0 ? null : 'must be 0: the table lives in memory; "zone usrloc SIZE file=PATH;" keeps it over restarts')
parameter<Conf>('matching_mode', ParamType.Int, (c: Conf, text: string, n: i32): string | null => {
  if (n < 0 || n > 1) return 'must be 0 or 1'
  matching = n
  return null
})

/** Accepted, with nothing to do here. */
const idle: string[] = ['db_url', 'user_column', 'db_timer_clean', 'db_load', 'db_raw_fetch_type', 'fetch_rows', 'nat_bflag', 'desc_time_order', 'preload', 'server_id_filter',
  'timer_procs', 'xavp_contact', 'db_ops_ruid', 'handle_lost_tcp', 'close_expired_tcp', 'skip_remote_socket', 'rm_expired_delay', 'ka_mode', 'load_rank', 'db_update_as_insert', 'cseq_delay']
for (let i = 0; i < idle.length; i++) parameter<Conf>(idle[i], ParamType.IntOrText, (c: Conf): string | null => null)

on_start(() => {
  if (withDomain) zone.set('#use_domain', '1')
  else zone.delete('#use_domain')
  if (!swept) every(60000, sweep, Workers.One, 'usrloc')
  swept = true
})

/** Lets go of contacts that have expired. */
function sweep(): void { count() }

/** Walks over all records: counts those of a table (all for `''`), and lets go of what has expired. */
function count(table: string = ''): void {
  users = contacts = 0
  const keys = zone.keys()
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]
    if (key.charCodeAt(0) == 35) continue
    const record = new Record(key)
    if (record.expired > 0) record.store()
    if (record.contacts.length == 0 || (table != '' && !key.startsWith(`${table}:`))) continue
    users++
    contacts += record.contacts.length
  }
}

statistic('usrloc:registered_users', 'addresses of record that are registered, in all tables', (): f64 => {
  count()
  return <f64>users
})
statistic('usrloc:location_users', 'addresses of record in table location', (): f64 => {
  count('location')
  return <f64>users
})
statistic('usrloc:location_contacts', 'contacts in table location', (): f64 => {
  count('location')
  return <f64>contacts
})
statistic('usrloc:location_expires', 'contacts that have expired', (): f64 => {
  count()
  const text = zone.get('#expired')
  return text === null ? 0 : parseFloat(text)
})

/** The tables: `location`, and those that have records. */
function tables(keys: string[]): string[] {
  const found: string[] = ['location']
  for (let i = 0; i < keys.length; i++) {
    const colon = keys[i].indexOf(':')
    const name = colon < 0 ? '' : keys[i].substring(0, colon)
    if (name != '' && name.charCodeAt(0) != 35 && !found.includes(name)) found.push(name)
  }
  return found
}

function text(value: string): Json { return Json.of<string>(value == '' ? '[not set]' : value) }

function contactJson(c: Contact, now: i64): Json {
  const o = Json.object()
  o.set('Address', Json.of<string>(c.uri))
  if (c.expires == 0) o.set('Expires', Json.of<string>('permanent'))
  else o.set('Expires', Json.of<i64>(c.expires - now))
  o.set('Q', c.q < 0 ? Json.of<i32>(-1) : Json.of<f64>(<f64>c.q / 1000))
  o.set('Call-ID', Json.of<string>(c.callId))
  o.set('CSeq', Json.of<i64>(c.cseq))
  o.set('User-Agent', text(c.agent))
  o.set('Received', text(c.received))
  o.set('Path', text(c.path))
  o.set('State', Json.of<string>('CS_NEW'))
  o.set('Flags', Json.of<i64>(c.flags))
  o.set('CFlags', Json.of<i32>(0))
  o.set('Socket', text(c.socket))
  o.set('Methods', Json.of<i64>(c.methods))
  o.set('Ruid', Json.of<string>(c.ruid))
  o.set('Instance', text(c.instance))
  o.set('Reg-Id', Json.of<i32>(c.regId))
  o.set('Server-Id', Json.of<i32>(0))
  o.set('Tcpconn-Id', Json.of<i32>(-1))
  o.set('Keepalive', Json.of<i32>(0))
  o.set('Last-Keepalive', Json.of<i64>(c.keepalive))
  o.set('KA-Roundtrip', Json.of<i32>(0))
  o.set('Last-Modified', Json.of<i64>(c.modified))
  return Json.object().set('Contact', o)
}

function contactsJson(record: Record): Json {
  const list = Json.array()
  const now = seconds()
  for (let i = 0; i < record.contacts.length; i++) list.push(contactJson(record.contacts[i], now))
  return list
}

rpc('ul.dump', 'ul.dump [brief]: list the registered users, with "brief" their names only', (call: RpcCall): void => {
  const brief = call.count > 0 && call.text(0) == 'brief'
  const keys = zone.keys()
  const names = tables(keys)
  const domains = Json.array()
  for (let t = 0; t < names.length; t++) {
    const prefix = `${names[t]}:`
    const list = Json.array()
    const filled = new Map<u32, i32>()
    let most = 0
    for (let i = 0; i < keys.length; i++) {
      if (!keys[i].startsWith(prefix)) continue
      const record = new Record(keys[i])
      if (record.contacts.length == 0) continue
      const aor = keys[i].substring(prefix.length)
      const hash = coreHash(aor)
      const slot = hash % slots
      const inSlot = (filled.has(slot) ? filled.get(slot) : 0) + 1
      filled.set(slot, inSlot)
      most = max(most, inSlot)
      if (brief) list.push(Json.object().set('AoR', Json.of<string>(aor)))
      else {
        list.push(Json.object().set('Info', Json.object().set('AoR', Json.of<string>(aor)).set('HashID', Json.of<i32>(<i32>hash)).set('Contacts', contactsJson(record))))
      }
    }
    const stats = Json.object().set('Records', Json.of<i32>(list.length)).set('Max-Slots', Json.of<i32>(most))
    domains.push(Json.object().set('Domain', Json.object().set('Domain', Json.of<string>(names[t])).set('Size', Json.of<i64>(slots)).set('AoRs', list).set('Stats', stats)))
  }
  call.add<Json>(Json.object().set('Domains', domains))
}, true)

/** The record that the first two parameters name; null when the call is answered with what is wrong. */
function named(call: RpcCall, least: i32, missing: string): Record | null {
  if (call.count < least) {
    call.fail(missing, 500)
    return null
  }
  const table = call.text(0)
  if (table != 'location' && !tables(zone.keys()).includes(table)) {
    call.fail('Domain table not found', 500)
    return null
  }
  const aor = aorOf(call.text(1), useDomain(), true)
  const key = keyOf(table, aor)
  if (key === null) {
    call.fail('Invalid AOR', 500)
    return null
  }
  return new Record(key)
}

const twoNeeded = 'Not enough parameters (table and AOR to lookup)'

rpc('ul.lookup', 'ul.lookup TABLE AOR: the contacts of one user', (call: RpcCall): void => {
  const record = named(call, 2, twoNeeded)
  if (record === null) return
  if (record.contacts.length == 0) return call.fail(`AOR not found in ${call.text(0)} table`, 500)
  const aor = record.key.substring(record.key.indexOf(':') + 1)
  call.add<Json>(Json.object().set('AoR', Json.of<string>(aor)).set('Contacts', contactsJson(record)))
}, true)

let added: Contact = new Contact()
let removed = ''
let was = false

rpc('ul.add', 'ul.add TABLE AOR CONTACT EXPIRES Q PATH FLAGS CFLAGS METHODS: register a contact by hand; EXPIRES 0: for ever', (call: RpcCall): void => {
  const record = named(call, 9, 'Not enough parameters or wrong format')
  if (record === null) return
  const expires = parseFloat(call.text(3))
  const q = parseFloat(call.text(4))
  if (!call.text(2).toLowerCase().startsWith('sip') || isNaN(expires) || expires < 0) return call.fail('Invalid contact or expires', 500)
  const c = added = new Contact()
  c.uri = call.text(2)
  c.expires = expires == 0 ? 0 : seconds() + <i64>expires
  c.q = isNaN(q) ? -1 : <i32>Math.round(Math.max(0, Math.min(1, q)) * 1000)
  c.path = call.text(5) == '.' || call.text(5) == '0' ? '' : call.text(5)
  c.callId = 'dfjrewr12386fd6-343@kamailio.rpc'
  c.cseq = 1
  c.agent = 'kamailio SIP Router - RPC Server'
  c.flags = number(call.text(6))
  c.methods = number(call.text(8))
  c.keepalive = seconds()
  c.ruid = nextRuid('ulcx')
  const done = change(record.key, (r: Record): bool => {
    for (let i = 0; i < r.contacts.length; i++) {
      if (!sameUri(r.contacts[i].uri, added.uri)) continue
      r.contacts[i] = added
      return true
    }
    r.contacts.unshift(added)
    return true
  })
  if (!done) return call.fail('The table is full', 500)
  call.add<Json>(Json.object())
})

function number(value: string): u32 {
  const n = parseFloat(value)
  return isNaN(n) || n < 0 || n > 4294967295 ? anyMethod : <u32>n
}

rpc('ul.rm', 'ul.rm TABLE AOR: remove a user with all contacts', (call: RpcCall): void => {
  const record = named(call, 2, twoNeeded)
  if (record === null) return
  const done = change(record.key, (r: Record): bool => {
    r.contacts = []
    return true
  })
  if (!done) return call.fail('The table is busy', 500)
  call.add<Json>(Json.object())
})

rpc('ul.rm_contact', 'ul.rm_contact TABLE AOR CONTACT: remove one contact of a user', (call: RpcCall): void => {
  const record = named(call, 3, 'Not enough parameters (table, AOR and contact)')
  if (record === null) return
  if (record.contacts.length == 0) return call.fail('AOR not found', 404)
  removed = call.text(2)
  was = false
  const done = change(record.key, (r: Record): bool => {
    was = false
    const left: Contact[] = []
    for (let i = 0; i < r.contacts.length; i++) {
      if (sameUri(r.contacts[i].uri, removed)) was = true
      else left.push(r.contacts[i])
    }
    r.contacts = left
    return was
  })
  if (!done) return call.fail('The table is busy', 500)
  if (!was) return call.fail('Contact not found', 404)
  call.add<Json>(Json.object())
})

rpc('ul.flush', 'ul.flush: let go of expired contacts', (call: RpcCall): void => {
  sweep()
  call.add<Json>(Json.object())
})

function noDatabase(call: RpcCall): void { call.fail('Command is not supported in db_mode=0', 500) }
rpc('ul.db_users', 'ul.db_users TABLE: not without a database', noDatabase, true)
rpc('ul.db_contacts', 'ul.db_contacts TABLE: not without a database', noDatabase, true)
rpc('ul.db_expired_contacts', 'ul.db_expired_contacts TABLE: not without a database', noDatabase, true)

// Where a user is: lookup(), registered(); and unregister(), which forgets it.
import { Param, Script, script_function } from '@vespid/sdk'
import { Contact, Record, aorOf, change, keyOf, useDomain } from '../../usrloc/assembly/location'
import { methodBits } from './contacts'
import { destination, method, requestUri, textOf } from './message'
import { caseSensitive, methodFiltering } from './settings'

/** The contacts of the user that an argument, or else the request URI, names. */
function found(s: Script, argument: i32): Contact[] {
  const uri = s.count > argument && !s.isEmpty(argument) ? s.text(argument) : textOf(requestUri)
  const key = keyOf(s.text(0), aorOf(uri, useDomain(), caseSensitive))
  return key === null ? new Array<Contact>() : new Record(key).contacts
}

script_function('lookup', 1, 2, [Param.Text], (s: Script): i32 => {
  const contacts = found(s, 1)
  if (contacts.length == 0) return -1
  const bit = methodFiltering ? methodBits(textOf(method)) : 0
  for (let i = 0; i < contacts.length; i++) {
    const c = contacts[i]
    if (bit != 0 && (c.methods & bit) == 0) continue
    if (!requestUri.set(c.uri)) return -3
    if (c.received != '') destination.set(c.received)
    else destination.clear()
    return 1
  }
  return -2
})

script_function('registered', 1, 4, [Param.Text, Param.Text, Param.Int, Param.Int], (s: Script): i32 => found(s, 1).length > 0 ? 1 : -1)

/** 1 when the present unregister() found something, −1 when not. */
let outcome = 0

function none(record: Record): bool {
  outcome = record.contacts.length > 0 ? 1 : -1
  record.contacts = []
  return true
}

let wanted = ''
function withoutRuid(record: Record): bool {
  const kept: Contact[] = []
  for (let i = 0; i < record.contacts.length; i++) if (record.contacts[i].ruid != wanted) kept.push(record.contacts[i])
  outcome = kept.length < record.contacts.length ? 1 : -1
  record.contacts = kept
  return outcome > 0
}

script_function('unregister', 2, 3, [Param.Text], (s: Script): i32 => {
  const key = keyOf(s.text(0), aorOf(s.text(1), useDomain(), caseSensitive))
  if (key === null) return -1
  wanted = s.count > 2 ? s.text(2) : ''
  outcome = -1
  return change(key, wanted == '' ? none : withoutRuid) ? outcome : -2
})

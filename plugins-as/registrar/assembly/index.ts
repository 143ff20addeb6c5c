// Kamailio's module registrar: REGISTER requests fill the table of usrloc, and look-ups in it tell where a user is (RFC 3261 §10).
import { statistic } from '@vespid/sdk'
import { zone } from '../../usrloc/assembly/location'
import { defaultExpires, maxContacts, maxExpires } from './settings'
import './save'
import './lookup'

function counted(name: string): f64 {
  const value = zone.get(`#${name}`)
  return value === null ? 0 : parseFloat(value)
}
statistic('registrar:accepted_regs', 'REGISTER requests that were accepted', (): f64 => counted('accepted'))
statistic('registrar:rejected_regs', 'REGISTER requests that were refused', (): f64 => counted('rejected'))
statistic('registrar:default_expire', 'seconds that a contact lives when it does not say', (): f64 => <f64>defaultExpires)
statistic('registrar:default_expires_range', 'spread of these, in percent', (): f64 => 0)
statistic('registrar:expires_range', 'spread of all times to live, in percent', (): f64 => 0)
statistic('registrar:max_contacts', 'contacts of one user, 0: any number', (): f64 => <f64>maxContacts)
statistic('registrar:max_expires', 'longest time to live in seconds, 0: any', (): f64 => <f64>maxExpires)

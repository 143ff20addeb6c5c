import type { Uri } from './uri.ts'
import { isIP } from 'node:net'
import { lookup } from 'node:dns'
import { parameterValue } from './params.ts'
import { unbracketed } from './listens.ts'

/** Where a message is to go, before its host is looked up. */
export interface Target {
  readonly protocol: 'udp' | 'tcp'
  /** A name or a numeric address without brackets. */
  readonly host: string
  readonly port: number
}

const standardPort = 5060

/** Where a SIP URI leads without DNS' SRV and NAPTR (RFC 3263 §4.2, for what needs neither); null for what cannot be reached: TLS, other schemes. */
export function targetOf(uri: Uri): Target | null {
  if (uri.scheme !== 'sip' || uri.host === '') return null
  const transport = (parameterValue(uri.params, 'transport') ?? 'udp').toLowerCase()
  if (transport !== 'udp' && transport !== 'tcp') return null
  const port = uri.port === '' ? standardPort : Number(uri.port)
  if (port === 0) return null
  const maddr = parameterValue(uri.params, 'maddr')
  return { protocol: transport, host: unbracketed(typeof maddr === 'string' ? maddr : uri.host), port }
}

/** Look-ups at once, of one worker; names kept, and for how many milliseconds. */
const mostLookups = 64
const mostNames = 1024
const keptFor = 30_000
const names = new Map<string, { readonly address: string, readonly until: number }>()
let lookups = 0

/**
 * Gives the numeric address of a host to `use`: at once for a numeric one and for a name that was asked for a short while ago, else later. Null when there is
 * none, or too many names are being looked up. False when that is known at once.
 */
export function withAddress(host: string, use: (address: string | null) => void): boolean {
  if (isIP(host) !== 0) {
    use(host)
    return true
  }
  const known = names.get(host)
  if (known !== undefined && known.until > Date.now()) {
    use(known.address)
    return true
  }
  if (lookups >= mostLookups || !/^[a-z0-9._-]{1,253}$/i.test(host)) {
    use(null)
    return false
  }
  lookups++
  lookup(host, { family: 4 }, (error, address) => {
    lookups--
    if (error !== null) return use(null)
    if (names.size >= mostNames) names.clear()
    names.set(host, { address, until: Date.now() + keptFor })
    use(address)
  })
  return true
}

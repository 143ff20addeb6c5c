/** Headers with a structure of their own, and plain ones: `@from…`, `@contact…`, `@via…`, `@authorization[…]…`, `@subject`. */
import type { Evaluate, SelectRow, Selected } from '../../expr/select/table.ts'
import type { Address } from '../address.ts'
import type { Credentials } from '../digest.ts'
import type { Message } from '../message.ts'
import type { Via } from '../via.ts'
import {
  H_AUTHORIZATION, H_CALL_ID, H_CONTACT, H_CONTENT_LENGTH, H_CONTENT_TYPE, H_CSEQ, H_DATE, H_EVENT, H_EXPIRES, H_FROM, H_IDENTITY,
  H_IDENTITY_INFO, H_MAX_FORWARDS, H_MIN_SE, H_ORGANIZATION, H_PRIORITY, H_PROXY_AUTHORIZATION, H_RECORD_ROUTE, H_REFER_TO, H_RPID,
  H_SESSION_EXPIRES, H_SIP_IF_MATCH, H_SUBJECT, H_TO, H_USER_AGENT, sipHeaderNames,
} from '../names.ts'
import { isSpace, lowerAscii } from '../scan.ts'

const row = (pattern: string, evaluate: Evaluate, nests?: readonly string[]): SelectRow =>
  nests === undefined ? { pattern, bind: () => evaluate } : { pattern, bind: () => evaluate, nests }

/** A part of a header that is one address; an error when the header is missing or cannot be understood. */
function ofAddress(id: number, read: (address: Address) => Selected): Evaluate {
  return (m) => {
    const address = m.parsed.address(id)
    return address === null || address === undefined ? undefined : read(address)
  }
}

/** From and its like: raw value, URI, tag, name, parameters. */
function addressRows(names: string, id: number): SelectRow[] {
  return [
    row(names, (m) => m.parsed.address(id) ? m.parsed.header(id) : undefined),
    row(`${names}.uri`, ofAddress(id, (address) => address.uri), ['uri']),
    row(`${names}.tag`, ofAddress(id, (address) => address.param('tag') ?? '')),
    row(`${names}.name`, ofAddress(id, (address) => address.name)),
    {
      pattern: `${names}.params.*`,
      bind: ([name]) => {
        const lower = lowerAscii(name as string)
        return ofAddress(id, (address) => address.param(lower))
      },
    },
  ]
}

/** A part of the first contact; null for `Contact: *`. */
function ofContact(read: (address: Address) => Selected): Evaluate {
  return (m) => {
    const { parsed } = m
    if (parsed.allContacts) return null
    const address = parsed.address(H_CONTACT)
    return address === null || address === undefined ? undefined : read(address)
  }
}

const contactRows: readonly SelectRow[] = [
  row('contact|m', (m) => m.parsed.allContacts || m.parsed.address(H_CONTACT) ? m.parsed.header(H_CONTACT) : undefined),
  row('contact|m.uri', ofContact((address) => address.uri), ['uri']),
  row('contact|m.name', ofContact((address) => address.name)),
  ...['q', 'expires', 'methods', 'received'].map((name) => row(`contact|m.${name}`, ofContact((address) => address.param(name)))),
  row('contact|m.instance', ofContact((address) => address.param('+sip.instance'))),
  {
    pattern: 'contact|m.params.*',
    bind: ([name]) => {
      const lower = lowerAscii(name as string)
      return ofContact((address) => address.param(lower))
    },
  },
]

const recordRouteRows: readonly SelectRow[] = [
  row('record_route|rr', (m) => m.parsed.address(H_RECORD_ROUTE) ? m.parsed.header(H_RECORD_ROUTE) : undefined),
  row('record_route|rr.uri', ofAddress(H_RECORD_ROUTE, (address) => address.uri), ['uri']),
  row('record_route|rr.name', ofAddress(H_RECORD_ROUTE, (address) => address.name)),
  {
    pattern: 'record_route|rr.params.*',
    bind: ([name]) => {
      const lower = lowerAscii(name as string)
      return ofAddress(H_RECORD_ROUTE, (address) => address.param(lower))
    },
  },
]

/** Position of Via value `n` (from 1, or from the end), −1 when there is none. */
function viaPosition(m: Message, n: number): number {
  const count = m.parsed.viaCount
  const position = n < 0 ? count + n : n - 1
  return position >= 0 && position < count ? position : -1
}

function viaRow(rest: string, read: (via: Via) => Selected): SelectRow {
  return {
    pattern: `via|v[n?].${rest}`,
    bind: ([index]) => {
      const n = (index ?? 1) as number
      return (m) => {
        const via = m.parsed.via(viaPosition(m, n))
        return via === null ? undefined : read(via)
      }
    },
  }
}

const viaRows: readonly SelectRow[] = [
  {
    pattern: 'via|v[n?]',
    bind: ([index]) => {
      const n = (index ?? 1) as number
      return (m) => m.parsed.via(viaPosition(m, n))?.text
    },
  },
  viaRow('name', (via) => via.protocol),
  viaRow('version', (via) => via.version),
  viaRow('transport', (via) => via.transport),
  viaRow('host', (via) => via.host),
  viaRow('port', (via) => via.port),
  viaRow('comment', (via) => via.comment),
  ...['branch', 'received', 'rport', 'i', 'alias'].map((name) => viaRow(name, (via) => via.param(name))),
  {
    pattern: 'via|v[n?].params.*',
    bind: ([index, name]) => {
      const n = (index ?? 1) as number
      const lower = lowerAscii(name as string)
      return (m) => {
        const via = m.parsed.via(viaPosition(m, n))
        return via === null ? undefined : via.param(lower)
      }
    },
  },
]

/** The package name of the Event header. */
function event(m: Message): Selected {
  const value = m.parsed.header(H_EVENT)
  if (value === null) return undefined
  let end = 0
  while (end < value.length && value.charCodeAt(end) !== 59 && !isSpace(value.charCodeAt(end))) end++
  return end === 0 ? undefined : value.slice(0, end)
}

/** Realms that selects name by a variable or another select. */
const shortcuts: Record<string, string> = {
  $fd: '@from.uri.host', $fU: '@from.uri.user', $td: '@to.uri.host', $tU: '@to.uri.user', $rd: '@ruri.host', $rU: '@ruri.user', $si: '@src.ip',
}

/** The credentials for a realm: null for none, undefined when the header cannot be understood. */
function credentialsFor(m: Message, id: number, realm: string): Credentials | null | undefined {
  for (const found of m.parsed.credentials(id)) {
    if (found === null) return undefined
    if (found.parameters.get('realm') === realm) return found
  }
  return null
}

function authRow(root: string, rest: string, id: number, read: (credentials: Credentials) => Selected): SelectRow {
  return {
    pattern: `${root}.*${rest}`,
    bind: ([argument], context) => {
      const realm = argument as string
      if (!realm.startsWith('@') && !realm.startsWith('$')) return (m) => reading(credentialsFor(m, id, realm), read)
      const source = realm.startsWith('@') ? realm : shortcuts[realm]
      if (source === undefined) return `a realm can be one of ${Object.keys(shortcuts).join(', ')} or a select, not "${realm}"`
      const evaluate = context.select(source)
      return (m) => {
        const named = evaluate(m)
        return typeof named === 'string' && named !== '' ? reading(credentialsFor(m, id, named), read) : undefined
      }
    },
  }
}

function reading(credentials: Credentials | null | undefined, read: (credentials: Credentials) => Selected): Selected {
  return credentials === null || credentials === undefined ? credentials : read(credentials)
}

function userPart(name: string): string {
  const at = name.indexOf('@')
  return at < 0 ? name : name.slice(0, at)
}

function domainPart(name: string): string {
  const at = name.indexOf('@')
  return at < 0 ? '' : name.slice(at + 1)
}

function authRows(root: string, id: number): SelectRow[] {
  const parameter = (name: string) => (credentials: Credentials): Selected => credentials.parameters.get(name) ?? ''
  return [
    authRow(root, '', id, (credentials) => credentials.value),
    ...['username', 'realm', 'nonce', 'uri', 'cnonce', 'nc', 'response', 'opaque', 'algorithm', 'qop'].map((name) => authRow(root, `.${name}`, id, parameter(name))),
    authRow(root, '.username.user', id, (credentials) => userPart(credentials.parameters.get('username') ?? '')),
    authRow(root, '.username.domain', id, (credentials) => domainPart(credentials.parameters.get('username') ?? '')),
  ]
}

const plain: readonly (readonly [string, number])[] = [
  ['call_id', H_CALL_ID], ['expires', H_EXPIRES], ['max_forwards', H_MAX_FORWARDS], ['content_type', H_CONTENT_TYPE],
  ['content_length', H_CONTENT_LENGTH], ['subject', H_SUBJECT], ['organization', H_ORGANIZATION], ['priority', H_PRIORITY],
  ['session_expires', H_SESSION_EXPIRES], ['min_se', H_MIN_SE], ['user_agent', H_USER_AGENT], ['sip_if_match', H_SIP_IF_MATCH],
  ['date', H_DATE], ['identity', H_IDENTITY], ['identity_info', H_IDENTITY_INFO],
]

/** The value of the first line of a header. */
function plainHeader(id: number): Evaluate {
  const lower = sipHeaderNames[id]!
  return (m) => {
    if (m.kind !== 'http') return m.parsed.header(id)
    const line = m.find(0, lower, 0)
    return line < 0 ? null : m.value(line)
  }
}

/** All selects that read a header by a name of their own. */
export const headerRows: readonly SelectRow[] = [
  ...addressRows('from|f', H_FROM),
  ...addressRows('to|t', H_TO),
  ...addressRows('refer_to', H_REFER_TO),
  ...addressRows('remote_party_id|rpid', H_RPID),
  ...contactRows,
  ...viaRows,
  ...recordRouteRows,
  row('event', event),
  row('cseq', (m) => m.parsed.cseq === null ? undefined : m.parsed.header(H_CSEQ)),
  row('cseq.num', (m) => m.parsed.cseq?.number),
  row('cseq.method', (m) => m.parsed.cseq?.method),
  ...plain.map(([name, id]) => row(name, plainHeader(id))),
  ...authRows('authorization', H_AUTHORIZATION),
  ...authRows('proxy_authorization', H_PROXY_AUTHORIZATION),
]

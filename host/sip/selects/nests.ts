/** What may follow on a text (select.md §5): parts of a URI, of a name-addr, of a parameter list. */
import type { NestRow, SelectTable, Selected } from '../../expr/select/table.ts'
import type { Uri } from '../uri.ts'
import { bracketAt } from '../address.ts'
import { parameterValue } from '../params.ts'
import { lowerAscii, trimEnd } from '../scan.ts'
import { uriOf } from '../uri.ts'

/** `undefined` (error) as this table writes it. */
const failed = undefined

/** A row that reads one part of a URI; a text that is no URI makes every part an error. */
function part(pattern: string, read: (uri: Uri) => Selected): NestRow {
  const evaluate = (text: string): Selected => {
    const uri = uriOf(text)
    return uri === null ? failed : read(uri)
  }
  return { pattern, bind: () => evaluate }
}

/** A telephone number without visual separators and without the parameters inside of a user part; null when nothing is left. */
function number(text: string): string | null {
  const semicolon = text.indexOf(';')
  const digits = (semicolon < 0 ? text : text.slice(0, semicolon)).replace(/[-.()]/g, '')
  return digits === '' ? null : digits
}

function user(uri: Uri): Selected {
  return uri.isTelephone && uri.user !== '' ? number(uri.user) : uri.user
}

/** Parameters inside of the user part of a `user=phone` URI; those of a tel URI are its own. */
function telephoneParams(uri: Uri): string {
  if (!uri.phone) return uri.params
  const semicolon = uri.user.indexOf(';')
  return semicolon < 0 ? '' : uri.user.slice(semicolon + 1)
}

/** The number that a call was ported to, else the user (RFC 4694). */
function portedUser(uri: Uri): Selected {
  if (!uri.isTelephone) return user(uri)
  const rn = parameterValue(telephoneParams(uri), 'rn')
  return typeof rn === 'string' ? number(rn) : user(uri)
}

function isHttp(uri: Uri): boolean { return uri.scheme === 'http' || uri.scheme === 'https' }

function hostport(uri: Uri): Selected {
  if (uri.host === '') return failed
  if (uri.port !== '') return `${uri.host}:${uri.port}`
  if (isHttp(uri)) return `${uri.host}:${uri.scheme === 'https' ? '443' : '80'}`
  return `${uri.host}:${uri.isSecure ? '5061' : '5060'}`
}

const protocols = ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss']

function transport(uri: Uri): Selected {
  if (isHttp(uri)) return uri.scheme === 'https' ? 'tls' : 'tcp'
  const value = parameterValue(uri.params, 'transport')
  const lower = typeof value === 'string' ? lowerAscii(value) : ''
  return protocols.includes(lower) ? lower : uri.isSecure ? 'tls' : 'udp'
}

/** The argument of a query, not decoded. */
function queryValue(query: string, name: string): Selected {
  for (let at = 0; at <= query.length;) {
    let end = query.indexOf('&', at)
    if (end < 0) end = query.length
    const nameEnd = at + name.length
    if (nameEnd <= end && query.startsWith(name, at)) {
      if (nameEnd === end) return null
      if (query.charCodeAt(nameEnd) === 61) return query.slice(nameEnd + 1, end)
    }
    at = end + 1
  }
  return failed
}

/** One parameter: error when it is absent, null when it has no value. The name as asked goes before the one with `-` for each `_`. */
function uriParameter(uri: Uri, name: string, lower: string, dashed: string): Selected {
  if (isHttp(uri)) return queryValue(uri.params, name)
  const first = telephoneParams(uri)
  let value = parameterValue(first, lower)
  if (value === null && dashed !== lower) value = parameterValue(first, dashed)
  if (value === null && uri.phone) {
    value = parameterValue(uri.params, lower)
    if (value === null && dashed !== lower) value = parameterValue(uri.params, dashed)
  }
  return value === null ? failed : value === undefined ? null : value
}

const uriRows: readonly NestRow[] = [
  part('type', (uri) => uri.type),
  part('user', user),
  part('rn_user', portedUser),
  part('pwd', (uri) => uri.password),
  part('host', (uri) => uri.host),
  part('port', (uri) => uri.port),
  part('hostport', hostport),
  part('transport', transport),
  {
    pattern: 'params.*?',
    bind: ([argument]) => {
      if (typeof argument !== 'string') return (text) => wholeParams(uriOf(text))
      const lower = lowerAscii(argument)
      const dashed = lower.replaceAll('_', '-')
      return (text) => {
        const uri = uriOf(text)
        return uri === null ? failed : uriParameter(uri, argument, lower, dashed)
      }
    },
  },
]

function wholeParams(uri: Uri | null): Selected {
  return uri === null ? failed : telephoneParams(uri)
}

/** Where the URI of a text ends that has no brackets. */
function bareEnd(text: string): number {
  const semicolon = text.indexOf(';')
  return semicolon < 0 ? text.length : semicolon
}

/** The URI of a name-addr: between the brackets, or up to the first `;`. An error when `<` is not closed. */
export function addressUri(text: string): Selected {
  const open = bracketAt(text)
  if (open < 0) return text.slice(0, trimEnd(text, 0, bareEnd(text)))
  const close = text.indexOf('>', open)
  return close < 0 ? failed : text.slice(open + 1, close)
}

/** The header parameters of a name-addr; null for none, an error when `<` is not closed. */
function addressParams(text: string): Selected {
  const open = bracketAt(text)
  const close = open < 0 ? 0 : text.indexOf('>', open)
  if (close < 0) return failed
  const semicolon = text.indexOf(';', close)
  return semicolon < 0 ? null : text.slice(semicolon + 1)
}

function addressName(text: string): Selected {
  const open = bracketAt(text)
  return open < 0 ? null : text.slice(0, trimEnd(text, 0, open))
}

/** A parameter of a list: error when absent, null without a value. */
function listParameter(list: string, lower: string): Selected {
  const value = parameterValue(list, lower)
  return value === null ? failed : value === undefined ? null : value
}

const addressRows: readonly NestRow[] = [
  { pattern: 'name', bind: () => addressName },
  { pattern: 'uri', nests: ['uri'], bind: () => addressUri },
  {
    pattern: 'params.*?',
    bind: ([name]) => {
      if (typeof name !== 'string') return addressParams
      const lower = lowerAscii(name)
      return (text) => {
        const list = addressParams(text)
        return typeof list === 'string' ? listParameter(list, lower) : list
      }
    },
  },
]

const same = (text: string): Selected => text

/** Adds the nests `uri`, `address` (a name-addr), `params`, `header` (name-addr behind `.nameaddr`, parameters), `value` (a header or a URI behind `.uri`). */
export function defineNests(table: SelectTable): void {
  const parameter: NestRow = {
    pattern: 'params.*',
    bind: ([name]) => {
      const lower = lowerAscii(name as string)
      return (text) => listParameter(text, lower)
    },
  }
  const nameaddr: NestRow = { pattern: 'nameaddr', nests: ['address'], open: true, bind: () => same }
  for (const row of uriRows) table.defineNest('uri', row, 'core')
  for (const row of addressRows) table.defineNest('address', row, 'core')
  table.defineNest('params', parameter, 'core')
  table.defineNest('nameaddr', nameaddr, 'core')
  table.defineNest('header', parameter, 'core')
  table.defineNest('header', nameaddr, 'core')
  table.defineNest('value', { pattern: 'uri', nests: ['uri'], open: true, bind: () => same }, 'core')
}

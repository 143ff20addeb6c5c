import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { VariableDefinition } from '../../module.ts'
import type { Request } from '../request.ts'
import { errnoText } from '../../core/errors.ts'
import { proxyField } from '../../net/proxyprotocol.ts'
import { Level } from '../../core/log.ts'
import { parseSize } from '../../core/units.ts'
import { version } from '../../core/version.ts'
import { requestVariables } from './variables-request.ts'
import { responseVariables } from './variables-response.ts'
import { timeVariables } from './variables-time.ts'

/** The bytes of an IPv4 or IPv6 address in text as a byte string of 4 or 16; anything else (`unix:`) is returned as it is. */
export function binaryAddress(address: string): string {
  if (isIPv4(address)) return String.fromCharCode(...address.split('.').map(Number))
  if (!isIPv6(address)) return address
  const plain = address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, a, b, c, d) =>
    `${(Number(a) << 8 | Number(b)).toString(16)}:${(Number(c) << 8 | Number(d)).toString(16)}`)
  const halves = plain.split('::')
  const head = halves[0]! === '' ? [] : halves[0]!.split(':')
  const tail = halves.length < 2 || halves[1]! === '' ? [] : halves[1]!.split(':')
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.map((group) => String.fromCharCode(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff)).join('')
}

/** The document root with all symbolic links resolved, or null (logged) when it cannot be. */
function realRoot(r: Request): string | null {
  const root = r.location.root.evaluate(r)
  try {
    return realpathSync(Buffer.from(root, 'latin1'), { encoding: 'latin1' })
  } catch (error) {
    r.log(Level.crit, `realpath() "${root}" failed (${errnoText(error as NodeJS.ErrnoException)})`)
    return null
  }
}

function limitRate(r: Request): string {
  if (r.limitRate !== undefined) return String(r.limitRate)
  const rate = r.location.limitRate
  if (typeof rate === 'number') return String(rate)
  return rate === undefined ? '0' : String(parseSize(rate.evaluate(r)) ?? 0)
}

function setLimitRate(r: Request, value: string): void {
  const rate = parseSize(value)
  if (rate === null) r.log(Level.error, `invalid $limit_rate "${value}"`)
  else r.limitRate = rate
}

function port(n: number): string {
  return n > 0 && n < 65536 ? String(n) : ''
}

function proxiedPort(n: number | undefined): string | null {
  return n === undefined ? null : port(n)
}

const connectionVariables: readonly VariableDefinition[] = [
  { name: 'remote_addr', get: (r) => r.remoteAddress },
  { name: 'binary_remote_addr', get: (r) => binaryAddress(r.remoteAddress) },
  { name: 'remote_port', get: (r) => port(r.connection.remotePort) },
  { name: 'server_addr', get: (r) => r.connection.localAddress },
  { name: 'server_port', get: (r) => port(r.connection.localPort) },
  { name: 'server_name', get: (r) => r.server.serverName },
  { name: 'scheme', get: (r) => r.connection.secure === null ? 'http' : 'https' },
  { name: 'https', get: (r) => r.connection.secure === null ? '' : 'on' },
  { name: 'connection', get: (r) => String(r.connection.serial) },
  { name: 'connection_requests', get: (r) => String(r.connection.requests) },
  { name: 'pipe', get: (r) => r.pipelined ? 'p' : '.' },
  { name: 'proxy_protocol_addr', get: (r) => r.connection.proxied?.sourceAddress ?? null },
  { name: 'proxy_protocol_port', get: (r) => proxiedPort(r.connection.proxied?.sourcePort) },
  { name: 'proxy_protocol_server_addr', get: (r) => r.connection.proxied?.destinationAddress ?? null },
  { name: 'proxy_protocol_server_port', get: (r) => proxiedPort(r.connection.proxied?.destinationPort) },
  { name: 'proxy_protocol_tlv_', prefix: true, get: (r, name) => r.connection.proxied === null ? null : proxyField(r.connection.proxied.fields, name) },
]

const hostName = hostname().toLowerCase()
const pid = String(process.pid)

const placeVariables: readonly VariableDefinition[] = [
  { name: 'document_root', nocache: true, get: (r) => r.location.root.evaluate(r) },
  { name: 'realpath_root', nocache: true, get: realRoot },
  { name: 'request_filename', nocache: true, get: (r) => r.mapToPath() },
  { name: 'limit_rate', nocache: true, changeable: true, get: limitRate, set: setLimitRate },
  { name: 'request_id', get: () => randomBytes(16).toString('hex') },
  { name: 'hostname', get: () => hostName },
  { name: 'pid', get: () => pid },
  { name: 'nginx_version', get: () => version },
  { name: 'vespid_version', get: () => version },
]

/** The variables of the core http module (nginx.md §5.2, §5.3). */
export const coreVariables: readonly VariableDefinition[] = [
  ...requestVariables, ...connectionVariables, ...placeVariables, ...responseVariables, ...timeVariables,
]

/** `upstream{}` and what stands in it. */
import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { Method } from './methods.ts'
import { Where } from '../../module.ts'
import { parseNumber, parseSec, parseSize } from '../../core/units.ts'
import { memorylessKind } from '../../core/zones.ts'
import { compileTemplate } from '../../expr/template.ts'
import { parseUpstreamUrl } from './address.ts'
import { consistentHash } from './continuum.ts'
import { UpstreamGroup, UpstreamRegistry } from './group.ts'
import { addressHash, keyHash, leastConnections, randomChoice } from './methods.ts'
import { endpointsOf } from './resolve.ts'

/** The upstream module's conf of a `server{}` (empty) or an `upstream{}`. */
export class UpstreamSrvConf {
  group: UpstreamGroup | null = null
  // What the keep-alive setters write.
  requests: number | undefined = undefined
  time: number | undefined = undefined
  timeout: number | undefined = undefined
}

/** `upstream NAME { … }` */
export function setUpstream(
  cf: Cf, registry: UpstreamRegistry, confOf: (srv: unknown[]) => UpstreamSrvConf,
): string | void {
  const group = registry.define(cf, cf.args[1]!)
  const http = cf.httpConfs('srv', cf.http!)
  const conf = confOf(http.srv)
  conf.group = group
  const { place } = cf
  if (!cf.block(Where.Upstream, http)) {
    // The mistakes are told; without servers the group would only add another one.
    if (group.lines.length === 0) registry.groups.splice(registry.groups.indexOf(group), 1)
    return
  }
  group.place = place
  group.keepalive.requests = conf.requests
  group.keepalive.time = conf.time
  group.keepalive.timeout = conf.timeout
  if (group.lines.length === 0) cf.fail('no servers are inside upstream')
}

/** `server ADDRESS [PARAMETER…];` */
export const setServer: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  const group = conf.group!
  const options = { weight: 1, maxConns: 0, maxFails: 1, failTimeout: 10, down: false, backup: false }
  for (let i = 2; i < cf.args.length; i++) readParameter(cf, i, options, group.allowed)
  const name = cf.args[1]!
  const url = parseUpstreamUrl(name, 80, false)
  if (typeof url === 'string') return cf.fail(`${url} in upstream "${name}"`, 1)
  const endpoints = endpointsOf(cf.cycle, url)
  if (endpoints.length === 0) cf.fail(`host not found in upstream "${name}"`, 1)
  group.lines.push({ name, endpoints, ...options })
}

interface Options {
  weight: number
  maxConns: number
  maxFails: number
  failTimeout: number
  down: boolean
  backup: boolean
}

const known: ReadonlySet<string> = new Set(['weight', 'max_conns', 'max_fails', 'fail_timeout', 'backup', 'down'])
const parameters = 'it may be weight=, max_conns=, max_fails=, fail_timeout=, backup, down'

function readParameter(cf: Cf, i: number, options: Options, allowed: ReadonlySet<string> | null): void {
  const word = cf.args[i]!
  const equals = word.indexOf('=')
  const name = equals < 0 ? word : word.slice(0, equals)
  const check = (value: number | null, least = 0): number =>
    value === null || value < least ? cf.fail(`invalid parameter "${word}"`, i) : value
  if (allowed !== null && !allowed.has(name) && known.has(name)) {
    cf.fail(`balancing method does not support parameter "${word}"`, i)
  }
  const value = word.slice(equals + 1)
  if (equals < 0) {
    if (name === 'backup') options.backup = true
    else if (name === 'down') options.down = true
    else if (name === 'resolve') cf.warn('the "resolve" parameter has no effect: names are looked up once, at start', i)
    else cf.fail(`invalid parameter "${word}"`, i, parameters)
    return
  }
  switch (name) {
    case 'weight': options.weight = check(parseNumber(value), 1); break
    case 'max_conns': options.maxConns = check(parseNumber(value)); break
    case 'max_fails': options.maxFails = check(parseNumber(value)); break
    case 'fail_timeout': options.failTimeout = check(parseSec(value)); break
    default: cf.fail(`invalid parameter "${word}"`, i, parameters)
  }
}

const noBackup: ReadonlySet<string> = new Set(['weight', 'max_conns', 'max_fails', 'fail_timeout', 'down'])

function balance(cf: Cf, conf: UpstreamSrvConf, method: Method, allowed: ReadonlySet<string> | null = null): void {
  const group = conf.group!
  if (group.method !== null) cf.warn('load balancing method redefined')
  group.method = method
  group.allowed = allowed
}

/** `least_conn;` */
export const setLeastConn: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  balance(cf, conf, leastConnections)
}

/** `ip_hash;` */
export const setIpHash: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  balance(cf, conf, addressHash, noBackup)
}

/** `hash KEY [consistent];` */
export const setHash: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  const key = compileTemplate(cf, cf.args[1]!, 1)
  const mode = cf.args[2]
  if (mode !== undefined && mode !== 'consistent') cf.fail(`invalid parameter "${mode}"`, 2, 'it may be consistent')
  balance(cf, conf, mode === undefined ? keyHash(key) : consistentHash(key), noBackup)
}

/** `random [two [least_conn]];` */
export const setRandom: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  const [, two, by] = cf.args
  if (two !== undefined && two !== 'two') cf.fail(`invalid parameter "${two}"`, 1, 'it may be two')
  if (by !== undefined && by !== 'least_conn') cf.fail(`invalid parameter "${by}"`, 2, 'it may be least_conn')
  balance(cf, conf, randomChoice(two !== undefined), noBackup)
}

/** `keepalive CONNECTIONS [local];` 0 keeps none. */
export const setKeepalive: Directive<UpstreamSrvConf>['set'] = (cf, _directive, conf) => {
  const { keepalive } = conf.group!
  if (keepalive.max !== undefined) return 'is duplicate'
  const max = parseNumber(cf.args[1]!)
  if (max === null) return cf.fail(`invalid value "${cf.args[1]}" in "keepalive" directive`, 1)
  if (cf.args.length === 3 && cf.args[2] !== 'local') cf.fail(`invalid parameter "${cf.args[2]}"`, 2, 'it may be local')
  keepalive.max = max
}

/** nginx refuses zones of less than eight pages. */
const smallestZone = 8 * 4096

/** `zone NAME [SIZE];` checked: the state of servers is each worker's own. One block must give a zone its size. */
export const setZone: Directive['set'] = (cf) => {
  const name = cf.args[1]!
  if (name === '') cf.fail(`invalid zone name "${name}"`, 1)
  const size = cf.args.length === 2 ? 0 : parseSize(cf.args[2]!)
  if (size === null) return cf.fail(`invalid zone size "${cf.args[2]}"`, 2)
  if (cf.args.length === 3 && size < smallestZone) cf.fail(`zone "${name}" is too small`, 2)
  try {
    cf.cycle.zones.add(name, size, memorylessKind)
  } catch (error) {
    cf.fail((error as Error).message, 1)
  }
}

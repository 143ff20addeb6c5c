/** geo (nginx.md §11): a variable that depends on the client's address. A host module for the reason that `map` is one. */
import type { Cf } from '../../conf/cf.ts'
import type { Module } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Variable } from '../../expr/variables.ts'
import type { Cidr } from './cidr.ts'
import { Args, Where } from '../../module.ts'
import { placeSuffix } from '../../core/place.ts'
import { defineVariable, variableName } from '../../expr/define.ts'
import { moduleOrder } from '../order.ts'
import { inNetworks, parseAddress, parseCidr, unmapped } from './cidr.ts'
import { Networks } from './networks.ts'
import { Ranges } from './ranges.ts'

/** One `geo` block. */
interface Geo {
  /** The variable that holds the address; null: the client's. */
  readonly source: Variable | null
  readonly networks: Networks
  ranges: Ranges | null
  /** Something was added, so `ranges` comes too late. */
  used: boolean
  volatile: boolean
  readonly proxies: Cidr[]
  proxyRecursive: boolean
}

/** What stands for an address that is none, as in nginx. */
const noAddress = '\xff\xff\xff\xff'

/** `geo [$address] $name { … }` */
function setGeo(cf: Cf): void {
  const last = cf.args.length - 1
  const source = last === 2 ? cf.cycle.variables.reference(variableName(cf, 1), placeSuffix(cf.place)) : null
  const variable = defineVariable(cf, last)
  const geo: Geo = { source, networks: new Networks(), ranges: null, used: false, volatile: false, proxies: [], proxyRecursive: false }
  if (!cf.lines((line) => readLine(line, geo))) return
  variable.get = (r) => find(geo, r)
  if (geo.volatile) variable.nocache = true
}

function readLine(cf: Cf, geo: Geo): void {
  const [first, second] = cf.args as [string, string | undefined]
  if (cf.args.length === 1 && readSwitch(cf, geo, first)) return
  if (cf.args.length !== 2) cf.fail('invalid number of the geo parameters')
  if (first === 'proxy') geo.proxies.push(network(cf, 1))
  else if (geo.ranges !== null) readRange(cf, geo.ranges)
  else readNetwork(cf, geo, first, second!)
}

function readSwitch(cf: Cf, geo: Geo, word: string): boolean {
  if (word === 'ranges') {
    if (geo.used) cf.fail('the "ranges" directive must be the first directive inside "geo" block')
    geo.ranges ??= new Ranges()
  } else if (word === 'proxy_recursive') geo.proxyRecursive = true
  else if (word === 'volatile') geo.volatile = true
  else return false
  return true
}

/** The network in a word; fails with `invalid network "WORD"`. */
function network(cf: Cf, argument: number): Cidr {
  const text = cf.args[argument]!
  const cidr = parseCidr(text)
  if (cidr === null) cf.fail(`invalid network "${text}"`, argument)
  if (cidr.meaningless) cf.warn(`low address bits of ${text} are meaningless`, argument)
  return cidr
}

function readNetwork(cf: Cf, geo: Geo, first: string, value: string): void {
  geo.used = true
  if (first === 'delete') {
    if (!geo.networks.delete(network(cf, 1))) cf.warn(`no network "${value}" to delete`, 1)
    return
  }
  const cidrs = first === 'default'
    ? [{ network: '\0'.repeat(4), bits: 0, meaningless: false }, { network: '\0'.repeat(16), bits: 0, meaningless: false }]
    : [network(cf, 0)]
  let old: string | null = null
  for (const cidr of cidrs) old = geo.networks.add(cidr, value) ?? old
  if (old !== null) cf.warn(`duplicate network "${first}", value: "${value}", old value: "${old}"`)
}

function number(address: string): number {
  return ((address.charCodeAt(0) << 24 | address.charCodeAt(1) << 16 | address.charCodeAt(2) << 8 | address.charCodeAt(3)) >>> 0)
}

function dotted(address: number): string {
  return [address >>> 24, address >>> 16 & 255, address >>> 8 & 255, address & 255].join('.')
}

function readRange(cf: Cf, ranges: Ranges): void {
  const [first, value] = cf.args as [string, string]
  if (first === 'default') {
    if (ranges.fallback !== '') cf.warn(`duplicate default geo range value: "${value}", old value: "${ranges.fallback}"`)
    ranges.fallback = value
    return
  }
  const argument = first === 'delete' ? 1 : 0
  const text = cf.args[argument]!
  const dash = text.indexOf('-')
  const from = dash < 0 ? null : parseAddress(text.slice(0, dash))
  const to = dash < 0 ? null : parseAddress(text.slice(dash + 1))
  if (from?.length !== 4 || to?.length !== 4 || number(from) > number(to)) cf.fail(`invalid range "${text}"`, argument)
  const start = number(from)
  const end = number(to)
  if (argument === 1) {
    if (!ranges.delete(start, end)) cf.warn(`no address range "${text}" to delete`, 1)
    return
  }
  const result = ranges.add(start, end, value)
  if (result.kind === 'duplicate') cf.warn(`duplicate range "${text}", value: "${value}", old value: "${result.old}"`)
  if (result.kind === 'overlap') cf.fail(`range "${text}" overlaps "${dotted(result.start)}-${dotted(result.end)}"`, 0)
}

/** The address that a block looks up, as 4 or 16 bytes. */
function addressOf(geo: Geo, r: Request): string {
  const text = geo.source === null ? r.remoteAddress : geo.source.value(r) ?? ''
  let address = unmapped(parseAddress(text) ?? noAddress)
  if (geo.proxies.length === 0) return address
  const forwarded = r.header('x-forwarded-for')
  if (forwarded === null) return address
  // From the right: while the present address is a trusted proxy, the one before it counts (ngx_http_get_forwarded_addr).
  const chain = forwarded.split(',')
  for (let i = chain.length - 1; i >= 0 && inNetworks(geo.proxies, address); i--) {
    const before = parseAddress(chain[i]!.trim())
    if (before === null) break
    address = unmapped(before)
    if (!geo.proxyRecursive) break
  }
  return address
}

function find(geo: Geo, r: Request): string {
  const address = addressOf(geo, r)
  if (geo.ranges === null) return geo.networks.find(address)
  return geo.ranges.find(number(address.length === 4 ? address : noAddress))
}

/** The geo module. */
export const geoModule: Module = {
  name: 'geo',
  order: moduleOrder.geo,
  createMainConf: () => ({}),
  directives: [{ name: 'geo', where: Where.Http, args: Args.Block | Args.Take12, conf: 'main', set: setGeo }],
}

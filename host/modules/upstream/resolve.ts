/** Host names of upstreams: looked up once when the configuration is read, or per request through `resolver`. */
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Cycle } from '../../cycle.ts'
import type { ResolverConf } from '../../http/core/conf.ts'
import type { Endpoint, UpstreamUrl } from './address.ts'
import { lookUpHost } from '../../http/core/hostnames.ts'
import { inetEndpoint, unixEndpoint } from './address.ts'

const answers = new WeakMap<Cycle, Map<string, string[]>>()

/**
 * The endpoints that an address stands for; empty when its name is not known. Each name is looked up once per
 * configuration.
 */
export function endpointsOf(cycle: Cycle, url: UpstreamUrl): Endpoint[] {
  if (url.path !== null) return [unixEndpoint(url.path)]
  if (url.numeric !== null) return [inetEndpoint(url.numeric, url.port)]
  let known = answers.get(cycle)
  if (known === undefined) answers.set(cycle, known = new Map())
  let hosts = known.get(url.host)
  if (hosts === undefined) known.set(url.host, hosts = [...new Set(lookUpHost(url.host).map((found) => found.host))])
  return hosts.map((host) => inetEndpoint(host, url.port))
}

/** What a name resolved to, until when (ms since the epoch). */
interface Cached { readonly hosts: readonly string[], readonly until: number }

const resolvers = new Map<string, { resolver: Resolver, cache: Map<string, Cached> }>()
/** Names that a client can make us remember. */
const cacheLimit = 1000

function resolverFor(conf: ResolverConf): { resolver: Resolver, cache: Map<string, Cached> } {
  const key = conf.servers.join(' ')
  let made = resolvers.get(key)
  if (made === undefined) {
    const resolver = new Resolver({ timeout: 5000, tries: 2 })
    const usable = conf.servers.filter((server) => isIP(server.replace(/^\[(.*)\](:\d+)?$|^([^:]*):\d+$/, '$1$3')) !== 0)
    if (usable.length > 0) resolver.setServers(usable)
    resolvers.set(key, made = { resolver, cache: new Map() })
  }
  return made
}

/**
 * Asks the name servers of `resolver` for a name; answers are kept for their time to live, or `valid=`. Resolves to the
 * addresses, none when the name does not exist or within `timeout` milliseconds nobody answers.
 */
export async function resolveName(conf: ResolverConf, name: string, timeout: number): Promise<readonly string[]> {
  const { resolver, cache } = resolverFor(conf)
  const now = Date.now()
  const kept = cache.get(name)
  if (kept !== undefined && kept.until > now) return kept.hosts
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never[]>((resolve) => { timer = setTimeout(() => resolve([]), timeout) })
  const records = (v6: boolean) =>
    (v6 ? resolver.resolve6(name, { ttl: true }) : resolver.resolve4(name, { ttl: true })).catch(() => [])
  const asked = Promise.all([conf.ipv4 ? records(false) : [], conf.ipv6 ? records(true) : []])
  const found = (await Promise.race([asked, late])).flat()
  clearTimeout(timer)
  const hosts = found.map((record) => record.address)
  if (hosts.length > 0) {
    if (cache.size >= cacheLimit) cache.clear()
    const ttl = conf.valid > 0 ? conf.valid : Math.min(...found.map((record) => record.ttl))
    cache.set(name, { hosts, until: now + ttl * 1000 })
  }
  return hosts
}

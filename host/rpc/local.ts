/** Kamailio's `core.*`, `corex.*`, `pkg.*` and `mod.*` commands that every thread answers itself, from its configuration (kamailio.md §3.2). */
import { Stat, statistics } from '../core/statistics.ts'
import { version } from '../core/version.ts'
import type { Cycle } from '../cycle.ts'
import type { Command, Parameter } from './command.ts'
import { RpcError } from './command.ts'
import { scan } from './scan.ts'
import { memoryStatistics } from './statistics.ts'

const texts: readonly Parameter[] = [{ name: 'value', type: 'text', optional: true, rest: true }]
const numbers: readonly Parameter[] = [{ name: 'value', type: 'int', optional: true, rest: true }]
const strings: readonly Parameter[] = [{ name: 'value', type: 'string', optional: true, rest: true }]
const unit: readonly Parameter[] = [{ name: 'unit', type: 'string', optional: true }]
const moduleAndKind: readonly Parameter[] = [{ name: 'module', type: 'string' }, { name: 'kind', type: 'string' }]
const selector: readonly Parameter[] = [{ name: 'selector', type: 'string' }, { name: 'value', type: 'int' }]

/** One address that a configuration listens on. */
interface Socket {
  readonly proto: string
  readonly address: string
  readonly port: number
  readonly name: string | null
  readonly advertise: string | null
}

/** The sockets of a cycle: of its servers, and what its Kamailio file says besides. */
function socketsOf(cycle: Cycle): Socket[] {
  const listens = cycle.script?.listens ?? []
  const found: Socket[] = []
  for (const { path, host, port, ssl } of cycle.servers?.addresses ?? []) {
    if (path !== null) continue
    const line = listens.find((one) => one.address.replace(/[[\]]/g, '') === host && one.port === port)
    found.push({ proto: ssl ? 'tls' : 'tcp', address: host, port, name: line?.name ?? null, advertise: line?.advertise ?? null })
  }
  for (const { protocol, address, port, name, advertise } of listens) {
    if (protocol === 'udp') found.push({ proto: 'udp', address: address.replace(/[[\]]/g, ''), port: port === 0 ? 5060 : port, name, advertise })
  }
  return found
}

interface Alias { readonly proto: string, readonly address: string, readonly port: number }

/** `alias=` lines, and `localhost` for a socket of 127.0.0.1. */
function aliasesOf(cycle: Cycle): Alias[] {
  const named = (cycle.script?.settings ?? []).filter(({ name }) => name === 'alias').map(({ value }): Alias => {
    const [, proto = 'any', address = '', port = '0'] = /^(?:(udp|tcp|tls|sctp):)?(.*?)(?::(\d+))?$/.exec(String(value))!
    return { proto: proto === 'any' ? '*' : proto, address, port: Number(port) }
  })
  const local = socketsOf(cycle).filter(({ address }) => address === '127.0.0.1').map(({ proto, port }) => ({ proto, address: 'localhost', port }))
  return [...named, ...local]
}

const divisors: Readonly<Record<string, number>> = { b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 }

function memory(params: unknown): unknown {
  const [word = 'b'] = scan(params, unit) as readonly string[]
  const divisor = Object.hasOwn(divisors, word) ? divisors[word]! : 0
  if (divisor === 0) throw new RpcError(500, 'bad param, (use b|k|m|g)')
  const { total, free, used, real_used: real, max_used: most, fragments } = memoryStatistics()
  const scaled = (bytes: number): number => Math.floor(bytes / divisor)
  return { total: scaled(total), free: scaled(free), used: scaled(used), real_used: scaled(real), max_used: scaled(most), fragments }
}

/** The words that `#!ifdef` finds defined: those of the version that the language follows, of the modules, and the file's own. */
function defines(cycle: Cycle): [string, string, string | null][] {
  const own = [...cycle.script?.defines ?? []].filter(([name]) => !/^(MOD_|KAMAILIO_)/.test(name))
  const versions = ['KAMAILIO_5', 'KAMAILIO_5_6', 'KAMAILIO_5_6_3', 'VESPID']
  return [
    ...versions.map((name): [string, string, null] => [name, 'define', null]), ...modulesOf(cycle).reverse().map((name): [string, string, null] => [`MOD_${name}`, 'define', null]),
    ...own.map(([name, value]): [string, string, string | null] => [name, 'define', value === '' ? null : value]),
  ]
}

/** Modules, those loaded last first: of a Kamailio file those that it loads, else the plugins. */
function modulesOf(cycle: Cycle): string[] {
  const names = cycle.script?.modules.map(({ name }) => name) ?? cycle.modules.filter((module) => module.functions !== undefined).map(({ name }) => name)
  return [...new Set(names)].reverse()
}

/** Kamailio's TCP settings as they come out here. */
function tcpOptions(cycle: Cycle): Record<string, number> {
  const set = (name: string, otherwise: number): number => {
    const value = cycle.script?.settings.findLast((setting) => setting.name === `tcp_${name}`)?.value
    return typeof value === 'number' ? value : otherwise
  }
  const most = set('max_connections', 2048)
  return {
    connect_timeout: set('connect_timeout', 10), send_timeout: set('send_timeout', 10), connection_lifetime: set('connection_lifetime', 120),
    'max_connections(soft)': most, 'max_tls_connections(soft)': most, no_connect: set('no_connect', 0), fd_cache: 1, async: 1, connect_wait: 1, conn_wq_max: 32768,
    wq_max: 10485760, defer_accept: 0, delayed_ack: 1, syncnt: 0, linger2: 0, keepalive: 1, keepidle: 0, keepintvl: 0, keepcnt: 0, crlf_ping: 1, accept_aliases: 0,
    alias_flags: 1, new_conn_alias_flags: 2,
  }
}

function read(name: string, usage: string, run: (params: unknown) => unknown, more: Partial<Command> = {}): Command {
  return { name, usage: `${name}${usage}`, effect: 'read', run, ...more }
}

/** The commands, about the cycle in use. */
export function localCommands(cycle: () => Cycle): Command[] {
  const array = { array: true }
  return [
    read('core.echo', ' VALUE...: the values as texts', (params) => scan(params, texts), { ...array, parameters: texts }),
    read('core.prints', ' VALUE...: the values, which are texts', (params) => scan(params, strings), { ...array, parameters: strings }),
    read('core.printi', ' VALUE...: the values, which are numbers', (params) => printed(scan(params, numbers) as readonly number[]), { ...array, parameters: numbers }),
    read('core.shmmem', ' [b|k|m|g]: the heap of the thread that answers, in bytes, KiB, MiB or GiB', memory, { parameters: unit }),
    read('core.modules', ': the modules, those loaded last first', () => modulesOf(cycle()), array),
    read('core.sockets_list', ': the addresses that are listened on', () => socketsOf(cycle()).map(({ proto, address, port }) =>
      ({ socket: { proto, address, port: String(port), mcast: 'no', mhomed: 'no', virtual: 'no' } }))),
    read('core.aliases_list', ': names that are the server\'s own', () => ({ myself_callbacks: 'no', aliases: aliasesOf(cycle()).map((alias) => ({ alias })) })),
    read('core.tcp_info', ': connections, and how many there may be', () => tcpInfo(cycle())),
    read('core.tcp_options', ': settings of TCP under Kamailio\'s names', () => tcpOptions(cycle())),
    read('core.ppdefines', ': words that are defined for #!ifdef', () => defines(cycle()).map(([name]) => name), array),
    read('core.ppdefines_full', ': words that are defined for #!ifdef, with their values', () => defines(cycle()).map(([name, type, value]) => ({ name, type, value })), array),
    read('corex.list_sockets', ': the addresses that are listened on', () => socketsOf(cycle()).map((s) => ({
      PROTO: s.proto, NAME: s.address, ADDRLIST: { ADDR: s.address }, PORT: String(s.port), MCAST: 'no', MHOMED: 'no', VIRTUAL: 'no', SOCKNAME: s.name ?? '-', ADVERTISE: s.advertise ?? '-',
    })), array),
    read('corex.list_aliases', ': names that are the server\'s own', () => aliasesOf(cycle()).map(({ proto, address, port }) => ({ PROTO: proto, ADDR: address, PORT: port })), array),
    read('corex.shm_status', ': nothing; Kamailio writes its memory to the log', () => ({})),
    read('corex.shm_summary', ': nothing; Kamailio writes its memory to the log', () => ({})),
    read('corex.pkg_summary', ' SELECTOR VALUE: nothing; Kamailio writes its memory to the log', (params) => {
      if (scan(params, selector).length < 2) throw new RpcError(400, 'Selector and value not provided')
      return {}
    }, { parameters: selector }),
    read('pkg.info', ': the heap\'s name and bytes', () => ({ name: 'v8', size: memoryStatistics().total })),
    ...['mod.stats', 'mod.mem_stats', 'mod.mem_statsx'].map((name) =>
      read(name, ' MODULE pkg|shm|all: memory of a module, which is not counted here', moduleMemory, { ...array, parameters: moduleAndKind })),
  ]
}

/** What is no number is 0, and the last. */
function printed(values: readonly number[]): readonly number[] {
  const end = values.indexOf(0)
  return end < 0 ? values : values.slice(0, end + 1)
}

function tcpInfo(cycle: Cycle): unknown {
  const most = tcpOptions(cycle)['max_connections(soft)']
  return {
    readers: Math.max(1, statistics.workers), max_connections: most, max_tls_connections: most, opened_connections: statistics.read(Stat.open), opened_tls_connections: 0,
    write_queued_bytes: 0,
  }
}

function moduleMemory(params: unknown): unknown {
  const [name, kind] = scan(params, moduleAndKind)
  if (name === undefined) throw new RpcError(500, 'Module name or "all" needed')
  if (kind !== 'pkg' && kind !== 'shm' && kind !== 'all') throw new RpcError(500, '"pkg" or "shm" or "all" needed')
  return [`Module: ${name}`, { Total: 0 }, ...(kind === 'all' ? [{ Total: 0 }] : []), '']
}

/** What `core.info` and `core.runinfo` say of how the program was made. */
export const programFacts = { version: `vespid ${version}`, id: version, compiler: `node ${process.versions.node}`, compiled: '' } as const
/** `core.flags`. */
export const programFlags = 'USE_TCP, USE_TLS, USE_DNS_CACHE, WASM_PLUGINS, WORKER_THREADS'

/**
 * The addresses that servers listen on (nginx.md §2.1): collected from the `listen` directives, then made ready to
 * serve.
 */
import type { Cf } from '../conf/cf.ts'
import type { Request } from './request.ts'
import type { ListenOptions } from './listen.ts'
import type { CoreMainConf, CoreSrvConf, ListenEntry } from './core/conf.ts'
import { ConfigError } from '../core/errors.ts'
import { NameTable } from './names.ts'

/** One listening address with the servers behind it. */
export class ListenAddress {
  readonly options: ListenOptions
  /** Identifies the socket across configurations. */
  readonly key: string
  /** The address as nginx writes it: `127.0.0.1:80`, `[::]:80`, `unix:/path`. */
  readonly name: string
  /** Numeric address; '' for a unix socket. */
  readonly host: string
  readonly port: number
  /** The path of a unix socket, else null. */
  readonly path: string | null
  readonly backlog: number
  readonly ipv6only: boolean
  readonly ssl: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  /** The server of requests whose host no server names. */
  readonly defaultServer: CoreSrvConf
  private readonly names: NameTable | null
  /** On a wildcard socket: the addresses of its port that have servers of their own but no socket, by their host. */
  private readonly within = new Map<string, ListenAddress>()

  constructor(entry: ListenEntry, names: NameTable | null) {
    const { options } = entry
    this.options = options
    this.key = this.name = options.text
    this.host = options.host
    this.port = options.port
    this.path = options.path
    this.backlog = options.backlog
    this.ipv6only = options.ipv6only
    this.ssl = options.ssl
    this.http2 = options.http2
    this.proxyProtocol = options.proxyProtocol
    this.defaultServer = entry.defaultServer
    this.names = names
  }

  /**
   * The server of a host name (validated, lower case, without port; '' for none). A regex name sets the captures of
   * `r`.
   */
  find(host: string, r: Request | null): CoreSrvConf {
    return this.names === null ? this.defaultServer : this.names.find(host, r) ?? this.defaultServer
  }

  /**
   * The address whose servers answer a connection that came in at `localAddress` (numeric): itself but for some on a
   * wildcard socket.
   */
  at(localAddress: string): ListenAddress {
    return this.within.size === 0 ? this : this.within.get(localAddress) ?? this
  }

  /** Lets this wildcard socket serve an address that needs no socket of its own. */
  adopt(address: ListenAddress): void {
    this.within.set(address.host, address)
  }
}

/** What http{} serves: the addresses to listen on, in the order of the configuration. */
export class HttpMain {
  readonly addresses: readonly ListenAddress[]

  constructor(addresses: readonly ListenAddress[]) {
    this.addresses = addresses
  }
}

/**
 * Adds a server to an address (ngx_http_add_listen). Throws ConfigError for a second `listen` of the same address in
 * one server, for socket options given twice, and for a second default server; warns when protocols differ.
 */
export function addListen(cf: Cf, main: CoreMainConf, server: CoreSrvConf, options: ListenOptions): void {
  const entry = main.listens.get(options.text)
  if (entry === undefined) {
    main.listens.set(options.text, { options, servers: [server], defaultServer: server, protocols: null })
    return
  }
  if (entry.servers.includes(server)) cf.fail(`a duplicate listen ${options.text}`)
  entry.servers.push(server)
  const before = entry.options
  if (options.set && before.set) cf.fail(`duplicate listen options for ${options.text}`)
  if (options.defaultServer && before.defaultServer) cf.fail(`a duplicate default server for ${options.text}`)
  if (options.defaultServer) entry.defaultServer = server
  checkProtocols(cf, entry, options)
  entry.options = {
    ...(options.set ? options : before),
    defaultServer: before.defaultServer || options.defaultServer, ssl: before.ssl || options.ssl,
    http2: before.http2 || options.http2, proxyProtocol: before.proxyProtocol || options.proxyProtocol,
  }
}

function protocolBits(options: ListenOptions): number {
  return (options.proxyProtocol ? 1 : 0) | (options.ssl ? 2 : 0) | (options.http2 ? 4 : 0)
}

/**
 * Servers of an address share its protocols, so a `listen` that names others is worth a warning: unless one of the two
 * just names the address, without socket options and protocols.
 */
function checkProtocols(cf: Cf, entry: ListenEntry, options: ListenOptions): void {
  const before = protocolBits(entry.options)
  const now = protocolBits(options)
  const redefined = () => cf.warn(`protocol options redefined for ${options.text}`, 1)
  const { protocols } = entry
  if ((now | before) !== before) {
    if ((entry.options.set && !options.set) || protocols?.changed === true || (now | before) !== now) redefined()
    entry.protocols = { bits: before, changed: true }
  } else if ((before | now) !== now) {
    if (options.set || (protocols !== null && now !== protocols.bits)) redefined()
    entry.protocols = { bits: now, changed: true }
  } else {
    if (protocols !== null && now !== protocols.bits) redefined()
    entry.protocols = { bits: now, changed: protocols?.changed ?? false }
  }
}

/**
 * Makes the addresses ready to serve. Where `*:port` is listened on, an address of that port without socket options
 * gets no socket: the wildcard's connections are told apart by their local address. Conflicting names are warned of,
 * bad wildcards reported.
 */
export function buildServers(cf: Cf, main: CoreMainConf): HttpMain {
  const addresses: ListenAddress[] = []
  for (const entries of byPort(main).values()) {
    const wildcard = entries.find((entry) => entry.options.wildcard)
    const all = entries.map((entry) => new ListenAddress(entry, nameTable(cf, entry)))
    const any = wildcard === undefined ? null : all[entries.indexOf(wildcard)]!
    for (const address of all) {
      if (any !== null && address !== any && !address.options.bind) any.adopt(address)
      else addresses.push(address)
    }
  }
  return new HttpMain(addresses)
}

/** The entries by family and port; each unix socket alone. */
function byPort(main: CoreMainConf): Map<string, ListenEntry[]> {
  const groups = new Map<string, ListenEntry[]>()
  for (const entry of main.listens.values()) {
    const { family, port, text } = entry.options
    const key = family === 'unix' ? text : `${family}:${port}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [entry])
    else group.push(entry)
  }
  return groups
}

/** The names of an address; null when its default server answers whatever the name. */
function nameTable(cf: Cf, entry: ListenEntry): NameTable | null {
  if (entry.servers.length === 1 && !entry.defaultServer.captures) return null
  const table = new NameTable()
  const { text } = entry.options
  for (const server of entry.servers) {
    for (const name of server.serverNames) {
      const added = table.add(name)
      if (added === 'invalid') cf.report(new ConfigError(`invalid server name or wildcard "${name.name}" on ${text}`))
      if (added !== 'conflict') continue
      // nginx names no place here, so `cf.warn` is not what is needed.
      const error = new ConfigError(`conflicting server name "${name.name}" on ${text}, ignored`)
      cf.cycle.problems.push({ level: 'warn', error })
    }
  }
  return table
}

import type { Cf } from '../../conf/cf.ts'
import type { Place } from '../../core/place.ts'
import type { Request } from '../../http/request.ts'
import type { Endpoint, UpstreamUrl } from './address.ts'
import type { Method } from './methods.ts'
import type { PeerLists, Selection, ServerLine } from './peers.ts'
import { ConfigError } from '../../core/errors.ts'
import { IdleLinks } from './idle.ts'
import { roundRobin } from './methods.ts'
import { PeerList } from './peers.ts'
import { endpointsOf } from './resolve.ts'

/** What `upstream{}` says of connections that are kept open (nginx's defaults); times in ms. */
export interface KeepaliveConf {
  /** Idle connections kept in this worker at most; 0: none. */
  max: number | undefined
  requests: number | undefined
  time: number | undefined
  timeout: number | undefined
}

/** Several servers under one name: an `upstream{}`, or the address of a `proxy_pass`. */
export class UpstreamGroup {
  readonly host: string
  /** 0 for an `upstream{}`. */
  port: number
  noPort: boolean
  /** Made by `upstream{}`. */
  defined: boolean
  place: Place | null
  /** The address of a `proxy_pass` that named no `upstream{}`. */
  readonly url: UpstreamUrl | null
  readonly lines: ServerLine[] = []
  method: Method | null = null
  /** What the method allows `server` to say; null: everything. */
  allowed: ReadonlySet<string> | null = null
  readonly keepalive: KeepaliveConf = { max: undefined, requests: undefined, time: undefined, timeout: undefined }
  readonly idle = new IdleLinks()
  private lists: PeerLists | null = null

  constructor(
    host: string, port: number, noPort: boolean, defined: boolean, place: Place | null, url: UpstreamUrl | null,
  ) {
    this.host = host
    this.port = port
    this.noPort = noPort
    this.defined = defined
    this.place = place
    this.url = url
  }

  /** Makes the servers ready; throws ConfigError when there is none to connect to. */
  complete(cf: Cf): void {
    const { url, keepalive } = this
    if (!this.defined && url !== null) {
      const endpoints = endpointsOf(cf.cycle, url)
      if (endpoints.length === 0) throw new ConfigError(`host not found in upstream "${this.host}"`, this.place)
      this.lines.push(soleServer(this.host, endpoints))
    }
    const backups = this.lines.filter((line) => line.backup)
    const primaries = this.lines.filter((line) => !line.backup)
    if (primaries.length === 0) throw new ConfigError(`no servers in upstream "${this.host}"`, this.place)
    this.lists = { primary: new PeerList(primaries), backup: backups.length === 0 ? null : new PeerList(backups) }
    const { max, requests, time, timeout } = keepalive
    this.idle.configure(max ?? 32, requests ?? 1000, time ?? 3600000, timeout ?? 60000)
  }

  /** Starts choosing servers for a request. */
  select(r: Request): Selection { return (this.method ?? roundRobin)(r, this.lists!) }
}

/** The one server of an address without `upstream{}`. */
function soleServer(name: string, endpoints: readonly Endpoint[]): ServerLine {
  return { name, endpoints, weight: 1, maxConns: 0, maxFails: 1, failTimeout: 10, down: false, backup: false }
}

/** A group that is made while a request runs, for an address that only variables tell. */
export function adHocGroup(url: UpstreamUrl, endpoints: readonly Endpoint[]): UpstreamGroup {
  const group = new UpstreamGroup(url.host, url.port, url.noPort, true, null, null)
  group.lines.push(soleServer(url.host, endpoints))
  group.keepalive.max = 0
  group.complete(null as never)
  return group
}

const portNote = 'the ports stand with the servers inside upstream{}'

/** Every upstream of one configuration (the upstream module's main conf). */
export class UpstreamRegistry {
  readonly groups: UpstreamGroup[] = []

  /**
   * The group that an address of `proxy_pass` means: an `upstream{}` of that name, which may also follow later, or a
   * new one.
   */
  use(cf: Cf, url: UpstreamUrl, argument: number): UpstreamGroup {
    for (const group of this.named(url.host)) {
      if (group.defined && !url.noPort) cf.fail(`upstream "${url.host}" may not have port ${url.port}`, argument, portNote)
      if (group.defined || group.port === url.port) return group
    }
    const made = new UpstreamGroup(url.host, url.port, url.noPort, false, cf.place, url)
    this.groups.push(made)
    return made
  }

  /** The group of a new `upstream NAME {}`; earlier uses of the name mean it too. */
  define(cf: Cf, name: string): UpstreamGroup {
    for (const group of this.named(name)) {
      if (group.defined) cf.fail(`duplicate upstream "${name}"`, 1)
      if (!group.noPort) throw new ConfigError(`upstream "${name}" may not have port ${group.port}`, group.place, portNote)
      group.defined = true
      group.port = 0
      group.place = cf.place
      return group
    }
    const made = new UpstreamGroup(name, 0, true, true, cf.place, null)
    this.groups.push(made)
    return made
  }

  /** The group that a run-time address means, or null. */
  find(url: UpstreamUrl): UpstreamGroup | null {
    for (const group of this.named(url.host)) {
      if (group.defined ? url.noPort : group.port === url.port) return group
    }
    return null
  }

  private named(host: string): UpstreamGroup[] {
    const lower = host.toLowerCase()
    return this.groups.filter((group) => group.host.toLowerCase() === lower)
  }
}

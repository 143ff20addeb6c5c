/** Which server of an address a host name selects (nginx.md §2.2). */
import type { Request } from './request.ts'
import type { CoreSrvConf, ServerName } from './core/conf.ts'

/**
 * What became of a name that was to be added: `conflict` when it is there already, `invalid` when nginx has no such
 * wildcard.
 */
export type Added = 'added' | 'conflict' | 'invalid'

/** The names of the servers of one address: exact ones in a Map, wildcards by their fixed part, regexes in order. */
export class NameTable {
  private readonly exact = new Map<string, CoreSrvConf>()
  /** `*.a.b` by `a.b`. */
  private readonly heads = new Map<string, CoreSrvConf>()
  /** `a.b.*` by `a.b`. */
  private readonly tails = new Map<string, CoreSrvConf>()
  private readonly regexes: ServerName[] = []
  /**
   * Most labels of a head and of a tail: longer pieces of a host need not be looked up, however long a client makes it.
   */
  private headLabels = 0
  private tailLabels = 0

  /** Adds a name of `server_name`; of equal names the first stays. */
  add(entry: ServerName): Added {
    const { name, server } = entry
    if (entry.regex !== null) {
      this.regexes.push(entry)
      return 'added'
    }
    if (name.includes('..') || name.includes('\0')) return 'invalid'
    const stars = name.split('*').length - 1
    if (stars === 0 && !(name.startsWith('.') && name.length > 1)) return addTo(this.exact, name, server)
    if (stars === 0) return this.addHead(name.slice(1), server, true)
    if (stars === 1 && name.startsWith('*.') && name.length > 2) return this.addHead(name.slice(2), server, false)
    if (stars === 1 && name.endsWith('.*') && name.length > 2) {
      const rest = name.slice(0, -2)
      this.tailLabels = Math.max(this.tailLabels, labels(rest))
      return addTo(this.tails, rest, server)
    }
    return 'invalid'
  }

  private addHead(rest: string, server: CoreSrvConf, itself: boolean): Added {
    if (itself && this.exact.has(rest)) return 'conflict'
    if (addTo(this.heads, rest, server) === 'conflict') return 'conflict'
    this.headLabels = Math.max(this.headLabels, labels(rest))
    if (itself) this.exact.set(rest, server)
    return 'added'
  }

  /**
   * The server of a host name (lower case, '' when the request names none), or null. Exact, then the longest `*.x`,
   * then the longest `x.*`, then the first regex, which sets the request's captures.
   */
  find(host: string, r: Request | null): CoreSrvConf | null {
    const exact = this.exact.get(host)
    if (exact !== undefined) return exact
    if (host === '') return null
    if (this.headLabels > 0) {
      const server = this.findHead(host)
      if (server !== undefined) return server
    }
    if (this.tailLabels > 0) {
      const server = this.findTail(host)
      if (server !== undefined) return server
    }
    for (let i = 0; i < this.regexes.length; i++) {
      const { regex, server } = this.regexes[i]!
      if (r === null ? regex!.test(host) : regex!.exec(r, host)) return server
    }
    return null
  }

  private findHead(host: string): CoreSrvConf | undefined {
    let dot = host.length
    for (let i = 0; i < this.headLabels && dot > 0; i++) dot = host.lastIndexOf('.', dot - 1)
    // A wildcard stands for something: the piece must not be the whole host.
    if (dot <= 0) dot = host.indexOf('.', 1)
    while (dot > 0) {
      const server = this.heads.get(host.slice(dot + 1))
      if (server !== undefined) return server
      dot = host.indexOf('.', dot + 1)
    }
    return undefined
  }

  private findTail(host: string): CoreSrvConf | undefined {
    let dot = -1
    for (let i = 0; i < this.tailLabels; i++) {
      const next = host.indexOf('.', dot + 1)
      if (next < 0) break
      dot = next
    }
    while (dot > 0) {
      const server = this.tails.get(host.slice(0, dot))
      if (server !== undefined) return server
      dot = host.lastIndexOf('.', dot - 1)
    }
    return undefined
  }
}

function addTo(map: Map<string, CoreSrvConf>, name: string, server: CoreSrvConf): Added {
  if (map.has(name)) return 'conflict'
  map.set(name, server)
  return 'added'
}

function labels(name: string): number {
  return name.split('.').length
}

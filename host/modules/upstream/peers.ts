/**
 * The servers of an upstream and nginx's smooth weighted round robin among them (ngx_http_upstream_round_robin.c's
 * behaviour).
 */
import type { Endpoint } from './address.ts'

/** What one `server` line of an upstream says. Times in seconds. */
export interface ServerLine {
  /** The address as written. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly weight: number
  readonly maxConns: number
  readonly maxFails: number
  readonly failTimeout: number
  readonly down: boolean
  readonly backup: boolean
}

/** One address to connect to, with what this worker knows of its health. */
export class Peer {
  readonly endpoint: Endpoint
  readonly line: ServerLine
  readonly weight: number
  current = 0
  /** The weight in use: falls with failures, grows back. */
  effective: number
  /** Requests in progress. */
  conns = 0
  fails = 0
  /** Seconds: the last failure, and when the server was last tried after it. */
  accessed = 0
  checked = 0

  constructor(endpoint: Endpoint, line: ServerLine) {
    this.endpoint = endpoint
    this.line = line
    this.weight = this.effective = line.weight
  }

  /** Whether requests may go here at `now` (seconds): not down, not failed lately, not full. */
  usable(now: number): boolean {
    const { line } = this
    if (line.down) return false
    if (line.maxFails > 0 && this.fails >= line.maxFails && now - this.checked <= line.failTimeout) return false
    return line.maxConns === 0 || this.conns < line.maxConns
  }
}

/** The primary servers of an upstream, or its backups. */
export class PeerList {
  readonly peers: readonly Peer[]
  readonly totalWeight: number
  /** How many servers are not down: so often a request may try. */
  readonly tries: number

  constructor(lines: readonly ServerLine[]) {
    this.peers = lines.flatMap((line) => line.endpoints.map((endpoint) => new Peer(endpoint, line)))
    this.totalWeight = this.peers.reduce((sum, peer) => sum + peer.weight, 0)
    this.tries = this.peers.filter((peer) => !peer.line.down).length
  }

  /** The peer in whose share of the total weight `point` (0 up to the total) falls. */
  atWeight(point: number): Peer {
    for (const peer of this.peers) {
      point -= peer.weight
      if (point < 0) return peer
    }
    return this.peers[this.peers.length - 1]!
  }
}

/** Both lists of one upstream. */
export interface PeerLists {
  readonly primary: PeerList
  readonly backup: PeerList | null
}

/**
 * How a try ended, for the choice of the next: `next` is an answer that another server may know better (403, 404),
 * which is no failure.
 */
export type Outcome = 'ok' | 'failed' | 'next'

/** The choice of servers for one request: round robin here, other methods override `pick`. */
export class Selection {
  protected list: PeerList
  private readonly backup: PeerList | null
  protected readonly tried = new Set<Peer>()
  /** A lone server is always asked, whatever happened before. */
  protected readonly single: boolean
  /** Servers that may still be tried. */
  tries: number

  constructor(lists: PeerLists) {
    this.list = lists.primary
    this.backup = lists.backup
    this.single = lists.primary.peers.length === 1 && lists.backup === null
    this.tries = lists.primary.tries + (lists.backup?.tries ?? 0)
  }

  /** The next server to try at `now` (milliseconds), or null when none is left; the caller gives it back by `free`. */
  next(now: number): Peer | null {
    const seconds = Math.floor(now / 1000)
    let peer = this.single ? this.lone() : this.pick(seconds)
    if (peer === null && this.backup !== null && this.list !== this.backup) {
      this.list = this.backup
      this.tried.clear()
      peer = this.roundRobin(seconds)
    }
    if (peer !== null) peer.conns++
    return peer
  }

  private lone(): Peer | null {
    const peer = this.list.peers[0]!
    const { down, maxConns } = peer.line
    return down || (maxConns > 0 && peer.conns >= maxConns) ? null : peer
  }

  /** Chooses a server of `list` that was not tried yet. */
  protected pick(now: number): Peer | null { return this.roundRobin(now) }

  protected roundRobin(now: number, among: (peer: Peer) => boolean = everyPeer): Peer | null {
    let best: Peer | null = null
    let total = 0
    for (const peer of this.list.peers) {
      if (this.tried.has(peer) || !peer.usable(now) || !among(peer)) continue
      peer.current += peer.effective
      total += peer.effective
      if (peer.effective < peer.weight) peer.effective++
      if (best === null || peer.current > best.current) best = peer
    }
    if (best === null) return null
    best.current -= total
    return this.take(best, now)
  }

  protected take(peer: Peer, now: number): Peer {
    this.tried.add(peer)
    if (now - peer.checked > peer.line.failTimeout) peer.checked = now
    return peer
  }

  /** Ends the use of a server; returns true when this failure made it unavailable for a while (worth a warning). */
  free(peer: Peer, outcome: Outcome, now: number): boolean {
    peer.conns--
    if (this.single) {
      this.tries = 0
      return false
    }
    if (this.tries > 0) this.tries--
    const { maxFails } = peer.line
    if (outcome !== 'failed') {
      if (peer.accessed < peer.checked) peer.fails = 0
      return false
    }
    peer.fails++
    peer.accessed = peer.checked = Math.floor(now / 1000)
    if (maxFails === 0) return false
    peer.effective = Math.max(0, peer.effective - Math.floor(peer.weight / maxFails))
    return peer.fails >= maxFails
  }
}

function everyPeer(): boolean { return true }

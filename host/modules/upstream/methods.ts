/**
 * The other ways to choose a server: least_conn, ip_hash, hash, random. Each answers as nginx's module of that name
 * does.
 */
import { crc32 } from 'node:zlib'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import type { Peer, PeerLists } from './peers.ts'
import { inet6Address } from '../../http/core/hostnames.ts'
import { Selection } from './peers.ts'
import type { Continuum } from './continuum.ts'

/** After so many servers that could not be taken, the hashing methods fall back to round robin. */
const hashTries = 20

/** `least_conn`: fewest requests in progress for its weight; equals take turns. */
class LeastConnections extends Selection {
  protected override pick(now: number): Peer | null {
    let best: Peer | null = null
    let several = false
    for (const peer of this.list.peers) {
      if (this.tried.has(peer) || !peer.usable(now)) continue
      if (best === null || peer.conns * best.weight < best.conns * peer.weight) {
        best = peer
        several = false
      } else if (peer.conns * best.weight === best.conns * peer.weight) several = true
    }
    if (best === null) return null
    if (!several) return this.take(best, now)
    const least = best
    return this.roundRobin(now, (peer) => peer.conns * least.weight === least.conns * peer.weight)
  }
}

/** Shared by the methods that compute a place and step on while the server there cannot be taken. */
abstract class Hashing extends Selection {
  private misses = 0

  /** The server of the next place. */
  protected abstract step(): Peer

  protected override pick(now: number): Peer | null {
    while (this.misses <= hashTries) {
      const peer = this.step()
      if (!this.tried.has(peer) && peer.usable(now)) return this.take(peer, now)
      this.misses++
    }
    return this.roundRobin(now)
  }
}

/** `ip_hash`: by the first three numbers of an IPv4 address, or the whole IPv6 address. */
class AddressHash extends Hashing {
  private readonly bytes: readonly number[]
  private hash = 89

  constructor(lists: PeerLists, address: string) {
    super(lists)
    this.bytes = addressBytes(address)
  }

  protected step(): Peer {
    for (const byte of this.bytes) this.hash = (this.hash * 113 + byte) % 6271
    return this.list.atWeight(this.hash % this.list.totalWeight)
  }
}

/** The bytes that `ip_hash` looks at; three zeros for what is no IP address. */
function addressBytes(address: string): number[] {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) return address.split('.').slice(0, 3).map(Number)
  const plain = inet6Address(address)
  if (plain === null) return [0, 0, 0]
  const [head, tail] = plain.split('::') as [string, string | undefined]
  const words = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'))
  const left = words(head)
  const right = words(tail)
  const all = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return all.slice(0, 8).flatMap((word) => {
    const value = parseInt(word, 16)
    return [value >> 8, value & 255]
  })
}

/** `hash KEY`: as Cache::Memcached does; a server that cannot be taken moves the key to another one by rehashing. */
class KeyHash extends Hashing {
  private readonly key: string
  private hash = 0
  private rehash = 0

  constructor(lists: PeerLists, key: string) {
    super(lists)
    this.key = key
  }

  protected step(): Peer {
    const text = this.rehash > 0 ? `${this.rehash}${this.key}` : this.key
    this.hash = (this.hash + ((crc32(Buffer.from(text, 'latin1')) >>> 16) & 0x7fff)) >>> 0
    this.rehash++
    return this.list.atWeight(this.hash % this.list.totalWeight)
  }
}

/** `hash KEY consistent`: ketama; when a server joins or leaves, few keys move. */
export class ConsistentHash extends Selection {
  private readonly points: Continuum
  private at: number
  private misses = 0

  constructor(lists: PeerLists, points: Continuum, key: string) {
    super(lists)
    this.points = points
    this.at = points.find(crc32(Buffer.from(key, 'latin1')))
  }

  protected override pick(now: number): Peer | null {
    while (this.misses <= hashTries) {
      const server = this.points.server(this.at)
      const peer = this.roundRobin(now, (one) => one.line.name === server)
      if (peer !== null) return peer
      this.at++
      this.misses++
    }
    return this.roundRobin(now)
  }
}

/** `random [two [least_conn]]`: by chance and weight; with `two`, the less busy of two. */
class RandomChoice extends Selection {
  private readonly two: boolean

  constructor(lists: PeerLists, two: boolean) {
    super(lists)
    this.two = two
  }

  protected override pick(now: number): Peer | null {
    const first = this.draw(now, null)
    if (first === null) return this.roundRobin(now)
    if (!this.two) return this.take(first, now)
    const second = this.draw(now, first)
    if (second === null) return this.take(first, now)
    return this.take(second.conns * first.weight < first.conns * second.weight ? second : first, now)
  }

  private draw(now: number, but: Peer | null): Peer | null {
    for (let i = 0; i <= hashTries; i++) {
      const peer = this.list.atWeight(Math.floor(Math.random() * this.list.totalWeight))
      if (peer !== but && !this.tried.has(peer) && peer.usable(now)) return peer
    }
    return null
  }
}

/** Makes the choice of servers for one request of an upstream. */
export type Method = (r: Request, lists: PeerLists) => Selection

/** Plain round robin. */
export const roundRobin: Method = (_r, lists) => new Selection(lists)
/** `least_conn;` */
export const leastConnections: Method = (_r, lists) => new LeastConnections(lists)
/** `ip_hash;` */
export const addressHash: Method = (r, lists) => new AddressHash(lists, r.remoteAddress)
/** `hash KEY;` */
export function keyHash(key: Template): Method { return (r, lists) => new KeyHash(lists, key.evaluate(r)) }
/** `random [two …];` */
export function randomChoice(two: boolean): Method { return (_r, lists) => new RandomChoice(lists, two) }

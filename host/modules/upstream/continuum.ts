import { crc32 } from 'node:zlib'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import type { PeerList, PeerLists } from './peers.ts'
import type { Method } from './methods.ts'
import { ConsistentHash } from './methods.ts'

/** Points per unit of weight on the circle, as in Cache::Memcached::Fast. */
const pointsPerWeight = 160

/** The circle of `hash … consistent`: points in ascending order, each belonging to a server. */
export class Continuum {
  private readonly hashes: Uint32Array
  private readonly servers: readonly string[]

  constructor(list: PeerList) {
    const points = list.peers.flatMap((peer) => pointsOf(peer.line.name, peer.weight))
    points.sort((a, b) => a.hash - b.hash)
    const unique = points.filter((point, i) => i === 0 || point.hash !== points[i - 1]!.hash)
    this.hashes = Uint32Array.from(unique, (point) => point.hash)
    this.servers = unique.map((point) => point.server)
  }

  /** The index of the first point at or after a hash; past the end it is the number of points. */
  find(hash: number): number {
    let low = 0
    let high = this.hashes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.hashes[middle]! < hash) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The server of a point, counted around the circle. */
  server(index: number): string { return this.servers[index % this.servers.length]! }
}

function pointsOf(server: string, weight: number): { hash: number, server: string }[] {
  const unix = /^unix:/i.test(server)
  const colon = unix ? -1 : server.lastIndexOf(':')
  const port = colon >= 0 && /^\d+$/.test(server.slice(colon + 1)) ? server.slice(colon + 1) : ''
  const host = unix ? server.slice(5) : port === '' ? server : server.slice(0, colon)
  const base = crc32(Buffer.from(`${host}\0${port}`, 'latin1'))
  const previous = Buffer.alloc(4)
  const points = []
  for (let i = 0; i < weight * pointsPerWeight; i++) {
    const hash = crc32(previous, base)
    points.push({ hash, server })
    previous.writeUInt32LE(hash)
  }
  return points
}

/** `hash KEY consistent;` */
export function consistentHash(key: Template): Method {
  const circles = new WeakMap<PeerList, Continuum>()
  return (r: Request, lists: PeerLists) => {
    let points = circles.get(lists.primary)
    if (points === undefined) circles.set(lists.primary, points = new Continuum(lists.primary))
    return new ConsistentHash(lists, points, key.evaluate(r))
  }
}

/** The commands of group `zone`. They run in the master, which shares the zones' memory with all workers. */
import { suggest } from '../core/suggest.ts'
import { bytesOf, textOf } from '../core/text.ts'
import { Outcome } from '../core/zoneentries.ts'
import type { ZoneStore } from '../core/zonestore.ts'
import { ZoneBusy, complaint } from '../core/zonestore.ts'
import type { Zone } from '../core/zones.ts'
import { parseMsec } from '../core/units.ts'
import type { Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import { optionalText, textParam } from './params.ts'
import type { ServerControl } from './server.ts'

/** Entries that `zone.dump` answers when nothing is said, and at most. */
const dumpDefault = 1000
const dumpMost = 100_000

/** The commands about key/value zones. */
export function zoneCommands(server: ServerControl): Command[] {
  const find = (params: unknown): Zone => {
    const name = textParam(params, 0, 'zone')
    const zones = server.zones()
    const zone = zones.find((candidate) => candidate.name === name)
    if (zone !== undefined) return zone
    const meant = suggest(name, zones.map((candidate) => candidate.name))
    throw new RpcError(RpcCode.Failed, `there is no zone "${name}"`, meant === null ? undefined : { suggestion: meant })
  }
  const command = (name: string, usage: string, effect: Command['effect'], run: (zone: Zone, params: unknown) => unknown): Command => ({
    name, usage, effect, run: (params) => whenFree(() => run(find(params), params)),
  })
  return [{
    name: 'zone.list',
    usage: 'zone.list: the key/value zones with their size, entries, eviction and file',
    effect: 'read',
    run: () => whenFree(() => server.zones().map(describe)),
  },
  command('zone.stats', 'zone.stats ZONE: entries, bytes, hits, misses, and what was evicted, expired or refused', 'read', ({ store }) => store.stats()),
  command('zone.get', 'zone.get ZONE KEY: the value of a key, null when it is not there', 'read', ({ store }, params) => {
    const value = store.get(keyParam(params))
    return value === null ? null : textOf(value.latin1Slice())
  }),
  command('zone.dump', `zone.dump ZONE [PREFIX] [COUNT]: keys that begin with PREFIX, their values and seconds to live, at most COUNT (${dumpDefault})`, 'read',
    ({ store }, params) => dump(store, bytesOf(optionalText(params, 1, 'prefix') ?? ''), countParam(params))),
  command('zone.set', 'zone.set ZONE KEY VALUE [TIME]: set a key, for a time (30s, 1h) when one is given', 'write', ({ store }, params) => {
    const key = keyParam(params)
    const value = Buffer.from(optionalText(params, 2, 'value') ?? '', 'utf8')
    const outcome = store.set(key, value, timeParam(params))
    if (outcome !== Outcome.Done) throw new RpcError(RpcCode.Failed, complaint(store, outcome, key.length, value.length))
    return 'set'
  }),
  command('zone.delete', 'zone.delete ZONE KEY: remove a key; false when it was not there', 'write', ({ store }, params) =>
    store.delete(keyParam(params)) === Outcome.Done),
  ]
}

function describe({ name, size, store, settings }: Zone): unknown {
  const { entries, free } = store.stats()
  const file = settings!.file === null ? {} : { file: textOf(settings!.file), sync: settings!.sync }
  return { name, size, entries, free, evict: settings!.evict ? 'lru' : 'off', ...file }
}

function keyParam(params: unknown): string {
  return bytesOf(textParam(params, 1, 'key'))
}

/** Milliseconds; 0 when no time is given. */
function timeParam(params: unknown): number {
  const text = optionalText(params, 3, 'time')
  const time = text === undefined ? 0 : parseMsec(text)
  if (time === null || (text !== undefined && time === 0)) throw new RpcError(RpcCode.InvalidParams, `invalid time "${text}"`)
  return time
}

function countParam(params: unknown): number {
  const text = optionalText(params, 2, 'count')
  const count = text === undefined ? dumpDefault : Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= dumpMost) return count
  throw new RpcError(RpcCode.InvalidParams, `parameter "count" must be from 1 to ${dumpMost}, not ${text}`)
}

function dump(store: ZoneStore, prefix: string, count: number): unknown {
  const found: { key: string, value: string, ttl?: number }[] = []
  let cursor = 0
  do {
    cursor = store.each(cursor, 256, (key, entry) => {
      if (found.length >= count || !key.startsWith(prefix)) return
      const left = store.entries.left(entry)
      found.push({
        key: textOf(key), value: textOf(store.entries.value(entry).latin1Slice()), ...(left === 0 ? {} : { ttl: Math.ceil(left / 1000) }),
      })
    })
  } while (cursor !== 0 && found.length < count)
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

function whenFree<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof ZoneBusy) throw new RpcError(RpcCode.Failed, `${error.message}; try again`)
    throw error
  }
}

import type { Cycle } from '../../cycle.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { missingGrant } from '../../core/grants.ts'
import type { ZoneStore } from '../../core/zonestore.ts'
import { GuestFault } from '../trap.ts'
import { ABSENT, bounds } from './abi.ts'

/** Zones that one plugin may open. */
const zoneLimit = 256
/** The longest time to live in milliseconds: a thousand years, which a clock survives. */
const longestTtl = 1000 * 365 * 86400_000
/** Keys that one `zone_each` tells, and how often it looks for them where there are none. */
const keysAtOnce = 64
const looksAtOnce = 64

/** The zones that a plugin has opened: its ids are positions. */
export class PluginZones {
  readonly names: string[] = []
  private readonly stores: (ZoneStore | null)[] = []
  private readonly plugin: string
  private cycle: Cycle | null = null

  constructor(plugin: string) {
    this.plugin = plugin
  }

  /** Gives it the cycle that it works in, whose zones and grants are known by then or soon. */
  attach(cycle: Cycle): void { this.cycle = cycle }

  /**
   * The id of a zone; the same name has the same id. Before the configuration is complete any name will do, and what
   * is wrong with it becomes an error of the configuration; after that it is a fault.
   */
  open(name: string): number {
    const known = this.names.indexOf(name)
    if (known >= 0) return known
    if (this.names.length >= zoneLimit) throw new GuestFault(`opened more than ${zoneLimit} zones`)
    if (this.cycle !== null) this.find(name)
    this.names.push(name)
    this.stores.push(null)
    return this.names.length - 1
  }

  /** The store of an id; a fault when it is none, or when the server is not ready. */
  store(id: number): ZoneStore {
    const store = this.stores[id]
    if (store !== undefined && store !== null) return store
    const name = this.names[id]
    if (name === undefined) throw new GuestFault(`used zone ${id}, which it has not opened`)
    return this.stores[id] = this.find(name)
  }

  private find(name: string): ZoneStore {
    const { cycle, plugin } = this
    if (cycle === null) throw new GuestFault(`used zone "${name}" before the configuration was complete`)
    if (!cycle.grants.has(plugin, 'zone', name)) {
      throw new GuestFault(`used zone "${name}", which it may not; ${missingGrant(plugin, 'zone', name)}`)
    }
    const zone = cycle.zones.get(name)
    if (zone === null || zone.settings === null) throw new GuestFault(`used zone "${name}", which is not there`)
    if (zone.memory === null) throw new GuestFault(`used zone "${name}" before the configuration was complete`)
    return zone.store
  }
}

/** The functions that work on zones. */
export function zoneImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  const { zones } = plugin
  const key = (pointer: number, length: number): string => plugin.named(pointer, length)
  const value = (pointer: number, length: number): Uint8Array => {
    const at = instance.range(pointer, length)
    return instance.bytes.subarray(at, at + length)
  }
  return {
    zone_open: (pointer, length) => zones.open(instance.text(pointer!, length!, bounds.name)),
    zone_get: (id, pointer, length, out, capacity) => {
      if (capacity! < 0) throw new GuestFault('gave a negative capacity')
      const at = instance.range(out!, capacity!)
      return zones.store(id!).read(key(pointer!, length!), instance.bytes, at, capacity!)
    },
    zone_set: (id, pointer, length, from, size, ttl) => {
      const store = zones.store(id!)
      return store.set(key(pointer!, length!), value(from!, size!), checkTtl(ttl!))
    },
    zone_add: (id, pointer, length, from, size, ttl) => {
      const store = zones.store(id!)
      return store.add(key(pointer!, length!), value(from!, size!), checkTtl(ttl!))
    },
    zone_cas: (id, pointer, length, old, oldSize, from, size, ttl) => {
      const store = zones.store(id!)
      const expected = oldSize === ABSENT ? null : value(old!, oldSize!)
      return store.cas(key(pointer!, length!), expected, value(from!, size!), checkTtl(ttl!))
    },
    zone_incr: (id, pointer, length, by, initial, ttl, out) => {
      const store = zones.store(id!)
      const at = instance.range(out!, 8)
      if (!Number.isSafeInteger(by) || !Number.isSafeInteger(initial)) throw new GuestFault(`added ${by} to ${initial}, which are not both integers`)
      const outcome = store.incr(key(pointer!, length!), by!, initial!, checkTtl(ttl!))
      if (outcome === 0) instance.bytes.writeDoubleLE(store.number, at)
      return outcome
    },
    zone_delete: (id, pointer, length) => zones.store(id!).delete(key(pointer!, length!)),
    zone_expire: (id, pointer, length, ttl) => zones.store(id!).expire(key(pointer!, length!), checkTtl(ttl!)),
    zone_ttl: (id, pointer, length) => zones.store(id!).ttl(key(pointer!, length!)),
    zone_each: (id, cursor, out, capacity) => {
      if (cursor! < 0 || capacity! < 0) throw new GuestFault(`listed a zone from ${cursor} into ${capacity} bytes`)
      return each(instance, zones.store(id!), cursor!, out!, capacity!)
    },
  }
}

function checkTtl(ttl: number): number {
  if (!(ttl >= 0 && ttl <= longestTtl)) throw new GuestFault(`gave a time to live of ${ttl} milliseconds`)
  return ttl
}

/**
 * Writes the next cursor, the number of keys, and each key behind its length, as 32-bit words and bytes; returns how
 * long that is, whether it fitted or not.
 */
function each(instance: Instance, store: ZoneStore, cursor: number, out: number, capacity: number): number {
  const at = instance.range(out, capacity)
  const keys: string[] = []
  let size = 8
  let next = cursor
  let looks = 0
  do {
    next = store.each(next, keysAtOnce - keys.length, (key) => {
      keys.push(key)
      size += 4 + key.length
    })
  } while (next !== 0 && keys.length === 0 && ++looks < looksAtOnce)
  if (size > capacity) return size
  const { bytes } = instance
  bytes.writeUInt32LE(next, at)
  bytes.writeUInt32LE(keys.length, at + 4)
  let to = at + 8
  for (const key of keys) {
    bytes.writeUInt32LE(key.length, to)
    bytes.latin1Write(key, to + 4, key.length)
    to += 4 + key.length
  }
  return size
}

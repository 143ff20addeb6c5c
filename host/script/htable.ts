import type { ZoneStore } from '../core/zonestore.ts'
import { Outcome } from '../core/zoneentries.ts'
import { decodeValue, encodeValue } from './encoding.ts'
import type { StoreHolder } from './shared.ts'
import { eachValue, holderOf } from './shared.ts'

/** One `modparam("htable", "htable", "name=>size=4;…")`. */
export interface TableDefinition {
  readonly name: string
  /** Power of two that Kamailio makes so many slots of; for htable.dump and htable.listTables. */
  readonly size: number
  /** Seconds that an entry lives; 0: for ever. */
  readonly autoexpire: number
  /** A change begins the time anew. */
  readonly updateexpire: boolean
  /** What a missing entry reads as. */
  readonly initval: number | string | null
  /** Names that are accepted and mean nothing here: a database, replication. */
  readonly ignored: readonly string[]
}

/** Parses a table's definition; a text is what is wrong with it. */
export function parseTable(text: string): TableDefinition | string {
  const arrow = text.indexOf('=>')
  const name = (arrow < 0 ? text : text.slice(0, arrow)).trim()
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) return `invalid hash table "${text}", write "NAME=>size=8;"`
  const table = { name, size: 0, autoexpire: 0, updateexpire: true, initval: null as number | string | null, ignored: [] as string[] }
  for (const item of arrow < 0 ? [] : text.slice(arrow + 2).split(';')) {
    if (item.trim() === '') continue
    const equals = item.indexOf('=')
    const key = item.slice(0, equals < 0 ? undefined : equals).trim()
    const value = equals < 0 ? '' : item.slice(equals + 1).trim()
    const number = /^[+-]?\d{1,9}$/.test(value) ? Number(value) : null
    if (key === 'initval') table.initval = number ?? value
    else if (key === 'size' || key === 'autoexpire' || key === 'updateexpire') {
      if (number === null) return `invalid "${key}" of the hash table "${name}": "${value}"`
      if (key === 'size' && (number < 2 || number > 31)) return `invalid "size" of the hash table "${name}": "${value}", it is 2 to 31`
      if (key === 'updateexpire') table.updateexpire = number !== 0
      else table[key] = Math.max(0, number)
    } else if (/^(dbtable|cols|dbmode|dmqreplicate)$/.test(key)) table.ignored.push(key)
    else return `unknown attribute "${key}" of the hash table "${name}"`
  }
  return table
}

/** One hash table, shared by all workers. Keys of 1 to 1024 bytes. */
export class HashTable {
  readonly definition: TableDefinition
  private readonly held: StoreHolder

  /** A holder may get its store after the configuration was read. */
  constructor(definition: TableDefinition, store: ZoneStore | StoreHolder) {
    this.definition = definition
    this.held = holderOf(store)
  }

  private get store(): ZoneStore { return this.held.store }

  /** The value or null; without regard to `initval`. */
  find(key: string): number | string | null {
    if (key === '') return null
    const bytes = this.store.get(key)
    return bytes === null ? null : decodeValue(bytes)
  }

  /** The value, `initval` or null. */
  get(key: string): number | string | null {
    return this.find(key) ?? this.definition.initval
  }

  /** Sets a value; `seconds` above 0 instead of the table's own time to live. False when it is not taken: no room, too long. */
  set(key: string, value: number | string, seconds = 0): boolean {
    const ttl = seconds > 0 ? seconds * 1000 : this.lifetime(key)
    return this.store.set(key, encodeValue(value), ttl) === Outcome.Done
  }

  private lifetime(key: string): number {
    const { autoexpire, updateexpire } = this.definition
    if (autoexpire === 0 || updateexpire) return autoexpire * 1000
    const left = this.store.ttl(key)
    return left < 0 ? autoexpire * 1000 : left
  }

  /** Adds to a number in one step for everybody; null when there is none, and no `initval` either. */
  add(key: string, by: number): number | null {
    if (key === '') return null
    for (let attempt = 0; attempt < 1000; attempt++) {
      const bytes = this.store.get(key)
      const value = bytes === null ? this.definition.initval : decodeValue(bytes)
      if (typeof value !== 'number') return null
      const next = (value + by) | 0
      const done = this.store.cas(key, bytes, encodeValue(next), this.lifetime(key))
      if (done === Outcome.Done) return next
      if (done !== Outcome.No) return null
    }
    return null
  }

  /** Whether there was such an entry. */
  delete(key: string): boolean { return key !== '' && this.store.delete(key) === Outcome.Done }

  /** Seconds that an entry has still to live, 0 for ever or none. */
  expiry(key: string): number {
    const left = key === '' ? -1 : this.store.ttl(key)
    return left <= 0 ? 0 : Math.ceil(left / 1000)
  }

  /** Another time to live; in a table without `autoexpire` nothing expires (Kamailio). Whether there is such an entry. */
  expire(key: string, seconds: number): boolean {
    if (this.definition.autoexpire === 0) return this.find(key) !== null
    return key !== '' && this.store.expire(key, Math.max(0, seconds) * 1000) === Outcome.Done
  }

  clear(): void { this.store.clear() }

  each(visit: (key: string, value: number | string) => void): void { eachValue(this.store, visit) }

  get count(): number { return this.store.stats().entries }
}

/** The tables of one configuration, in the order of their definitions. */
export class HashTables {
  private readonly tables = new Map<string, HashTable>()

  add(table: HashTable): void { this.tables.set(table.definition.name, table) }
  get(name: string): HashTable | undefined { return this.tables.get(name) }
  names(): string[] { return [...this.tables.keys()] }
  all(): HashTable[] { return [...this.tables.values()] }
}

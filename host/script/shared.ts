import { SharedTable } from '../core/sharedtable.ts'
import { ZoneStore } from '../core/zonestore.ts'
import { decodeValue, encodeValue } from './encoding.ts'

/** A store that this thread has for itself: for tests, and for configurations that are only checked. `size` in bytes. */
export function localStore(name: string, size = 1 << 18): ZoneStore {
  return new ZoneStore(name, new SharedTable(SharedTable.format(size)), size, false, null)
}

/** Whoever has a store, perhaps not yet: a zone gets its memory when the configuration is complete. */
export interface StoreHolder { readonly store: ZoneStore }

/** A store as one that has itself. */
export function holderOf(store: ZoneStore | StoreHolder): StoreHolder {
  return 'store' in store ? store : { store }
}

/** Shows every entry of a store: key and value. */
export function eachValue(store: ZoneStore, visit: (key: string, value: number | string) => void): void {
  for (let cursor = 0; ;) {
    cursor = store.each(cursor, 256, (key, entry) => visit(key, decodeValue(store.entries.value(entry))))
    if (cursor === 0) return
  }
}

/** `$shv`: variables that all workers share, in a zone. */
export class SharedVariables {
  private readonly held: StoreHolder

  /** A holder may get its store after the configuration was read. */
  constructor(store: ZoneStore | StoreHolder) {
    this.held = holderOf(store)
  }

  private get store(): ZoneStore { return this.held.store }

  /** The value; 0 when it was never set. */
  get(name: string): number | string {
    return this.find(name) ?? 0
  }

  /** The value, or null when it was never set. */
  find(name: string): number | string | null {
    if (name === '') return null
    const bytes = this.store.get(name)
    return bytes === null ? null : decodeValue(bytes)
  }

  /** False when there is no room for it. */
  set(name: string, value: number | string): boolean {
    return this.store.set(name, encodeValue(value), 0) === 0
  }

  /** First value from the configuration: a value that workers have set already stays. */
  preset(name: string, value: number | string): void {
    this.store.add(name, encodeValue(value), 0)
  }

  /** All names with their values, for pv.shvGet. */
  entries(): [string, number | string][] {
    const found: [string, number | string][] = []
    eachValue(this.store, (key, value) => found.push([key, value]))
    return found
  }
}

/** Reads `name=i:7` or `name=s:text` of modparam("pv", "shvset" | "varset", …); null when it is neither. */
export function parsePreset(text: string): { readonly name: string, readonly value: number | string } | null {
  const match = /^\s*([^=\s]+)\s*=\s*([is]):([^]*)$/.exec(text)
  if (match === null) return null
  const [, name, kind, rest] = match
  if (kind === 's') return { name: name!, value: rest! }
  return /^[+-]?\d{1,10}$/.test(rest!.trim()) ? { name: name!, value: Number(rest) | 0 } : null
}

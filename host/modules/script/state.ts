import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import type { ZoneStore } from '../../core/zonestore.ts'
import type { RouteBlock } from '../../script/ast.ts'
import type { ScriptOptions } from '../../script/compile/context.ts'
import type { ScriptMainConf } from './conf.ts'
import { HashTable, HashTables } from '../../script/htable.ts'
import type { StoreHolder } from '../../script/shared.ts'
import { SharedVariables, localStore } from '../../script/shared.ts'
import { Slots } from '../../script/slots.ts'
import { storeKind } from '../../core/zones.ts'

/** Bytes of the zones: of `$shv` together, of locks, the least of a table, and of each of its slots. */
const sizes = { shared: 1 << 20, locks: 1 << 18, table: 1 << 20, slot: 1024, mostTable: 1 << 28 }

/**
 * What all programs of a configuration have in common: variables that outlive a run, hash tables, locks. They lie in
 * zones that all workers share.
 */
export class ScriptState {
  readonly options: Pick<ScriptOptions, 'shared' | 'tables' | 'locks' | 'slots'>
  private readonly main: ScriptMainConf

  constructor(main: ScriptMainConf, options: ScriptState['options']) {
    this.main = main
    this.options = options
  }

  /** Called when the zones have their memory: gives shared variables their first values, where they have none. */
  begin(): void {
    for (const { name, value } of this.main.sharedValues) this.options.shared.preset(name, value)
  }

  get tables(): HashTables { return this.options.tables }
  get shared(): SharedVariables { return this.options.shared }
}

/** Makes the state for route blocks; zones are made for what they use only. */
export function makeState(cf: Cf, main: ScriptMainConf, blocks: readonly RouteBlock[]): ScriptState {
  const text = JSON.stringify(blocks.map(({ body }) => body), (key, value) => (key === 'place' ? undefined : value))
  const tables = new HashTables()
  for (const definition of main.tables) {
    const slots = definition.size === 0 ? 256 : 2 ** definition.size
    const size = Math.min(sizes.mostTable, Math.max(sizes.table, slots * sizes.slot))
    tables.add(new HashTable(definition, zone(cf, `htable:${definition.name}`, size)))
  }
  const shares = /\bshv\b/.test(text) || main.sharedValues.length > 0
  const options = {
    tables, slots: new Slots(main.variableValues),
    locks: /lock"/.test(text) ? zone(cf, 'script:locks', sizes.locks) : null,
    shared: new SharedVariables(shares ? zone(cf, 'script:shv', sizes.shared) : unused()),
  }
  return new ScriptState(main, options)
}

/** A store for names that are known at run time only; this thread's own. */
function unused(): StoreHolder {
  let made: ZoneStore | null = null
  return { get store() { return made ??= localStore('shv') } }
}

function zone(cf: Cf, name: string, size: number): Zone {
  const made = cf.cycle.zones.add(name, size, storeKind)
  made.settings ??= { evict: false, file: null, sync: 1000 }
  return made
}

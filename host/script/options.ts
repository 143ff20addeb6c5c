import type { ScriptOptions } from './compile/context.ts'
import { HashTables } from './htable.ts'
import { SharedVariables, localStore } from './shared.ts'
import { Slots } from './slots.ts'

/**
 * Options with Kamailio's defaults for what is not given. `slots`, `shared`, `tables` and `locks` belong to a configuration as a whole: who compiles
 * several programs gives the same ones to each.
 */
export function scriptOptions(given: Partial<ScriptOptions>): ScriptOptions {
  return {
    strict: false, maxWhileLoops: 100, maxRecursiveLevel: 256, formatLimit: 8192, debug: 0, steps: 1_000_000, milliseconds: 1000,
    file: '', defines: new Map(), settings: new Map(), variables: null, selects: null, selectTruth: given.strict === true ? 'kamailio' : 'seed', locks: null,
    statistic: () => null, isMyself: () => false, socket: () => null,
    shared: given.shared ?? new SharedVariables(localStore('shv')),
    tables: given.tables ?? new HashTables(), slots: given.slots ?? new Slots(),
    ...given,
  }
}

import type { Phase } from '../../module.ts'
import type { EventRoute } from '../../script/contract.ts'
import type { Place } from '../../core/place.ts'
import type { RouteBlock } from '../../script/ast.ts'
import type { Program } from '../../script/program.ts'
import type { TableDefinition } from '../../script/htable.ts'
import type { TruthMode } from '../../expr/select/truth.ts'
import type { ScriptState } from './state.ts'
import type { BoundEvent, BoundRoute } from './run.ts'

/** Whether something follows Kamailio where that is unsafe or surprising. */
export type Compat = 'safe' | 'strict'

/** A variable's first value. */
export interface Preset { readonly name: string, readonly value: number | string }

/** What is set once: `modparam`, and what a Kamailio file sets. */
export class ScriptMainConf {
  /** By module; `script` is the language itself. Absent: safe. */
  readonly compat = new Map<string, Compat>()
  /** Modules that a `modparam` or a `loadmodule` named, and where first. */
  readonly named = new Map<string, Place | null>()
  /** Every level's conf, in the order of reading. */
  readonly places: ScriptLocConf[] = []
  maxWhileLoops = 100
  maxRecursiveLevel = 256
  pvBufferSize = 8192
  /** Lines of xlog and the like of a higher level are left out; Infinity: the error log's level alone decides. */
  debug = Infinity
  /** `select_truth`; null: that of `compat`. */
  selectTruth: TruthMode | null = null
  /** The `Server` line of strict answers; null: Kamailio's, '' none. */
  serverLine: string | null = null
  /** The blocks come from a Kamailio file, where names of event routes are not checked. */
  file = false
  /** What `modparam pv shvset` and `varset` give variables at first, and `modparam htable htable` defines. */
  readonly sharedValues: Preset[] = []
  readonly variableValues = new Map<string, number | string>()
  readonly tables: TableDefinition[] = []
  /** The state of all programs of the configuration; null without scripts. */
  state: ScriptState | null = null
}

/** The route blocks that a place sees, compiled once for all places that see the same. */
export class RouteTable {
  readonly blocks: ReadonlyMap<string, RouteBlock>
  program: Program | null = null

  constructor(blocks: ReadonlyMap<string, RouteBlock>) {
    this.blocks = blocks
  }
}

/** An event route that answers requests, with the module that has it run. */
export interface ContentEvent {
  readonly name: string
  readonly module: string
  readonly admit: EventRoute['admit']
  /** It has a server of its own (own.ts), and runs nowhere else. */
  readonly alone: boolean
  /** The module's main conf. */
  readonly conf: unknown
}

/** A `route NAME PHASE;`. */
export interface PhaseRoute {
  readonly name: string
  readonly place: Place | null
}

/** What one location has. */
export class ScriptLocConf {
  readonly main: ScriptMainConf
  /** Blocks that stand here, by key. */
  readonly own = new Map<string, RouteBlock>()
  /** All that are seen from here. */
  table: RouteTable | null = null
  readonly phases = new Map<Phase, PhaseRoute>()
  /** `route NAME;` */
  content: PhaseRoute | null = null
  /** Event routes that are asked in the content phase. */
  events: readonly BoundEvent[] = []
  /** By phase, once the configuration is complete. */
  readonly bound: (BoundRoute | undefined)[] = []
  /** The routes of phases read the body. */
  needsBody = false
  /** The event route that the server belongs to (own.ts); '' for servers of the configuration. */
  alone = ''
  /** Requests that no event route admits get no answer. */
  strict = false

  constructor(main: ScriptMainConf) {
    this.main = main
  }
}

/** The key of a block among all kinds. */
export function keyOf(kind: RouteBlock['kind'], name: string): string {
  return `${kind} ${name}`
}

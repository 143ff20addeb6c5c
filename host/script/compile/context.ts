import type { Place } from '../../core/place.ts'
import type { VariableTable } from '../../expr/variables.ts'
import type { SelectTable } from '../../expr/select/table.ts'
import type { TruthMode } from '../../expr/select/truth.ts'
import type { Endpoint, Transport } from '../../sip/message.ts'
import type { ScriptLibrary } from '../library.ts'
import type { ScriptRoute } from '../program.ts'
import type { SharedVariables, StoreHolder } from '../shared.ts'
import type { HashTables } from '../htable.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Slots } from '../slots.ts'

/** What a `listen` line says of its socket besides the address. */
export interface SocketLine {
  /** Kamailio's `name`, null for none. */
  readonly name: string | null
  /** What peers are told instead of the address: without brackets, port 0 for the socket's own; null: the address itself. */
  readonly advertise: Endpoint | null
}

/** What the configuration says about how scripts run; Kamailio's core settings and what surrounds the script. */
export interface ScriptOptions {
  /** `modparam("script", "compat", "strict")`: quirks of Kamailio 5.6 that recordings show, `$var` persists from run to run. */
  readonly strict: boolean
  readonly maxWhileLoops: number
  readonly maxRecursiveLevel: number
  /** Longest text that a function argument may expand to, in bytes (pv_buffer_size). */
  readonly formatLimit: number
  /** Kamailio's `debug`: messages of higher levels are not logged. */
  readonly debug: number
  /** Budget of one run: statements and turns, and milliseconds between two waits. */
  readonly steps: number
  readonly milliseconds: number
  readonly file: string
  readonly defines: ReadonlyMap<string, string>
  /** Custom configuration variables `group.name` and core settings `core.name`. */
  readonly settings: ReadonlyMap<string, number | string>
  /** nginx's variables and the selects; null where there are none. */
  readonly variables: VariableTable | null
  readonly selects: SelectTable | null
  /** What a failed select is in comparisons (select.md §4). */
  readonly selectTruth: TruthMode
  readonly shared: SharedVariables
  readonly tables: HashTables
  /** Where locks are, of lock() and sht_lock(); null: this thread's own. */
  readonly locks: StoreHolder | null
  /** Value of a statistic by its name without group, or null. */
  readonly statistic: (name: string) => number | null
  /** Whether `myself` means an address, without brackets, and a port, 0 for any; asked at run time. */
  readonly isMyself: (address: string, port: number) => boolean
  /** What the `listen` line of the socket says that a message came by; null when that is nothing. Asked at run time. */
  readonly socket: (transport: Transport) => SocketLine | null
  /** The places of `$var` and its relatives; one object for all programs of a configuration. */
  readonly slots: Slots
}

/** One compilation: collects every mistake, hands out slots. */
export class CompileContext {
  readonly definitions: ScriptLibrary
  readonly options: ScriptOptions
  readonly routes: ReadonlyMap<string, ScriptRoute>
  readonly errors: ConfigError[] = []
  readonly warnings: ConfigError[] = []
  /** Where the compiler is; for checks that have no place of their own. */
  place: Place | null = null

  constructor(definitions: ScriptLibrary, options: ScriptOptions, routes: ReadonlyMap<string, ScriptRoute>) {
    this.definitions = definitions
    this.options = options
    this.routes = routes
  }

  /** Notes a mistake; one without a place gets `place`. */
  fail(error: ConfigError, place: Place | null): void {
    this.errors.push(error.place !== null ? error : new ConfigError(error.message, place, error.note))
  }

  /** Notes what is allowed and surprising. */
  warn(error: ConfigError): void { this.warnings.push(error) }

  /** Runs `make`; a ConfigError is noted and `instead` returned. */
  attempt<T>(place: Place | null, instead: T, make: () => T): T {
    const before = this.place
    this.place = place
    try {
      return make()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.fail(error, place)
      return instead
    } finally {
      this.place = before
    }
  }
}

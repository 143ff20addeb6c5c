import type { Place } from '../core/place.ts'
import type { RouteKind } from './ast.ts'
import type { ScriptFunction, ScriptSubject } from './contract.ts'
import type { CompileContext, ScriptOptions } from './compile/context.ts'
import type { MessageState } from '../sip/state.ts'
import type { BoundVariable } from './library.ts'
import { ConfigError } from '../core/errors.ts'
import { Flow, LogLevel, ScriptOverrun, ScriptRun } from './run.ts'
import { ScriptFailure } from './values.ts'
import { compileSelect } from '../expr/select/compile.ts'
import { compilePv } from './compile/pv.ts'
import { parsePv } from './pvtext.ts'

/** A route block. `run` and `wait` are there once the compiler has come to it. */
export class ScriptRoute {
  readonly kind: RouteKind
  /** As written: `NAME`, `xhttp:request`, '' for the request route. */
  readonly name: string
  readonly place: Place
  /** It calls, directly or through other routes, a function that waits: `wait` is set then, else `run`. */
  waits = false
  run: (run: ScriptRun) => number = () => -1
  wait: (run: ScriptRun) => Promise<number> = () => Promise.resolve(-1)

  constructor(kind: RouteKind, name: string, place: Place) {
    this.kind = kind
    this.name = name
    this.place = place
  }
}

/** Variables known at run time only (`run.get`) that are kept compiled. */
const mostDynamic = 1000

/** The scripts of one configuration, in one worker. */
export class Program {
  readonly options: ScriptOptions
  readonly routes: ReadonlyMap<string, ScriptRoute>
  /** Event routes by name, `xhttp:request`. */
  readonly events: ReadonlyMap<string, ScriptRoute>
  /** Routes of other kinds by `KIND NAME`, `request_route `. */
  readonly others: ReadonlyMap<string, ScriptRoute>
  private readonly context: CompileContext
  private readonly dynamic = new Map<string, BoundVariable | ConfigError>()

  constructor(options: ScriptOptions, routes: ReadonlyMap<string, ScriptRoute>, events: ReadonlyMap<string, ScriptRoute>,
    others: ReadonlyMap<string, ScriptRoute>, context: CompileContext) {
    this.options = options
    this.routes = routes
    this.events = events
    this.others = others
    this.context = context
  }

  /**
   * Runs a route on a subject. The run's `result` is the final result: below 0 the connection is to be closed. Never throws; a promise only
   * for a route that waits.
   */
  start(route: ScriptRoute, subject: ScriptSubject): ScriptRun | Promise<ScriptRun> {
    const vars = this.options.strict ? this.options.slots.persistent : this.options.slots.fresh()
    const run = new ScriptRun(this, subject, vars, route.place)
    // Messages of both kinds take the script's state; selects read it there.
    if (subject.begin !== undefined) subject.begin(run)
    else if (subject.message !== null) (subject.message as { state: MessageState | null }).state = run
    run.level = 1
    run.route = route.name
    if (route.waits) return this.startWaiting(run, route)
    try {
      run.result = route.run(run)
    } catch (error) {
      run.result = broken(run, error)
    }
    run.ended()
    return run
  }

  private async startWaiting(run: ScriptRun, route: ScriptRoute): Promise<ScriptRun> {
    try {
      run.result = await route.wait(run)
    } catch (error) {
      run.result = broken(run, error)
    }
    run.ended()
    return run
  }

  /** A function for `run.call`, or what is wrong with the call. */
  function(name: string, count: number): ScriptFunction | ConfigError {
    return this.context.definitions.findFunction(name, count)
  }

  /** A variable or a select by its text, compiled when it is asked for first. */
  variable(source: string): BoundVariable | ConfigError {
    let bound = this.dynamic.get(source)
    if (bound === undefined) {
      try {
        bound = source.startsWith('@') ? bindSelect(source, this.context) : compilePv(parsePv(source, null), this.context)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        bound = error
      }
      if (this.dynamic.size >= mostDynamic) this.dynamic.clear()
      this.dynamic.set(source, bound)
    }
    return bound
  }
}

/** A select as a variable that cannot be set. */
function bindSelect(source: string, { options }: CompileContext): BoundVariable {
  if (options.selects === null) throw new ConfigError(`selects are not available here: "${source}"`)
  const select = compileSelect(source, options.selects)
  return { get: ({ subject }) => subject.message === null ? null : select.evaluate(subject.message) ?? null, set: null }
}

/** What ends a run: the budget, or a mistake of ours or a plugin's, which must not hurt anybody else. */
function broken(run: ScriptRun, error: unknown): number {
  run.failed = true
  const known = error as { readonly logged?: boolean, readonly name?: string } | null
  // A plugin's trap was logged where it happened; a client that has left is no failure of the script.
  if (known?.logged === true || known?.name === 'Cancelled') return -1
  const said = error instanceof ScriptOverrun || error instanceof ScriptFailure
  run.log(LogLevel.Error, said ? (error as Error).message : `script failed: ${(error as Error)?.message ?? String(error)}`)
  return -1
}

/** Calls a route that does not wait: its result is `$rc`. */
export function callRoute(run: ScriptRun, route: ScriptRoute, place: Place): number {
  if (run.flow !== 0) return 0
  if (!enter(run, place)) return -1
  const { route: before } = run
  run.route = route.name
  const result = route.run(run)
  run.route = before
  return leave(run, result)
}

/** As `callRoute`, for one that waits. */
export async function callWaitingRoute(run: ScriptRun, route: ScriptRoute, place: Place): Promise<number> {
  if (run.flow !== 0) return 0
  if (!enter(run, place)) return -1
  const { route: before } = run
  run.route = route.name
  const result = await route.wait(run)
  run.route = before
  return leave(run, result)
}

function enter(run: ScriptRun, place: Place): boolean {
  const most = run.program.options.maxRecursiveLevel
  if (run.level >= most) {
    run.place = place
    run.log(LogLevel.Error, `routes and blocks are nested deeper than "max_recursive_level" ${most}`)
    return false
  }
  run.level++
  return true
}

function leave(run: ScriptRun, result: number): number {
  run.level--
  if (run.flow !== Flow.Exit) run.flow = 0
  run.rc = result
  return result
}

import type { HookHandler, Module } from '../../module.ts'
import type { HookKind } from './kinds.ts'
import type { Placed, Sortable } from './sort.ts'
import { ConfigError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import { hookPoint, hookPoints, HookOrder } from './points.ts'
import { HookCycle, sortHooks } from './sort.ts'

/** A handler with its module's place in the cycle, the index of its confs. */
export interface PlannedHook extends Sortable {
  readonly entry: HookHandler
  readonly index: number
}

/** One hook of a cycle: its handlers in the order in which they run. */
export interface PlannedPoint {
  readonly name: string
  readonly kind: HookKind
  readonly hooks: readonly PlannedHook[]
  /** The same as they were loaded, and how each came to its place: what `http.explain` tells. */
  readonly loaded: readonly PlannedHook[]
  readonly placed: readonly Placed[]
}

const none: readonly PlannedHook[] = []
const empty: ReadonlyMap<string, PlannedPoint> = new Map()

/** The hooks of one cycle that have handlers, sorted once; locations leave out those that are not active there. */
export class HookPlan {
  readonly points: ReadonlyMap<string, PlannedPoint>

  constructor(points: ReadonlyMap<string, PlannedPoint> = empty) {
    this.points = points
  }

  /** The handlers of a hook in their order, also of a hook that nobody uses. */
  of(name: string): readonly PlannedHook[] {
    return this.points.get(name)?.hooks ?? none
  }

  /** The hooks of one scope, in the order in which the server runs them; own hooks of modules count as of requests, and come last. */
  named(scope: 'config' | 'process' | 'connection' | 'request'): PlannedPoint[] {
    const known = hookPoints.filter((p) => p.scope === scope).flatMap((p) => this.points.get(p.name) ?? [])
    const own = scope === 'request' ? [...this.points.values()].filter((p) => hookPoint(p.name) === null) : []
    return [...known, ...own]
  }
}

/**
 * The plan of these modules (in load order). Mistakes go to `report`: a hook that nobody has (but of handlers that say `optional`), lists that
 * contradict each other, with the modules of the cycle by name.
 */
export function planHooks(modules: readonly Module[], report: (error: ConfigError) => void): HookPlan {
  if (modules.every((m) => m.hooks === undefined || m.hooks.length === 0)) return new HookPlan()
  const kinds = new Map<string, HookKind>(hookPoints.map((p) => [p.name, p.kind]))
  for (const { hookPoints: own = [] } of modules) for (const { name, kind } of own) kinds.set(name, kind)
  const loaded = new Map<string, PlannedHook[]>()
  modules.forEach((module, index) => {
    for (const entry of module.hooks ?? []) {
      if (kinds.has(entry.hook)) listOf(loaded, entry.hook).push(planned(module, index, entry))
      else if (entry.optional !== true) report(unknown(module, entry.hook, [...kinds.keys()]))
    }
  })
  const points = new Map<string, PlannedPoint>()
  for (const [name, list] of loaded) {
    try {
      const placed = sortHooks(list)
      points.set(name, { name, kind: kinds.get(name)!, hooks: placed.map((p) => list[p.index]!), loaded: list, placed })
    } catch (error) {
      if (!(error instanceof HookCycle)) throw error
      report(new ConfigError(`order of hook "${name}" contradicts itself: ${error.cycle.map((m) => `"${m}"`).join(' comes after ')}`, null,
        'one of these modules must let go of its "before" or "after"'))
    }
  }
  return new HookPlan(points)
}

function planned(module: Module, index: number, entry: HookHandler): PlannedHook {
  const { order = HookOrder.Middle, after = [], before = [] } = entry
  return { module: module.name, order, after, before, entry, index }
}

function listOf(map: Map<string, PlannedHook[]>, name: string): PlannedHook[] {
  let list = map.get(name)
  if (list === undefined) map.set(name, list = [])
  return list
}

function unknown(module: Module, hook: string, known: readonly string[]): ConfigError {
  const near = suggest(hook, known)
  return new ConfigError(`module "${module.name}" attaches to unknown hook "${hook}"`, null,
    near === null ? 'a hook of another module exists when that module is loaded; say "optional" where it may be missing' : `did you mean "${near}"?`)
}

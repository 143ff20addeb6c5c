/** The hooks of `http.explain`: in which order their handlers run in a location, and why. */
import type { Cycle } from '../cycle.ts'
import type { CoreLocConf } from '../http/core/conf.ts'
import type { PlannedHook, PlannedPoint } from '../http/hooks/plan.ts'
import { orderName } from '../http/hooks/points.ts'

/** Each hook that has handlers in a location (of a connection: in its server) with one line for each, in their order; null when there is none. */
export function explainHooks(cycle: Cycle, server: CoreLocConf, location: CoreLocConf): Record<string, string[]> | null {
  const told: Record<string, string[]> = {}
  for (const scope of ['config', 'process', 'connection', 'request'] as const) {
    for (const point of cycle.hooks.named(scope)) {
      const place = scope === 'connection' ? server : scope === 'request' ? location : null
      const lines = explainPoint(point, place)
      if (lines.length > 0) told[point.name] = lines
    }
  }
  // The hooks of the configuration and of workers run whatever the place.
  return Object.keys(told).length === 0 ? null : told
}

/** One line for each handler that is active in a place (null: for each). */
function explainPoint({ placed, loaded }: PlannedPoint, place: CoreLocConf | null): string[] {
  const here = ({ entry, index }: PlannedHook): boolean => place === null || entry.active === undefined || entry.active(place.confs[index])
  return placed.flatMap(({ index, drawnBy }, at) => {
    const hook = loaded[index]!
    if (!here(hook)) return []
    const behind = placed.slice(0, at).map((p) => loaded[p.index]!)
    return [`${hook.module}: order ${hook.order} (${orderName(hook.order)})${reasons(hook, behind, drawnBy < 0 ? null : loaded[drawnBy]!, loaded)}`]
  })
}

/** What else than its number has placed a handler: who drew it forward, whom it waits for, the order of loading, names that nobody has. */
function reasons(hook: PlannedHook, before: readonly PlannedHook[], drawnBy: PlannedHook | null, all: readonly PlannedHook[]): string {
  const text: string[] = []
  if (drawnBy !== null) text.push(`drawn forward because "${drawnBy.module}" comes behind it`)
  const first = new Map<string, PlannedHook>()
  for (const other of before) if (!first.has(other.module)) first.set(other.module, other)
  const waitsFor = [...first.values()].filter((other) => other !== hook && (hook.after.includes(other.module) || other.before.includes(hook.module)))
  for (const { module } of waitsFor) text.push(`behind "${module}"`)
  const last = before.at(-1)
  if (last !== undefined && last.order === hook.order && drawnBy === null && !waitsFor.includes(last)) text.push(`loaded later than "${last.module}"`)
  const absent = [...hook.after, ...hook.before].filter((name) => !all.some(({ module }) => module === name))
  for (const name of new Set(absent)) text.push(`"${name}" has no handler here`)
  return text.map((reason) => `, ${reason}`).join('')
}

/** The order of a hook's handlers: what apr_hook_sort_all does, except that a cycle is an error instead of an endless loop (hooks.md §1). */

/** What of a handler decides its place. */
export interface Sortable {
  /** Name of the module that it belongs to: what the lists of others mean. */
  readonly module: string
  readonly order: number
  /** Modules whose first handler of this hook runs before this one (Apache's predecessors). */
  readonly after: readonly string[]
  /** Modules whose first handler of this hook runs behind this one (Apache's successors). */
  readonly before: readonly string[]
}

/** A place in the order: which entry, and which entry drew it forward because that needs it first; −1 when its own turn had come. */
export interface Placed {
  readonly index: number
  readonly drawnBy: number
}

/** The lists of a hook's handlers contradict each other; `cycle` names the modules, the first one again at its end. */
export class HookCycle extends Error {
  readonly cycle: readonly string[]

  constructor(cycle: readonly string[]) {
    super(cycle.join(' -> '))
    this.cycle = cycle
  }
}

/**
 * The order in which entries run, given in load order: by `order`, ties as they came; then an entry whose turn has come waits for those that
 * must run before it, which are drawn to the front. A name in a list means the first entry of that module in the order; names of modules that
 * are not there mean nothing. Throws HookCycle.
 */
export function sortHooks(entries: readonly Sortable[]): Placed[] {
  const items = entries.map((_, index) => index).sort((a, b) => entries[a]!.order - entries[b]!.order || a - b)
  const needed = neededBy(entries, items)
  const done = items.map(() => false)
  const placed: Placed[] = []
  for (let next = 0; placed.length < items.length;) {
    if (done[next]) {
      next++
      continue
    }
    const way = [next]
    let at = next
    for (;;) {
      const missing = needed[at]!.find((k) => !done[k])
      if (missing === undefined) break
      const again = way.indexOf(missing)
      if (again >= 0) throw new HookCycle([...way.slice(again), missing].map((k) => entries[items[k]!]!.module))
      way.push(missing)
      at = missing
    }
    done[at] = true
    placed.push({ index: items[at]!, drawnBy: at === next ? -1 : items[way[way.length - 2]!]! })
  }
  return placed
}

/** Of each item the items that must come before it, in the order in which the lists name them. */
function neededBy(entries: readonly Sortable[], items: readonly number[]): number[][] {
  const first = new Map<string, number>()
  items.forEach((index, k) => {
    const { module } = entries[index]!
    if (!first.has(module)) first.set(module, k)
  })
  const needed: number[][] = items.map(() => [])
  const add = (k: number, earlier: number): void => {
    if (!needed[k]!.includes(earlier)) needed[k]!.push(earlier)
  }
  items.forEach((index, k) => {
    for (const name of entries[index]!.after) {
      const earlier = first.get(name)
      if (earlier !== undefined) add(k, earlier)
    }
    for (const name of entries[index]!.before) {
      const later = first.get(name)
      if (later !== undefined) add(later, k)
    }
  })
  return needed
}

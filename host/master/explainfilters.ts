import type { CoreLocConf } from '../http/core/conf.ts'
import type { Cycle } from '../cycle.ts'
import { orderOfFilters } from '../http/filters.ts'

/**
 * The modules whose filters run at a location, each list in the order in which they run: of the head, of response bodies with their types (`first`:
 * before all types), of request bodies with theirs, and those that requests may have inserted.
 */
export function explainFilters(cycle: Cycle, location: CoreLocConf): { head: string[], response: string[], request: string[], on_demand: string[] } {
  const typed = ({ module, type }: { readonly module: string, readonly type: number }): string => `${module} (${type < 0 ? 'first' : type})`
  const head = orderOfFilters(cycle.modules).flatMap(({ module, index }) => {
    const conf = location.confs[index]
    return (module.headerFilters ?? []).some((f) => f.active === undefined || f.active(conf)) ? [module.name] : []
  })
  const onDemand = [...location.demandFilters?.entries() ?? []].map(([key, filters]) => `${key.replace('\0', ': ')} (${filters[0]!.type})`)
  return { head, response: location.bodyFilters.map(typed), request: location.inputFilters.map(typed), on_demand: onDemand }
}

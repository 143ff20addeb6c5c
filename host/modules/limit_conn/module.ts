/**
 * `limit_conn`: how many requests of one key may be in progress (nginx.md §11). In the host because the count is shared
 * by all workers.
 */
import type { Directive, Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { parseNumber } from '../../core/units.ts'
import { compileTemplate } from '../../expr/template.ts'
import { LimitConf, keyOf, limitDirectives } from '../limit_req/limits.ts'
import { defineZone, namedZone, parseZone } from '../limit_req/zone.ts'
import { moduleOrder } from '../order.ts'
import { enter, leave, release } from './counts.ts'

const kind = 'limit_conn'
const Outcome = { Passed: 1, Rejected: 2, RejectedDryRun: 3 } as const
const outcomes = [null, 'PASSED', 'REJECTED', 'REJECTED_DRY_RUN']

interface Limit { readonly zone: Zone, readonly connections: number }

class LimitConnConf extends LimitConf<Limit> {}

function setZone(cf: Cf): void {
  const key = compileTemplate(cf, cf.args[1]!, 1)
  if (!cf.args[2]!.startsWith('zone=')) cf.fail(`invalid parameter "${cf.args[2]}"`, 2)
  const zone = defineZone(cf, parseZone(cf, 2), kind, 'limit_conn_zone')
  zone.data = key
  zone.release = release
}

function setLimit(cf: Cf, _directive: Directive, conf: LimitConnConf): string | void {
  const zone = namedZone(cf, cf.args[1]!, 0, kind)
  if (conf.has(zone)) return 'is duplicate'
  const connections = parseNumber(cf.args[2]!)
  if (connections === null || connections === 0) cf.fail(`invalid number of connections "${cf.args[2]}"`, 2)
  if (connections > 65535) cf.fail('connection limit must be less 65536', 2)
  conf.add({ zone, connections })
}

/**
 * Preaccess phase: declined, or the status of a refusal; decided once per request, given back when the request ends.
 */
function limitConnHandler(r: Request, conf: LimitConnConf): Verdict {
  if (r.limitConnStatus !== 0) return DECLINED
  const limits = conf.limits!
  const taken: string[] = []
  for (let i = 0; i < limits.length; i++) {
    const { zone, connections } = limits[i]!
    const key = keyOf(r, zone, zone.data as Template)
    taken[i] = ''
    if (key === '') continue
    r.limitConnStatus = Outcome.Passed
    if (!enter(zone.table, key, connections)) return refuse(r, conf, zone, taken)
    taken[i] = key
  }
  if (r.limitConnStatus !== 0) r.onEnd(() => leaveAll(limits, taken))
  return DECLINED
}

function leaveAll(limits: readonly Limit[], taken: readonly string[]): void {
  for (let i = 0; i < taken.length; i++) if (taken[i] !== '') leave(limits[i]!.zone.table, taken[i]!)
}

function refuse(r: Request, conf: LimitConnConf, zone: Zone, taken: readonly string[]): Verdict {
  const dryRun = conf.dryRun === true
  leaveAll(conf.limits!, taken)
  r.log(conf.logLevel!, `limiting connections${dryRun ? ', dry run,' : ''} by zone "${zone.name}"`)
  r.limitConnStatus = dryRun ? Outcome.RejectedDryRun : Outcome.Rejected
  return dryRun ? DECLINED : conf.status!
}

/** The limit_conn module. */
export const limitConnModule: Module = {
  name: 'limit_conn',
  order: moduleOrder.limit_conn,
  createLocConf: () => new LimitConnConf(),
  mergeLocConf: (_cf, parent: LimitConnConf, child: LimitConnConf) => LimitConf.merge(parent, child),
  directives: [
    { name: 'limit_conn_zone', where: Where.Http, args: Args.Take2, conf: 'loc', set: setZone },
    ...limitDirectives('limit_conn', Args.Take2, setLimit),
  ],
  phases: [{ phase: Phase.Preaccess, handler: limitConnHandler, active: LimitConf.active }],
  variables: [{ name: 'limit_conn_status', nocache: true, get: (r) => outcomes[r.limitConnStatus]! }],
}

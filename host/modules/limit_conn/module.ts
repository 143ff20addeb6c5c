/**
 * `limit_conn`: how many requests of one key may be in progress (nginx.md §11). In the host because the count is shared
 * by all workers.
 */
import type { Directive, Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { SharedTable } from '../../core/sharedtable.ts'
import type { Zone } from '../../core/zones.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { parseNumber } from '../../core/units.ts'
import { bounds, setEnum, setFlag, setNum } from '../../conf/setters.ts'
import { mergeValues } from '../../conf/merge.ts'
import { compileTemplate } from '../../expr/template.ts'
import { defineZone, limitLogLevels, namedZone, parseZone } from '../limit_req/zone.ts'
import { moduleOrder } from '../order.ts'

const kind = 'limit_conn'
const Outcome = { Passed: 1, Rejected: 2, RejectedDryRun: 3 } as const
const outcomes = [null, 'PASSED', 'REJECTED', 'REJECTED_DRY_RUN']
const longestKey = 65535

/** The word of an entry that counts the requests in progress. */
const COUNT = 0

interface Limit { readonly zone: Zone, readonly connections: number }

class LimitConnConf {
  limits: Limit[] | null = null
  logLevel: Level | undefined = undefined
  status: number | undefined = undefined
  dryRun: boolean | undefined = undefined
}

function setZone(cf: Cf): void {
  const key = compileTemplate(cf, cf.args[1]!, 1)
  if (!cf.args[2]!.startsWith('zone=')) cf.fail(`invalid parameter "${cf.args[2]}"`, 2)
  defineZone(cf, parseZone(cf, 2), kind, 'limit_conn_zone').data = key
}

function setLimit(cf: Cf, _directive: Directive, conf: LimitConnConf): string | void {
  const zone = namedZone(cf, cf.args[1]!, 0, kind)
  conf.limits ??= []
  if (conf.limits.some((limit) => limit.zone === zone)) return 'is duplicate'
  const connections = parseNumber(cf.args[2]!)
  if (connections === null || connections === 0) cf.fail(`invalid number of connections "${cf.args[2]}"`, 2)
  if (connections > 65535) cf.fail('connection limit must be less 65536', 2)
  conf.limits.push({ zone, connections })
}

/**
 * Preaccess phase: declined, or the status of a refusal; decided once per request, given back when the request ends.
 */
export function limitConnHandler(r: Request, conf: LimitConnConf): Verdict {
  if (r.limitConnStatus !== 0) return DECLINED
  const limits = conf.limits!
  const taken: string[] = []
  for (let i = 0; i < limits.length; i++) {
    const { zone, connections } = limits[i]!
    const key = (zone.data as Template).evaluate(r)
    taken[i] = ''
    if (key === '') continue
    if (key.length > longestKey) {
      r.log(Level.error, `the value of the "${zone.binding}" key is more than 65535 bytes: "${key}"`)
      continue
    }
    r.limitConnStatus = Outcome.Passed
    if (!enter(zone.table, key, connections)) return refuse(r, conf, zone, taken)
    taken[i] = key
  }
  if (r.limitConnStatus !== 0) r.onEnd(() => leaveAll(limits, taken))
  return DECLINED
}

/** Counts one more request of a key; false when there are as many as allowed, or no room for another key. */
function enter(table: SharedTable, key: string, limit: number): boolean {
  table.lock()
  const entry = table.find(key) || table.insert(key)
  const count = entry === 0 ? limit : table.get(entry, COUNT)
  if (count < limit) table.set(entry, COUNT, count + 1)
  table.unlock()
  return count < limit
}

function leave(table: SharedTable, key: string): void {
  table.lock()
  const entry = table.find(key)
  if (entry !== 0) {
    const count = table.get(entry, COUNT) - 1
    if (count > 0) table.set(entry, COUNT, count)
    else table.remove(entry)
  }
  table.unlock()
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

const everywhere = Where.Http | Where.Server | Where.Location

/** A directive that takes one value, wherever the limit itself may stand. */
function one(name: string, field: string, set: Directive['set'], post: unknown): Directive {
  return { name, where: everywhere, args: Args.Take1, conf: 'loc', field, set, post }
}

/** The limit_conn module. */
export const limitConnModule: Module = {
  name: 'limit_conn',
  order: moduleOrder.limit_conn,
  createLocConf: () => new LimitConnConf(),
  mergeLocConf(_cf, parent: LimitConnConf, child: LimitConnConf) {
    child.limits ??= parent.limits
    mergeValues(parent, child, { logLevel: Level.error, status: 503, dryRun: false })
  },
  directives: [
    { name: 'limit_conn_zone', where: Where.Http, args: Args.Take2, conf: 'loc', set: setZone },
    { name: 'limit_conn', where: everywhere, args: Args.Take2, conf: 'loc', set: setLimit },
    one('limit_conn_log_level', 'logLevel', setEnum, limitLogLevels),
    one('limit_conn_status', 'status', setNum, bounds(400, 599)),
    { name: 'limit_conn_dry_run', where: everywhere, args: Args.Flag, conf: 'loc', field: 'dryRun', set: setFlag },
  ],
  phases: [
    { phase: Phase.Preaccess, handler: limitConnHandler, active: (conf: LimitConnConf) => conf.limits !== null },
  ],
  variables: [{ name: 'limit_conn_status', nocache: true, get: (r) => outcomes[r.limitConnStatus]! }],
}

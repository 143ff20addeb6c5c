/**
 * `limit_req`: how many requests per second one key may make (nginx.md §11). In the host because the count is shared by
 * all workers.
 */
import type { Answer, Directive, Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { parseNumber } from '../../core/units.ts'
import { compileTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { Buckets, Take } from './bucket.ts'
import { LimitConf, keyOf, limitDirectives } from './limits.ts'
import { defineZone, namedZone, parseZone } from './zone.ts'

const kind = 'limit_req'
const Outcome = { Passed: 1, Delayed: 2, Rejected: 3, DelayedDryRun: 4, RejectedDryRun: 5 } as const
const outcomes = [null, 'PASSED', 'DELAYED', 'REJECTED', 'DELAYED_DRY_RUN', 'REJECTED_DRY_RUN']

/** What a `limit_req_zone` says; the rate in thousandths of requests per second. */
class ZoneData {
  readonly key: Template
  private readonly zone: Zone
  private readonly rate: number
  private made: Buckets | null = null

  constructor(key: Template, zone: Zone, rate: number) {
    this.key = key
    this.zone = zone
    this.rate = rate
  }

  /** The zone's memory exists only once the configuration is complete. */
  get buckets(): Buckets { return this.made ??= new Buckets(this.zone.table, this.rate) }
}

/** One `limit_req`; burst and delay in thousandths of requests. */
interface Limit { readonly zone: Zone, readonly burst: number, readonly delay: number }

class LimitReqConf extends LimitConf<Limit> {}

function setZone(cf: Cf): void {
  const key = compileTemplate(cf, cf.args[1]!, 1)
  let zone: { name: string, size: number } | null = null
  let rate = 1000
  for (let i = 2; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if (word.startsWith('zone=')) zone = parseZone(cf, i)
    else if (word.startsWith('rate=')) rate = parseRate(cf, i)
    else cf.fail(`invalid parameter "${word}"`, i)
  }
  const made = defineZone(cf, zone, kind, 'limit_req')
  made.data = new ZoneData(key, made, rate)
}

/** `rate=5r/s`, `rate=30r/m`, `rate=5`, in thousandths of requests per second. */
function parseRate(cf: Cf, argument: number): number {
  const word = cf.args[argument]!
  const unit = word.slice(-3)
  const known = unit === 'r/s' || unit === 'r/m'
  const rate = parseNumber(word.slice('rate='.length, known ? -3 : undefined))
  if (rate === null || rate === 0) cf.fail(`invalid rate "${word}"`, argument, 'for example rate=10r/s or rate=30r/m')
  return Math.floor(rate * 1000 / (unit === 'r/m' ? 60 : 1))
}

function setLimit(cf: Cf, _directive: Directive, conf: LimitReqConf): string | void {
  let zone: Zone | null = null
  let burst = 0
  let delay = 0
  const count = (i: number, what: string): number => {
    const number = parseNumber(cf.args[i]!.slice(what.length + 1))
    if (number === null || number === 0) cf.fail(`invalid ${what} value "${cf.args[i]}"`, i)
    return number
  }
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if (word.startsWith('zone=')) zone = namedZone(cf, word.slice('zone='.length), 0, kind)
    else if (word.startsWith('burst=')) burst = count(i, 'burst')
    else if (word.startsWith('delay=')) delay = count(i, 'delay')
    else if (word === 'nodelay') delay = Infinity
    else cf.fail(`invalid parameter "${word}"`, i, 'it may be zone=, burst=, delay=, nodelay')
  }
  if (zone === null) cf.fail(`"${cf.args[0]}" must have "zone" parameter`)
  if (conf.has(zone)) return 'is duplicate'
  conf.add({ zone, burst: burst * 1000, delay: delay * 1000 })
}

/** The pinned bucket of each limit passed so far, 0 for none; reused, for nothing waits while it is in use. */
const pins: number[] = []

/** Preaccess phase: declined, declined after a pause, or the status of a refusal; decided once per request. */
function limitReqHandler(r: Request, conf: LimitReqConf): Answer {
  if (r.limitReqStatus !== 0) return DECLINED
  const limits = conf.limits!
  // Not the engine's time, which is that of the last read: a pause before this request would not count.
  const now = Date.now()
  let answer = -1
  let n = 0
  for (; n < limits.length; n++) {
    const { zone, burst } = limits[n]!
    const data = zone.data as ZoneData
    const key = keyOf(r, zone, data.key)
    pins[n] = 0
    if (key === '') continue
    answer = data.buckets.take(key, burst, now, n === limits.length - 1)
    if (answer !== Take.Pinned) break
    pins[n] = data.buckets.pinned
  }
  if (answer < 0) return DECLINED
  if (answer === Take.Over || answer === Take.NoRoom) return refuse(r, conf, n, answer)
  return pass(r, conf, n, answer === Take.Passed, now)
}

function refuse(r: Request, conf: LimitReqConf, n: number, answer: number): Verdict {
  const { zone } = conf.limits![n]!
  const dryRun = conf.dryRun === true
  if (answer === Take.NoRoom) r.log(Level.alert, `could not allocate node in limit_req zone "${zone.name}"`)
  else {
    const excess = thousandths(bucketsOf(conf.limits![n]!).excess)
    r.log(conf.logLevel!, `limiting requests${dryRun ? ', dry run' : ''}, excess: ${excess} by zone "${zone.name}"`)
  }
  for (let i = 0; i < n; i++) if (pins[i] !== 0) bucketsOf(conf.limits![i]!).drop(pins[i]!)
  r.limitReqStatus = dryRun ? Outcome.RejectedDryRun : Outcome.Rejected
  return dryRun ? DECLINED : conf.status!
}

/**
 * Counts the request in the pinned buckets of the first `n` limits; limit `n` has counted it itself when it is the
 * `last`. Waits as long as the one that asks for most (ngx_http_limit_req_account).
 */
function pass(r: Request, conf: LimitReqConf, n: number, last: boolean, now: number): Answer {
  const limits = conf.limits!
  let longest = 0
  let excess = 0
  let slowest = 0
  for (let i = last ? n : n - 1; i >= 0; i--) {
    const buckets = bucketsOf(limits[i]!)
    if (i !== n) {
      if (pins[i] === 0) continue
      buckets.settle(pins[i]!, now)
    }
    if (buckets.excess <= limits[i]!.delay) continue
    const wait = buckets.delay(buckets.excess, limits[i]!.delay)
    if (wait <= longest) continue
    longest = wait
    slowest = i
    excess = buckets.excess
  }
  if (longest === 0) {
    r.limitReqStatus = Outcome.Passed
    return DECLINED
  }
  const dryRun = conf.dryRun === true
  const level = conf.logLevel === Level.info ? Level.info : conf.logLevel! + 1
  const { name } = limits[slowest]!.zone
  r.log(level, `delaying request${dryRun ? ', dry run' : ''}, excess: ${thousandths(excess)}, by zone "${name}"`)
  r.limitReqStatus = dryRun ? Outcome.DelayedDryRun : Outcome.Delayed
  return dryRun ? DECLINED : pause(r, longest)
}

function bucketsOf(limit: Limit): Buckets {
  return (limit.zone.data as ZoneData).buckets
}

function thousandths(excess: number): string {
  return `${Math.floor(excess / 1000)}.${String(excess % 1000).padStart(3, '0')}`
}

/** Declines after a while; a request that ends before takes its timer along. */
function pause(r: Request, milliseconds: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, DECLINED)
    r.onEnd(() => clearTimeout(timer))
  })
}

/** The limit_req module. */
export const limitReqModule: Module = {
  name: 'limit_req',
  order: moduleOrder.limit_req,
  createLocConf: () => new LimitReqConf(),
  mergeLocConf: (_cf, parent: LimitReqConf, child: LimitReqConf) => LimitConf.merge(parent, child),
  directives: [
    { name: 'limit_req_zone', where: Where.Http, args: Args.Take3, conf: 'loc', set: setZone },
    ...limitDirectives('limit_req', Args.Take123, setLimit),
  ],
  phases: [{ phase: Phase.Preaccess, handler: limitReqHandler, active: LimitConf.active }],
  variables: [{ name: 'limit_req_status', nocache: true, get: (r) => outcomes[r.limitReqStatus]! }],
}

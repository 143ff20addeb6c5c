/** What `limit_req` and `limit_conn` have in common besides their zones: the conf and how it is merged, the directives, the keys. */
import type { Directive } from '../../module.ts'
import type { Zone } from '../../core/zones.ts'
import type { Template } from '../../expr/template.ts'
import type { Request } from '../../http/request.ts'
import { Args, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { bounds, setEnum, setFlag, setNum } from '../../conf/setters.ts'
import { mergeValues } from '../../conf/merge.ts'

/** The largest key in bytes. */
const longestKey = 65535

const levels: Readonly<Record<string, Level>> = { info: Level.info, notice: Level.notice, warn: Level.warn, error: Level.error }

/** What one place says about one kind of limit; null and undefined where it says nothing. */
export class LimitConf<L extends { readonly zone: Zone }> {
  limits: L[] | null = null
  logLevel: Level | undefined = undefined
  status: number | undefined = undefined
  dryRun: boolean | undefined = undefined

  /** Whether there is a limit with this zone. */
  has(zone: Zone): boolean { return this.limits !== null && this.limits.some((limit) => limit.zone === zone) }

  add(limit: L): void { (this.limits ??= []).push(limit) }

  /** Whether requests of the place are limited at all. */
  static active(conf: LimitConf<never>): boolean { return conf.limits !== null }

  /** Limits are inherited all together or not at all (nginx.md §11). */
  static merge<L extends { readonly zone: Zone }>(parent: LimitConf<L>, child: LimitConf<L>): void {
    child.limits ??= parent.limits
    mergeValues(parent, child, { logLevel: Level.error, status: 503, dryRun: false })
  }
}

const place = { where: Where.Http | Where.Server | Where.Location, conf: 'loc' } as const

/** The directives of the limit of a name: the limit itself with its number of arguments, and what its refusals are like. */
export function limitDirectives(name: string, args: number, set: Directive['set']): Directive[] {
  return [
    { ...place, name, args, set },
    { ...place, name: `${name}_log_level`, args: Args.Take1, field: 'logLevel', set: setEnum, post: levels },
    { ...place, name: `${name}_status`, args: Args.Take1, field: 'status', set: setNum, post: bounds(400, 599) },
    { ...place, name: `${name}_dry_run`, args: Args.Flag, field: 'dryRun', set: setFlag },
  ]
}

/** A request's key in a zone; '' when it is not to be limited, as with a key that is too long, which is logged. */
export function keyOf(r: Request, zone: Zone, template: Template): string {
  const key = template.evaluate(r)
  if (key.length <= longestKey) return key
  r.log(Level.error, `the value of the "${zone.binding}" key is more than 65535 bytes: "${key}"`)
  return ''
}

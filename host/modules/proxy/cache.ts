/**
 * How nginx's cache is tuned. There is no cache (`proxy_cache` takes only `off`), so these have nothing to act on; they are checked, so that what is
 * shared between sites can be included.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import { setBitmask, setFlag, setMsec, setNum, setOff } from '../../conf/setters.ts'
import { parseNumber, parseSec } from '../../core/units.ts'
import { compileTemplate } from '../../expr/template.ts'
import { Args, Where } from '../../module.ts'

const where = Where.Http | Where.Server | Where.Location

function tuning(name: string, set: Directive['set'], args: number = Args.Take1, post?: unknown): Directive {
  return { name: `proxy_cache_${name}`, where, args, conf: 'loc', set, field: `cache ${name}`, post }
}

/** `proxy_cache_key TEXT;` */
const setKey: Directive['set'] = (cf, directive, conf) => {
  if (conf[directive.field!] !== undefined) return 'is duplicate'
  conf[directive.field!] = compileTemplate(cf, cf.args[1]!, 1)
}

/** `proxy_cache_valid [CODE…|any] TIME;` */
const setValid = (cf: Cf): string | void => {
  const last = cf.args.length - 1
  if (parseSec(cf.args[last]!) === null) cf.fail(`invalid time value "${cf.args[last]}"`, last)
  for (let i = 1; i < last; i++) {
    const status = cf.args[i] === 'any' ? 100 : parseNumber(cf.args[i]!)
    if (status === null || status < 100 || status > 599) cf.fail(`invalid status "${cf.args[i]}"`, i)
  }
}

/** The directives; `stale` are the names that `proxy_cache_use_stale` takes. */
export function cacheDirectives(stale: Readonly<Record<string, number>>): readonly Directive[] {
  return [
    ...['background_update', 'convert_head', 'lock', 'revalidate'].map((name) => tuning(name, setFlag, Args.Flag)),
    ...['lock_age', 'lock_timeout'].map((name) => tuning(name, setMsec)),
    tuning('max_range_offset', setOff),
    tuning('min_uses', setNum),
    tuning('methods', setBitmask, Args.OneOrMore, { GET: 1, HEAD: 2, POST: 4 }),
    tuning('use_stale', setBitmask, Args.OneOrMore, stale),
    tuning('key', setKey),
    tuning('valid', setValid, Args.OneOrMore),
  ]
}

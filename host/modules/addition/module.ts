/**
 * add_before_body, add_after_body, addition_types (nginx's ngx_http_addition_filter_module): answers of other locations around a response. A host
 * module: it is older than the plugins' `subrequest_ordered`.
 */
import type { Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { BodyPart } from '../../http/response.ts'
import type { Request } from '../../http/request.ts'
import { Args, OK, Where } from '../../module.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setStr } from '../../conf/setters.ts'
import { placeOf } from '../../http/postpone.ts'
import { subrequest } from '../../http/subrequest.ts'
import { hasType, setTypes } from '../gzip/types.ts'
import { moduleOrder } from '../order.ts'

const unset = undefined as never

class AdditionConf {
  /** Where the module keeps that a response is added to. */
  readonly index: number
  before: string = unset
  after: string = unset
  types: ReadonlySet<string> = unset

  constructor(index: number) {
    this.index = index
  }
}

/** One response that is added to. */
interface Addition { readonly conf: AdditionConf, begun: boolean }

/** The length is not known any more, nor can the body be cut to ranges. */
function additionHeaderFilter(r: Request, conf: AdditionConf): Verdict {
  const out = r.headersOut
  if (out.status !== 200 || r.parent !== null || !hasType(conf.types, out.contentType)) return OK
  r.ctx[conf.index] = { conf, begun: false } satisfies Addition
  out.contentLength = -1
  out.allowRanges = false
  out.remove('accept-ranges')
  out.weakenEtag()
  return OK
}

function additionBodyFilter(r: Request, part: BodyPart, state: Addition): BodyPart | BodyPart[] {
  const { before, after } = state.conf
  const parts: BodyPart[] = []
  if (!state.begun && before !== '') parts.push(made(r, before))
  state.begun = true
  if (!part.last || after === '') parts.push(part)
  else parts.push({ data: part.data, file: part.file, last: false, flush: part.flush }, made(r, after), { data: null, file: null, last: true, flush: false })
  return parts.length === 1 ? part : parts
}

/** Ends the response, as nginx does, when there can be no more subrequests. */
function made(r: Request, uri: string): BodyPart {
  const sr = subrequest(r, uri, '', { placed: false })
  if (sr === null) throw new Error(`no subrequest "${uri}" could be made`)
  return placeOf(sr)
}

const places = Where.Http | Where.Server | Where.Location

function active(conf: AdditionConf): boolean {
  return conf.before !== '' || conf.after !== ''
}

/** The addition module. */
export const additionModule: Module = {
  name: 'addition',
  order: moduleOrder.addition,
  createLocConf: (cf: Cf) => new AdditionConf(cf.cycle.indexOf(additionModule)),
  mergeLocConf: (_cf, parent: AdditionConf, child: AdditionConf) => mergeValues(parent, child, { before: '', after: '', types: new Set(['text/html']) }),
  directives: [
    { name: 'add_before_body', where: places, args: Args.Take1, conf: 'loc', field: 'before', set: setStr },
    { name: 'add_after_body', where: places, args: Args.Take1, conf: 'loc', field: 'after', set: setStr },
    { name: 'addition_types', where: places, args: Args.OneOrMore, conf: 'loc', field: 'types', set: setTypes(['text/html']) },
  ],
  headerFilters: [{ filter: additionHeaderFilter, active }],
  bodyFilters: [{ start: (r, conf: AdditionConf) => r.ctx[conf.index] as Addition | undefined ?? null, filter: additionBodyFilter, active }],
}

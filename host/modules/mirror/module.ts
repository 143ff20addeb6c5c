/**
 * mirror, mirror_request_body (nginx's ngx_http_mirror_module): every request is also sent elsewhere, whose answer is dropped. A host module for now,
 * because the plugin ABI has no call for subrequests yet.
 */
import type { Answer, Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import { Args, DECLINED, OK, Phase, Where } from '../../module.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setFlag } from '../../conf/setters.ts'
import { subrequest } from '../../http/subrequest.ts'
import { moduleOrder } from '../order.ts'

const unset = undefined as never

class MirrorConf {
  /** Where the module keeps that the request was mirrored. */
  readonly index: number
  /** null for off. */
  uris: string[] | null = unset
  requestBody: boolean = unset

  constructor(index: number) {
    this.index = index
  }
}

/** Makes the copies, behind the request body when they are to have it. */
function mirrorHandler(r: Request, conf: MirrorConf): Answer {
  if (r.parent !== null || r.ctx[conf.index] !== undefined) return DECLINED
  r.ctx[conf.index] = true
  if (!conf.requestBody) return mirror(r, conf)
  const rc = r.readBody()
  if (typeof rc === 'number') return rc === OK ? mirror(r, conf) : rc
  return rc.then((v) => (v === OK ? mirror(r, conf) : v))
}

function mirror(r: Request, conf: MirrorConf): Verdict {
  for (const uri of conf.uris!) {
    const sr = subrequest(r, uri, r.args, { background: true, headerOnly: true, method: r.method, ...(conf.requestBody ? {} : { body: null }) })
    if (sr === null) return 500
  }
  return DECLINED
}

/** `mirror URI|off;`, which may be repeated. */
function setMirror(cf: Cf, _directive: unknown, conf: MirrorConf): string | void {
  if (cf.args[1] === 'off') {
    if (conf.uris !== undefined) return 'is duplicate'
    conf.uris = null
    return
  }
  if (conf.uris === null) return 'is duplicate'
  conf.uris = [...conf.uris ?? [], cf.args[1]!]
}

const places = Where.Http | Where.Server | Where.Location

/** The mirror module. */
export const mirrorModule: Module = {
  name: 'mirror',
  order: moduleOrder.mirror,
  createLocConf: (cf: Cf) => new MirrorConf(cf.cycle.indexOf(mirrorModule)),
  mergeLocConf: (_cf, parent: MirrorConf, child: MirrorConf) => mergeValues(parent, child, { uris: null, requestBody: true }),
  directives: [
    { name: 'mirror', where: places, args: Args.Take1, conf: 'loc', set: setMirror },
    { name: 'mirror_request_body', where: places, args: Args.Flag, conf: 'loc', field: 'requestBody', set: setFlag },
  ],
  phases: [{ phase: Phase.Precontent, handler: mirrorHandler, active: (conf: MirrorConf) => conf.uris !== null }],
}

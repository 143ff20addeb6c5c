/**
 * auth_request, auth_request_set (nginx's ngx_http_auth_request_module): another location decides by its status whether the request may go on. A
 * host module for now, because the plugin ABI has no call for subrequests yet.
 */
import type { Answer, Module, Verdict } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import type { Variable } from '../../expr/variables.ts'
import { Args, OK, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { mergeValues } from '../../conf/merge.ts'
import { settableVariable } from '../../expr/define.ts'
import { compileTemplate } from '../../expr/template.ts'
import { subrequest } from '../../http/subrequest.ts'
import { moduleOrder } from '../order.ts'

const unset = undefined as never

/** One `auth_request_set`. */
interface Assignment { readonly variable: Variable, readonly value: Template }

class AuthRequestConf {
  /** '' for off. */
  uri: string = unset
  sets: Assignment[] | null = unset
}

/** Asks the location; its verdict comes when it has answered. */
function authRequestHandler(r: Request, conf: AuthRequestConf): Answer {
  return new Promise<Verdict>((resolve) => {
    const done = (sr: Request): Verdict => {
      resolve(decide(r, sr, conf))
      return OK
    }
    if (subrequest(r, conf.uri, '', { output: 'none', headerOnly: true, body: null, done }) === null) resolve(500)
  })
}

/** What the answer means: 2xx lets pass, 401 and 403 are the client's answer, anything else is a mistake. */
function decide(r: Request, sr: Request, conf: AuthRequestConf): Verdict {
  // The values are the subrequest's ($upstream_http_…), and stay whatever redirects follow.
  for (const { variable, value } of conf.sets ?? []) variable.assign(r, value.evaluate(sr))
  const { status } = sr.headersOut
  if (status === 403) return 403
  if (status === 401) {
    const asked = sr.headersOut.get('www-authenticate')
    if (asked !== null) r.headersOut.add('WWW-Authenticate', asked)
    return 401
  }
  if (status >= 200 && status < 300) return OK
  r.log(Level.error, `auth request unexpected status: ${status}`)
  return 500
}

/** `auth_request URI|off;` */
function setUri(cf: Cf, _directive: unknown, conf: AuthRequestConf): string | void {
  if (conf.uri !== undefined) return 'is duplicate'
  conf.uri = cf.args[1] === 'off' ? '' : cf.args[1]!
}

/** `auth_request_set $variable value;` */
function setVariable(cf: Cf, _directive: unknown, conf: AuthRequestConf): void {
  conf.sets ??= []
  conf.sets.push({ variable: settableVariable(cf, 1), value: compileTemplate(cf, cf.args[2]!, 2) })
}

const places = Where.Http | Where.Server | Where.Location

/** The auth_request module. */
export const authRequestModule: Module = {
  name: 'auth_request',
  order: moduleOrder.auth_request,
  createLocConf: () => new AuthRequestConf(),
  mergeLocConf: (_cf, parent: AuthRequestConf, child: AuthRequestConf) => mergeValues(parent, child, { uri: '', sets: null }),
  directives: [
    { name: 'auth_request', where: places, args: Args.Take1, conf: 'loc', set: setUri },
    { name: 'auth_request_set', where: places, args: Args.Take2, conf: 'loc', set: setVariable },
  ],
  phases: [{ phase: Phase.Access, handler: authRequestHandler, active: (conf: AuthRequestConf) => conf.uri !== '' }],
}

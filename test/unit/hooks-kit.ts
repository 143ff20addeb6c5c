/** Modules that trace hooks, for the tests that compare with what httpd was seen to do. */
import { subrequest } from '../../host/http/subrequest.ts'
import type { Request } from '../../host/http/request.ts'
import { Args, DECLINED, DONE, OK, Where } from '../../host/module.ts'
import type { HookHandler, Module } from '../../host/module.ts'
import type { Engine } from './engine-kit.ts'

/** A recorded case: what was asked, and which hooks were called in which order. */
export interface Recorded {
  readonly case: string
  readonly request: string
  readonly status: string
  readonly body: string | null
  readonly hooks: string[]
}

/** The names that the recording has for hooks that have others in the source. */
const recordedNames: Record<string, string> = {
  access_checker: 'check_access', access_checker_ex: 'check_access_ex', check_user_id: 'check_authn', auth_checker: 'check_authz',
}

/** The hooks that were recorded. */
const traced = [
  'quick_handler', 'pre_translate_name', 'translate_name', 'map_to_storage', 'access_checker', 'access_checker_ex', 'check_user_id', 'auth_checker', 'type_checker',
  'fixups', 'insert_filter', 'handler', 'log_transaction',
]

/** A module that notes every call of a recorded hook, before all others, and declines. */
export function tracer(trace: string[]): Module {
  const hooks = traced.map((hook): HookHandler<unknown, Request> => ({
    hook, order: -10,
    handler: (r) => {
      const name = recordedNames[hook] ?? hook
      trace.push(hook === 'log_transaction' ? `${name} status=${r.headersOut.status}` : `${name} ${r.uri}${r.parent === null ? '' : ' [sub]'}`)
      return DECLINED
    },
  }))
  return { name: 'tracer', hooks }
}

/** What httpd's own modules do in the recording: places that need a user, types by extension, a page made of subrequests. */
export function core(): Module {
  const needsUser = (conf: { user: boolean }): boolean => conf.user
  return {
    name: 'likecore',
    createLocConf: () => ({ user: false }),
    directives: [
      { name: 'need_user', where: Where.Location, args: Args.None, conf: 'loc', set: (_cf, _d, conf) => { conf.user = true } },
    ],
    hooks: [
      { hook: 'access_checker_ex', order: 30, handler: (_r, conf) => (needsUser(conf) ? DECLINED : OK) },
      { hook: 'check_user_id', handler: (r: Request) => (r.header('authorization') === 'Basic dTpw' ? OK : 401) },
      { hook: 'auth_checker', handler: () => OK },
      { hook: 'type_checker', order: 0, handler: () => OK },
      { hook: 'handler', handler: made },
    ],
  }
}

function made(r: Request): number | Promise<number> {
  switch (r.uri) {
    case '/luahandle': return r.respond(200, 'text/plain', 'handled\n')
    case '/luadone': {
      r.respond(200, 'text/plain', 'done\n')
      return DONE
    }
    case '/lua404': return 404
    case '/parts': {
      r.discardBody()
      r.headersOut.status = 200
      r.sendHeader()
      subrequest(r, '/plain.txt')
      return OK
    }
    default: return DECLINED
  }
}

/** The recorded hooks without what is httpd's own: handler names, users, the URI behind log_transaction. */
export function plain(hooks: readonly string[]): string[] {
  return hooks.map((line) => line.replace(/ (handler|user)=\S+/g, '').replace(/^log_transaction \S+ /, 'log_transaction '))
}

/** Sends a recorded request; returns status line and body once the log has been written. */
export async function ask(e: Engine, request: string): Promise<{ status: string, body: string }> {
  const text = await e.raw(request)
  return { status: text.slice(0, text.indexOf('\r\n')), body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}

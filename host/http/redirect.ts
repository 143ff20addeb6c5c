import type { Verdict } from '../module.ts'
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'

/** Forgets what modules knew of the request under its old URI (nginx.md §3.6). */
function clearContexts(r: Request): void {
  if (r.ctx.length > 0) r.ctx.length = 0
  if (r.hooks !== null) r.hooks.dropContexts()
  r.addUriToAlias = false
  r.filters?.redirected()
}

/**
 * ngx_http_internal_redirect: another URI, all modules forget the request, phases restart at SERVER_REWRITE of the same server. `$request_uri`
 * and variables that were `set` stay. Returns the verdict for the handler to return; a cycle of more than ten ends in 500.
 */
export function internalRedirect(r: Request, uri: string, args: string): Verdict {
  r.uriChanges--
  if (r.uriChanges === 0) {
    r.log(Level.error, `rewrite or internal redirection cycle while internally redirecting to "${uri}"`)
    return 500
  }
  r.setUri(uri, args)
  clearContexts(r)
  r.internal = true
  r.validLocation = false
  r.uriChanged = false
  r.useServerLocation()
  r.step = r.steps.serverRewrite
  return r.markRedirect()
}

/** ngx_http_named_location: goes on at REWRITE of `@name` with URI and arguments untouched; 500 when there is none. */
export function namedLocation(r: Request, name: string): Verdict {
  r.uriChanges--
  if (r.uriChanges === 0) {
    r.log(Level.error, `rewrite or internal redirection cycle while redirect to named location "${name}"`)
    return 500
  }
  const location = r.server.named.get(name)
  if (location === undefined) {
    r.log(Level.error, `could not find named location "${name}"`)
    return 500
  }
  clearContexts(r)
  r.internal = true
  r.uriChanged = false
  r.switchLocation(location)
  r.applyLocation()
  r.step = r.steps.rewrite
  return r.markRedirect()
}

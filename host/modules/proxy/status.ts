import type { Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import { normaliseTarget } from '../../http/framing/uri.ts'
import { Level } from '../../core/log.ts'
import { NextUpstream } from './conf.ts'

/** The `proxy_next_upstream` bit of a response status; 0 when no bit speaks of it. */
export function retryBit(status: number): number {
  switch (status) {
    case 500: return NextUpstream.http500
    case 502: return NextUpstream.http502
    case 503: return NextUpstream.http503
    case 504: return NextUpstream.http504
    case 403: return NextUpstream.http403
    case 404: return NextUpstream.http404
    case 429: return NextUpstream.http429
    default: return 0
  }
}

/** What the client is answered when a try failed for this reason and no other server is asked (nginx.md §11). */
export function retryStatus(reason: number): number {
  switch (reason) {
    case NextUpstream.timeout: case NextUpstream.http504: return 504
    case NextUpstream.http500: return 500
    case NextUpstream.http503: return 503
    case NextUpstream.http403: return 403
    case NextUpstream.http404: return 404
    case NextUpstream.http429: return 429
    default: return 502
  }
}

/** Whether the location has an `error_page` for a status that `proxy_intercept_errors` may take over. */
export function mayIntercept(r: Request, status: number): boolean {
  return status >= 300 && (r.location.errorPages?.some((page) => page.status === status) ?? false)
}

/** Goes on at the place that `X-Accel-Redirect` names: `@name`, or a URI of this server, never outside of it (404). */
export function followAccelRedirect(r: Request, place: string): Verdict {
  if (place.startsWith('@')) return r.namedLocation(place)
  const split = place.startsWith('/') && !climbs(place) ? normaliseTarget(place, false) : null
  if (split === null) {
    r.log(Level.error, `unsafe URI "${place}" was detected`)
    return 404
  }
  if (r.method !== 'HEAD') r.method = 'GET'
  return r.internalRedirect(split.path, split.args ?? '')
}

/** A path with a `..` segment, plain or escaped. */
function climbs(place: string): boolean {
  const path = place.replace(/\?.*$/s, '').replace(/%2e/gi, '.').replace(/%2f/gi, '/')
  return /(?:^|\/)\.\.(?:\/|$)/.test(path)
}

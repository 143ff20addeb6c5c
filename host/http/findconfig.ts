import type { Verdict } from '../module.ts'
import type { Request } from './request.ts'
import type { CoreLocConf } from './core/conf.ts'
import type { LocationTree } from './locations.ts'
import { OK } from '../module.ts'
import { Level } from '../core/log.ts'

/** The location of the request's URI; the one that was found for it before when the client repeats its path. */
function search(r: Request, locations: LocationTree): CoreLocConf | null {
  const last = r.connection.lastPath
  if (last === null || !locations.plain || last.text !== r.uri) return locations.find(r.uri, r)
  if (last.tree !== locations) {
    last.tree = locations
    last.found = locations.find(r.uri, r)
  }
  return last.found
}

/**
 * FIND_CONFIG (nginx.md §3.3): searches the location, takes its configuration, and checks what can be checked by now: `internal` (404), the
 * announced body size (413), and the redirect to a name with a final slash (301). OK goes on, anything else is an answer.
 */
export function findConfig(r: Request): Verdict {
  r.contentHandler = null
  r.uriChanged = false
  const { locations } = r.server.location
  const found = locations === null ? null : search(r, locations)
  const location = found ?? r.server.location
  r.validLocation = found !== null
  if (!r.internal && location.internal) return 404
  r.switchLocation(location)
  r.applyLocation()
  const limit = r.location.clientMaxBodySize
  if (r.contentLength > limit && limit !== 0 && !r.body.started) {
    r.log(Level.error, `client intended to send too large body: ${r.contentLength} bytes`)
    r.expectContinue = false
    r.body.discard()
    return 413
  }
  if (found !== null && found.autoRedirect && r.uri.length + 1 === found.name.length && found.name.startsWith(r.uri)) {
    r.headersOut.location = r.args === '' ? found.name : `${found.name}?${r.args}`
    return 301
  }
  return OK
}

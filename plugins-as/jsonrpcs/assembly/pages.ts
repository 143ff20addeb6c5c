// Who may call over HTTP: pages of other sites may not.
import { Request } from '@vespid/sdk'

/** Whether the body says that it is JSON. A page of another site cannot say that without asking first (CORS), and is never allowed to. */
export function saysJson(type: string | null): bool {
  if (type === null) return false
  const semicolon = type.indexOf(';')
  const plain = (semicolon < 0 ? type : type.substring(0, semicolon)).trim().toLowerCase()
  return plain.endsWith('/json') || plain.endsWith('+json') || plain == 'application/json-rpc' || plain == 'application/jsonrequest'
}

/** Whether the request comes from a page of another site, or may come from one: what `curl -d` sends is not refused. */
export function fromPage(r: Request): bool {
  const site = r.header('sec-fetch-site')
  if (site !== null) return site != 'same-origin' && site != 'none'
  return r.header('origin') !== null
}

/** Whether a call must be refused because a page of another site may have sent it. */
export function foreign(r: Request): bool {
  return !r.headerIs('content-type', 'application/json') && !saysJson(r.header('content-type')) && fromPage(r)
}

export const foreignNote = 'a web page must send JSON-RPC calls with "Content-Type: application/json"\n'

// Who may call over HTTP: pages of other sites may not.
import { Request } from '@vespid/sdk'
import { mediaType } from '@vespid/sdk/mime'
import { isForeign } from '@vespid/sdk/origin'

/** Whether the body says that it is JSON. A page of another site cannot say that without asking first (CORS), and is never allowed to. */
function saysJson(type: string): bool {
  return type.endsWith('/json') || type.endsWith('+json') || type == 'application/json-rpc' || type == 'application/jsonrequest'
}

/** Whether a call must be refused because a page of another site may have sent it. */
export function foreign(r: Request): bool {
  return !r.headerIs('content-type', 'application/json') && !saysJson(mediaType(r.header('content-type'))) && isForeign(r)
}

export const foreignNote = 'a web page must send JSON-RPC calls with "Content-Type: application/json"\n'

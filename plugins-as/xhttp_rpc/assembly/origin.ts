import { Request } from '@vespid/sdk'
import { isForeign, tokenOf } from '@vespid/sdk/origin'

/** The cookie that holds a browser's token. */
export const cookieName = 'xhttp_rpc_token'

/** Why a form may not be taken; '' when it may. */
export function refusal(r: Request, token: string): string {
  if (isForeign(r)) {
    return 'This form was sent by a page of another site, so nothing was run. If it is yours, send it again from here.'
  }
  const own = tokenOf(r, cookieName)
  if (own.length == 0) {
    return 'Your browser has sent no cookie of this console, so nothing was run. Allow cookies here, then send the form again.'
  }
  return own == token ? '' : 'The form is from an earlier visit, so nothing was run. Send it again.'
}

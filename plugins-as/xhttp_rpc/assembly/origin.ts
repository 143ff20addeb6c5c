import { Request } from '@vespid/sdk'

const cookieName = 'xhttp_rpc_token'

/** The form's token of this browser: its cookie's, or a new one. */
export function tokenOf(r: Request): string {
  const own = r.cookie(cookieName)
  if (own !== null && isToken(own)) return own
  const fresh = r.variable('request_id')
  return fresh === null ? '' : fresh
}

/** The line that gives a browser its token. Other sites can neither read nor send it. */
export function cookieLine(r: Request, root: string, token: string): string {
  const secure = r.variable('scheme') == 'https' ? '; Secure' : ''
  return `${cookieName}=${token}; Path=${root.length == 0 ? '/' : root}; HttpOnly; SameSite=Strict${secure}`
}

function isToken(text: string): bool {
  if (text.length != 32) return false
  for (let i = 0; i < 32; i++) {
    const c = text.charCodeAt(i)
    if (!(c >= 48 && c <= 57 || c >= 97 && c <= 102)) return false
  }
  return true
}

/** Whether a request may come from a page of another site, by what browsers say of it (Fetch Metadata; RFC 6454 §7). */
export function isForeign(r: Request): bool {
  const site = r.header('sec-fetch-site')
  if (site !== null) return site != 'same-origin' && site != 'none'
  const origin = r.header('origin')
  if (origin !== null) return !isHere(r, origin)
  const referer = r.header('referer')
  return referer !== null && !isHere(r, referer)
}

/** Whether a URL's host and port are those that were asked for. */
function isHere(r: Request, url: string): bool {
  const at = url.indexOf('://')
  const host = r.header('host')
  if (at < 0 || host === null) return false
  const slash = url.indexOf('/', at + 3)
  return (slash < 0 ? url.substring(at + 3) : url.substring(at + 3, slash)).toLowerCase() == host.toLowerCase()
}

/** Why a form may not be taken; '' when it may. */
export function refusal(r: Request, token: string): string {
  if (isForeign(r)) {
    return 'This form was sent by a page of another site, so nothing was run. If it is yours, send it again from here.'
  }
  const own = r.cookie(cookieName)
  if (own === null || !isToken(own)) {
    return 'Your browser has sent no cookie of this console, so nothing was run. Allow cookies here, then send the form again.'
  }
  return own == token ? '' : 'The form is from an earlier visit, so nothing was run. Send it again.'
}

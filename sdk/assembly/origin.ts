// Whether a request was meant by who sent it: pages of other sites may make a browser send one (cross-site request
// forgery).
import * as host from './vespid'
import { Request } from './request'

/**
 * Whether a request may come from a page of another site, by what browsers say of it (Fetch Metadata; RFC 6454 §7).
 * Programs say nothing.
 */
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

/** A token that nobody can guess: 128 bits in 32 hexadecimal digits. */
export function newToken(): string {
  const bytes = new Uint8Array(16)
  host.random(bytes.dataStart, 16)
  let token = ''
  for (let i = 0; i < 16; i++) token += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
  return token
}

/** Whether a text looks as `newToken` makes them. */
function isToken(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!(c >= 48 && c <= 57 || c >= 97 && c <= 102)) return false
  }
  return text.length == 32
}

/**
 * The token that a browser has in a cookie, `''` for none. Other sites can neither read nor send it: a form of ours
 * holds the same one, and what is sent without it is not from our form.
 */
export function tokenOf(r: Request, cookie: string): string {
  const token = r.cookie(cookie)
  return token !== null && isToken(token) ? token : ''
}

/** The value of Set-Cookie that gives a browser its token, for what lies below `path`. */
export function tokenCookie(r: Request, cookie: string, path: string, token: string): string {
  const secure = r.variable('scheme') == 'https' ? '; Secure' : ''
  return `${cookie}=${token}; Path=${path}; HttpOnly; SameSite=Strict${secure}`
}

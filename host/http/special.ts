import type { Answer } from '../module.ts'
import type { CoreLocConf } from './core/conf.ts'
import type { Request } from './request.ts'
import { OK } from '../module.ts'
import { isMsie } from './browsers.ts'
import { serverName } from './headwriter.ts'
import { answer, finalizeRequest } from './finalize.ts'
import { pageTitles } from './status.ts'
import { runErrorFilter } from './hooks/lists.ts'

/** Statuses after which the connection closes: the request may not have been understood (nginx.md §3.5). */
const closing = new Set([400, 413, 414, 494, 495, 496, 497, 500, 501])
const redirects = new Set([301, 302, 303, 307, 308])

/**
 * ngx_http_special_response_handler: answers with a status: the location's `error_page`, else a built-in page. Returns whether the
 * phases go on (redirected to an error page).
 */
export function specialResponse(r: Request, status: number): boolean {
  r.errStatus = status
  if (closing.has(status)) r.keepalive = false
  r.headersOut.contentType = ''
  r.headersOut.charset = ''
  const pages = r.location.errorPages
  if (!r.errorPage && pages !== null && pages !== undefined && r.uriChanges !== 0) {
    const page = pages.find((p) => p.status === status)
    if (page !== undefined) {
      if (!r.location.recursiveErrorPages) r.errorPage = true
      return errorPage(r, page)
    }
  }
  r.expectContinue = false
  if (r.body.discard() !== OK) r.keepalive = false
  if (status >= 494 && status <= 497) r.errStatus = 400
  return answer(r, () => builtInPage(r, status))
}

/** Follows an `error_page`: a URI or named location of ours, else a redirect of the client. */
function errorPage(r: Request, page: NonNullable<CoreLocConf['errorPages']>[number]): boolean {
  const { overwrite } = page
  if (overwrite >= 0) r.errStatus = overwrite
  if (overwrite > 0 && overwrite !== 200) r.expectContinue = false
  const uri = page.uri.evaluate(r)
  if (uri.startsWith('/')) {
    const query = uri.indexOf('?')
    if (r.method !== 'HEAD') r.method = 'GET'
    return finalizeRequest(r, query < 0 ? r.internalRedirect(uri, '') : r.internalRedirect(uri.slice(0, query), uri.slice(query + 1)))
  }
  if (uri.startsWith('@')) return finalizeRequest(r, r.namedLocation(uri))
  r.expectContinue = false
  if (r.body.discard() !== OK) r.keepalive = false
  const status = redirects.has(overwrite) ? overwrite : 302
  r.errStatus = status
  r.headersOut.location = uri
  return answer(r, () => builtInPage(r, status))
}

/** Sends the built-in page of a status, or an empty body where there is none (ngx_http_send_special_response). */
function builtInPage(r: Request, status: number): Answer {
  const out = r.headersOut
  const title = pageTitles[status]
  const body = title === undefined ? null : pageFor(r, status, title)
  out.contentType = body === null ? '' : 'text/html'
  out.contentLength = body === null ? 0 : body.length
  out.lastModified = -1
  out.etag = ''
  out.contentEncoding = ''
  out.allowRanges = false
  out.remove('accept-ranges')
  const hooks = r.steps.hooks?.errorFilter ?? null
  if (hooks !== null) runErrorFilter(r, hooks)
  const rc = r.sendHeader()
  if (rc !== OK) return rc
  return body === null || r.headerOnly ? r.outputEnd() : r.output({ data: body, file: null, last: true, flush: false })
}

const pages = new Map<string, Buffer>()

function pageFor(r: Request, status: number, title: string): Buffer {
  const name = serverName(r.location.serverTokens)
  const padded = status >= 400 && r.location.msiePadding && r.version >= 1000 && wantsPadding(r)
  const key = `${status} ${name} ${padded}`
  let page = pages.get(key)
  if (page === undefined) pages.set(key, page = Buffer.from(renderPage(status, title, name, padded), 'latin1'))
  return page
}

/** Old browsers replace short error pages by their own; nginx pads for MSIE and for Chrome. */
function wantsPadding(r: Request): boolean {
  const agent = r.header('user-agent')
  if (agent === null) return false
  return agent.includes('Chrome/') || isMsie(agent)
}

function renderPage(status: number, title: string, name: string, padded: boolean): string {
  const nginxOwn = status >= 494 && status <= 497
  const heading = nginxOwn ? '400 Bad Request' : title
  const detail = nginxOwn ? `<center>${title.slice(4)}</center>\r\n` : ''
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${heading}</h1></center>\r\n${detail}` +
    `<hr><center>${name}</center>\r\n</body>\r\n</html>\r\n` +
    (padded ? '<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n'.repeat(6) : '')
}

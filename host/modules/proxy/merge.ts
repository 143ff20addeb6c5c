import type { Cf } from '../../conf/cf.ts'
import type { Template } from '../../expr/template.ts'
import type { ProxyConf } from './conf.ts'
import { mergeValues } from '../../conf/merge.ts'
import { coreLoc } from '../../http/core/confs.ts'
import { NextUpstream, compileProxyConf } from './conf.ts'
import { SslProtocols, compileTls } from './connect.ts'
import { defaultRedirect } from './directives.ts'
import { proxyHandler } from './handler.ts'

/** nginx's ngx_pagesize: the unit of its buffers. */
export const page = 4096

/**
 * Merges a place with the one around it (ngx_http_proxy_merge_loc_conf); `hostHeader` is the template of `$proxy_host`.
 */
export function mergeProxy(cf: Cf, parent: ProxyConf, child: ProxyConf, hostHeader: Template): string | void {
  inheritPass(cf, parent, child)
  if (child.redirects === undefined && parent.redirects === undefined && child.url !== '') {
    child.redirects = [defaultRedirect(child)]
  }
  mergeValues(parent, child, {
    setHeaders: null, method: null, httpVersion: 1001, passRequestHeaders: true, passRequestBody: true, setBody: null,
    requestBuffering: true, bind: null, connectTimeout: 60000, sendTimeout: 60000, readTimeout: 60000, socketKeepalive: false,
    ignoreClientAbort: false, nextUpstream: NextUpstream.error | NextUpstream.timeout, nextUpstreamTries: 0, nextUpstreamTimeout: 0,
    buffering: true, bufferSize: page, buffers: { count: 8, size: page }, interceptErrors: false,
    ignoreHeaders: 0, forceRanges: false, hideHeaders: null, passHeaders: null, cookieDomains: null, cookiePaths: null, cookieFlags: null,
    sslName: null, sslServerName: false, sslVerify: false, sslTrustedCertificate: '', sslCertificate: '',
    sslCertificateKey: '', sslCiphers: 'DEFAULT', sslProtocols: SslProtocols['TLSv1.2'] | SslProtocols['TLSv1.3'],
  })
  if (child.redirects === undefined) child.redirects = parent.redirects
  for (const size of ['busyBuffersSize', 'tempFileWriteSize', 'maxTempFileSize'] as const) child[size] ??= parent[size]
  if ((child.nextUpstream & NextUpstream.off) !== 0) child.nextUpstream = NextUpstream.off
  const wrong = checkBuffers(child)
  if (wrong !== null) return wrong
  if (child.group === null && child.pass === null) return
  // Rules of a place that has no proxy_pass are complete only where there is one.
  child.redirects ??= null
  compileProxyConf(child, hostHeader)
  if (child.pass !== null || child.target!.ssl) child.tls = compileTls(cf, child)
}

/** `if` and `limit_except` work with the `proxy_pass` around them. */
function inheritPass(cf: Cf, parent: ProxyConf, child: ProxyConf): void {
  const location = coreLoc(cf)
  if (!location.noname || child.group !== null || child.pass !== null) return
  if (parent.group === null && parent.pass === null) return
  child.group = parent.group
  child.target = parent.target
  child.pass = parent.pass
  child.url = parent.url
  child.location = parent.location
  if (location.handler !== null) return
  location.handler = proxyHandler
  location.handlerConf = child
}

/** The sizes have to fit each other as in nginx, though the buffers here are Node's. */
function checkBuffers(conf: ProxyConf): string | null {
  const { bufferSize, buffers } = conf
  if (buffers.count < 2) return 'there must be at least 2 "proxy_buffers"'
  const largest = Math.max(bufferSize, buffers.size)
  const atLeast = 'must be equal to or greater than the maximum of the value of "proxy_buffer_size" and one of the "proxy_buffers"'
  const busyBuffersSize = conf.busyBuffersSize ?? 2 * largest
  if (busyBuffersSize < largest) return `"proxy_busy_buffers_size" ${atLeast}`
  if (busyBuffersSize > (buffers.count - 1) * buffers.size) {
    return '"proxy_busy_buffers_size" must be less than the size of all "proxy_buffers" minus one buffer'
  }
  if (conf.tempFileWriteSize !== undefined && conf.tempFileWriteSize < largest) return `"proxy_temp_file_write_size" ${atLeast}`
  const file = conf.maxTempFileSize
  if (file === undefined || file === 0 || file >= largest) return null
  return `"proxy_max_temp_file_size" must be equal to zero to disable temporary files usage or ${atLeast}`
}

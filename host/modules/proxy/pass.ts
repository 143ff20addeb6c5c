import type { Cf } from '../../conf/cf.ts'
import type { ProxyConf } from './conf.ts'
import { coreLoc } from '../../http/core/confs.ts'
import { compileTemplate, splitTemplate } from '../../expr/template.ts'
import { upstreamsOf } from '../upstream/module.ts'
import { proxyHandler } from './handler.ts'
import { parseTarget, targetOf } from './target.ts'

const noUri = '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, ' +
  'or inside "if" statement, or inside "limit_except" block'

/** `proxy_pass URL;` */
export function setPass(cf: Cf, _directive: unknown, conf: ProxyConf): string | void {
  if (conf.group !== null || conf.pass !== null) return 'is duplicate'
  const location = coreLoc(cf)
  location.handler = proxyHandler
  location.handlerConf = conf
  if (location.name.endsWith('/')) location.autoRedirect = true
  const url = cf.args[1]!
  if (hasVariables(url)) {
    conf.pass = compileTemplate(cf, url, 1)
    return
  }
  // A scheme alone is a bad prefix to nginx only where variables made it.
  const parsed = /^https?:\/\/$/i.test(url) ? 'no host' : parseTarget(url)
  if (typeof parsed === 'string') {
    if (parsed === 'invalid URL prefix') return cf.fail(parsed, 1, 'it begins with http:// or https://')
    return cf.fail(`${parsed} in upstream "${url.slice(url.indexOf('//') + 2)}"`, 1)
  }
  const { ssl, address } = parsed
  conf.group = upstreamsOf(cf.cycle).use(cf, address, 1)
  conf.target = targetOf(ssl, address)
  conf.url = url
  conf.location = location.name
  if (!location.named && location.regex === null && !location.noname) return
  if (address.uri !== '') cf.fail(noUri, 1)
  conf.location = ''
}

function hasVariables(url: string): boolean {
  try {
    return splitTemplate(url).some((piece) => !('text' in piece))
  } catch {
    return true
  }
}

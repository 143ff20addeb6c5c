import type { Answer, Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { UpstreamGroup } from '../upstream/group.ts'
import type { ProxyConf, Target } from './conf.ts'
import { OK } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { inetEndpoint } from '../upstream/address.ts'
import { adHocGroup } from '../upstream/group.ts'
import { upstreamsOf } from '../upstream/module.ts'
import { endpointsOf, resolveName } from '../upstream/resolve.ts'
import { triesOf } from '../upstream/states.ts'
import { Exchange } from './exchange.ts'
import { noteTarget } from './variables.ts'
import { parseTarget, requestTarget, targetOf } from './target.ts'

/** The content handler of a location with `proxy_pass`. */
export function proxyHandler(r: Request, conf: ProxyConf): Answer {
  const streamed = conf.passRequestBody && conf.setBody === null && !conf.requestBuffering && r.body.unread && !r.body.started &&
    (conf.httpVersion > 1000 || !(r.chunkedBody || r.body.prepare()))
  // Also a body that is not passed on is read: $request_body and $request_body_file may name it.
  const rc = streamed ? OK : r.readBody()
  if (rc === OK) return choose(r, conf, streamed)
  return typeof rc === 'number' ? rc : rc.then((v) => (v === OK ? choose(r, conf, streamed) : v))
}

/** Finds out which servers the request goes to. */
function choose(r: Request, conf: ProxyConf, streamed: boolean): Answer {
  if (conf.pass === null) {
    noteTarget(r, conf.target!)
    return begin(r, conf, streamed, conf.group!, conf.target!, conf.target!.uri)
  }
  const url = conf.pass.evaluate(r)
  const parsed = parseTarget(url)
  if (typeof parsed === 'string') {
    const culprit = parsed === 'invalid URL prefix' ? `"${url}"` : `upstream "${url.slice(url.indexOf('//') + 2)}"`
    r.log(Level.error, `${parsed} in ${culprit}`)
    return 500
  }
  const { ssl, address } = parsed
  const target = targetOf(ssl, address)
  noteTarget(r, target)
  const uri = address.uri.startsWith('?') ? `/${address.uri}` : address.uri
  const known = upstreamsOf(r.running.cycle).find(address)
  if (known !== null) return begin(r, conf, streamed, known, target, uri)
  if (address.path !== null || address.numeric !== null) {
    return begin(r, conf, streamed, adHocGroup(address, endpointsOf(r.running.cycle, address)), target, uri)
  }
  const { resolver, resolverTimeout } = r.location
  if (resolver === null) {
    r.log(Level.error, `no resolver defined to resolve ${address.host}`)
    return 502
  }
  return resolveName(resolver, address.host, resolverTimeout).then((hosts): Answer => {
    if (r.finished) return 499
    if (hosts.length > 0) {
      const group = adHocGroup(address, hosts.map((host) => inetEndpoint(host, address.port)))
      return begin(r, conf, streamed, group, target, uri)
    }
    r.log(Level.error, `${address.host} could not be resolved (3: Host not found)`)
    return 502
  })
}

function begin(
  r: Request, conf: ProxyConf, streamed: boolean, group: UpstreamGroup, target: Target, uri: string,
): Verdict | Promise<Verdict> {
  const asked = requestTarget(r, conf, uri)
  if (asked === '') {
    r.log(Level.error, 'zero length URI to proxy')
    return 500
  }
  triesOf(r).separate(Date.now())
  return new Exchange(r, conf, group, target, asked, streamed).run()
}

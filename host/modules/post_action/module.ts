/**
 * post_action (nginx's ngx_http_core_module): a location that is asked when the response is out. The directive is the core module's; this module
 * only arms it where it is configured, so that no other response pays. A host module because it belongs to the end of the request.
 *
 * Unlike nginx it is a background subrequest: it starts with the response's $status, $bytes_sent and $body_bytes_sent, the access log has the
 * request as it was, and a request whose client left before its response is not followed by one.
 */
import type { Module } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { CoreLocConf } from '../../http/core/conf.ts'
import { OK } from '../../module.ts'
import { coreLoc } from '../../http/core/confs.ts'
import { armPostAction } from '../../http/subrequest.ts'
import { moduleOrder } from '../order.ts'

interface PostActionConf { readonly core: CoreLocConf }

function active({ core }: PostActionConf): boolean {
  return core.postAction !== '' && core.postAction !== 'off'
}

/** The post_action module. */
export const postActionModule: Module = {
  name: 'post_action',
  order: moduleOrder.post_action,
  createLocConf: (cf: Cf): PostActionConf => ({ core: coreLoc(cf) }),
  headerFilters: [{ filter: (r, { core }: PostActionConf) => (armPostAction(r, core.postAction), OK), active }],
}

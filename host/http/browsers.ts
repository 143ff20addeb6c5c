import type { Request } from './request.ts'
import { KeepaliveDisable } from './core/conf.ts'
import { H_USER_AGENT } from './framing/table.ts'

/** Whether a User-Agent is Internet Explorer's (ngx_http_process_user_agent); Opera once called itself so. */
export function isMsie(agent: string): boolean {
  const at = agent.indexOf('MSIE ')
  return at >= 0 && at + 7 < agent.length && !agent.includes('Opera')
}

/**
 * Whether `keepalive_disable` names the client: by default Internet Explorer up to 6 without its service pack 2, whose kept connections go
 * wrong after a POST; on request Safari on a Mac.
 */
export function keepsBadly(r: Request): boolean {
  const disable = r.location.keepaliveDisable
  const afterPost = (disable & KeepaliveDisable.msie6) !== 0 && r.method === 'POST'
  if (!afterPost && (disable & KeepaliveDisable.safari) === 0) return false
  const agent = r.head.known(H_USER_AGENT)
  if (agent === null) return false
  if (isMsie(agent)) return afterPost && /MSIE [456]\./.test(agent) && !/MSIE 6\..*SV1/.test(agent)
  return (disable & KeepaliveDisable.safari) !== 0 && agent.includes('Safari/') && agent.includes('Mac OS X') &&
    !agent.includes('Opera') && !agent.includes('Gecko/') && !agent.includes('Chrome/')
}

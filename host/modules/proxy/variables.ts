import type { VariableDefinition } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Target } from './conf.ts'

/** Where a request was sent, for as long as the request lasts (the object is reused, its serial number is not). */
const targets = new WeakMap<Request, { serial: number, target: Target }>()

/** Remembers the target of a request for `$proxy_host` and `$proxy_port`. */
export function noteTarget(r: Request, target: Target): void {
  const known = targets.get(r)
  if (known === undefined) targets.set(r, { serial: r.serial, target })
  else {
    known.serial = r.serial
    known.target = target
  }
}

/** The target of a request, or null when it is not proxied. */
function targetFor(r: Request): Target | null {
  const known = targets.get(r)
  return known === undefined || known.serial !== r.serial ? null : known.target
}

/** `$proxy_…` (nginx-variables.csv, ngx_http_proxy_module). */
export const proxyVariables: readonly VariableDefinition[] = [
  { name: 'proxy_host', nocache: true, changeable: true, get: (r) => targetFor(r)?.hostHeader ?? null },
  { name: 'proxy_port', nocache: true, changeable: true, get: (r) => targetFor(r)?.port ?? null },
  {
    name: 'proxy_add_x_forwarded_for',
    get: (r) => {
      const before = r.header('x-forwarded-for')
      return before === null ? r.remoteAddress : `${before}, ${r.remoteAddress}`
    },
  },
]

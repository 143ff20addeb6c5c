import type { VariableDefinition } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Try } from './states.ts'
import { cookieValue } from '../../http/core/variables-request.ts'
import { knownTries } from './states.ts'

/** One value per try: `, ` between the servers of one upstream, ` : ` between two upstreams. */
function perTry(r: Request, text: (one: Try) => string): string | null {
  const tries = knownTries(r)
  if (tries === null) return null
  let value = ''
  let glue = ''
  for (const one of tries.list) {
    if (one.address === null) {
      glue = ' : '
      continue
    }
    value += glue + text(one)
    glue = ', '
  }
  return value
}

/** Seconds with three decimals, `-` while unknown. */
function seconds(ms: number): string {
  return ms < 0 ? '-' : (ms / 1000).toFixed(3)
}

/** All values of a header of the upstream's response joined by `, `, or null. */
function responseHeader(r: Request, rest: string): string | null {
  const head = knownTries(r)?.head ?? null
  if (head === null) return null
  const name = rest.replaceAll('_', '-')
  let value: string | null = null
  for (let i = 0; i < head.lower.length; i++) {
    if (head.lower[i] === name) value = value === null ? head.values[i]! : `${value}, ${head.values[i]}`
  }
  return value
}

function responseCookie(r: Request, name: string): string | null {
  const head = knownTries(r)?.head ?? null
  if (head === null) return null
  for (let i = 0; i < head.lower.length; i++) {
    if (head.lower[i] !== 'set-cookie') continue
    const pair = head.values[i]!
    const end = pair.indexOf(';')
    const value = cookieValue(end < 0 ? pair : pair.slice(0, end), name)
    if (value !== null) return value
  }
  return null
}

function tries(name: string, text: (one: Try) => string): VariableDefinition {
  return { name, nocache: true, get: (r) => perTry(r, text) }
}

/** What the tries of upstream servers came to (nginx-variables.csv, ngx_http_upstream.c). */
export const upstreamVariables: readonly VariableDefinition[] = [
  tries('upstream_addr', (one) => one.address!),
  tries('upstream_status', (one) => one.status === 0 ? '-' : String(one.status)),
  tries('upstream_connect_time', (one) => seconds(one.connectTime)),
  tries('upstream_header_time', (one) => seconds(one.headerTime)),
  tries('upstream_response_time', (one) => seconds(one.responseTime)),
  tries('upstream_response_length', (one) => String(one.responseLength)),
  tries('upstream_bytes_received', (one) => String(one.bytesReceived)),
  tries('upstream_bytes_sent', (one) => String(one.bytesSent)),
  { name: 'upstream_cache_status', nocache: true, get: () => null },
  { name: 'upstream_http_', prefix: true, nocache: true, get: responseHeader },
  { name: 'upstream_trailer_', prefix: true, nocache: true, get: () => null },
  { name: 'upstream_cookie_', prefix: true, nocache: true, get: responseCookie },
]

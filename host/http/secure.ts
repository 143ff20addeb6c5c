/** What requests on an address with `ssl` must fulfil before they are processed (nginx's ngx_http_process_request). */
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'

/** HTTP came where TLS was expected: 497, shown to the client as 400. */
export function refusePlain(r: Request): number {
  r.log(Level.info, 'client sent plain HTTP request to HTTPS port')
  return 497
}

/**
 * Whether the client may ask this server: 0; 421 when it was verified for another server than the request names; 495 when its certificate is
 * not trusted; 496 when it showed none.
 */
export function checkClient(r: Request): number {
  const session = r.connection.secure!
  const negotiated = session.server
  if (session.name !== '' && r.host !== session.name && negotiated.verify !== 'off') return misdirected(r)
  const { tls } = r.server
  if (tls === null || tls.verify === 'off') return 0
  // A certificate says nothing to a server that trusts other issuers than the one that asked for it.
  if (tls.trust !== negotiated.trust && session.peer !== null) return misdirected(r)
  const { failure } = session
  if (failure !== null && (tls.verify !== 'optional_no_ca' || !session.onlyIssuerUnknown)) {
    r.log(Level.info, `client SSL certificate verify error: (${failure.number}:${failure.text})`)
    return 495
  }
  if (session.peer !== null || tls.verify !== 'on') return 0
  r.log(Level.info, 'client sent no required SSL certificate')
  return 496
}

function misdirected(r: Request): number {
  r.log(Level.info, 'client attempted to request the server name different from the one that was negotiated')
  return 421
}

import { RequestBody } from './body.ts'
import { Request } from './request.ts'
import { ResponseHeaders } from './response.ts'

/**
 * A request that is over, in an object of its own: for a log handler that waits, while the connection goes on to its
 * next request. Head, variables and response head are as they were; the body is gone.
 */
export function keepRequest(r: Request): Request {
  const kept: Request = Object.assign(Object.create(Request.prototype) as Request, r)
  const headersOut = Object.assign(new ResponseHeaders(), r.headersOut, {
    names: r.headersOut.names.slice(), values: r.headersOut.values.slice(), trailers: r.headersOut.trailers.slice(),
  })
  return Object.assign(kept, {
    head: r.head.handOver(), body: new RequestBody(kept), headersOut, variables: r.variables.slice(),
    ctx: r.ctx.slice(), cleanups: null, message: null, finished: true,
  })
}

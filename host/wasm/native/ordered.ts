import type { Answer } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart } from '../../http/response.ts'
import type { OrderedSubrequest } from '../frame.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { OK } from '../../module.ts'
import { placeOf } from '../../http/postpone.ts'
import { maySubrequest, subrequest } from '../../http/subrequest.ts'
import { Kind } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { ABSENT, bounds } from './abi.ts'
import { subrequestAsk } from './asking.ts'

/** Subrequests whose output is asked for in one call. */
const most = 1024

/**
 * `subrequest_ordered`: a subrequest whose output becomes part of the response (nginx's postponed output). It is made when the call has returned, so
 * that a call that fails, or whose answer is dropped, leaves none behind.
 */
export function orderedImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    subrequest_ordered: (uri, uriLength, args, argsLength, method, methodLength, headers, headersLength, body, bodyLength, at) => {
      const frame = instance.expect(Kind.Handle | Kind.BodyFilter, 'subrequest_ordered')
      const r = frame.request!
      const { path, query, options } = subrequestAsk(
        plugin, instance, uri!, uriLength!, args!, argsLength!, method!, methodLength!, headers!, headersLength!, body!, bodyLength!,
      )
      if (at! < -1) throw new GuestFault(`placed a subrequest at byte ${at}`)
      if (frame.kind === Kind.BodyFilter && r.parent === null && r.headersOut.contentLength >= 0 && !r.headHeld) {
        throw new GuestFault('put a subrequest into a response whose head has told its length; a header filter has to take Content-Length away')
      }
      const asked = frame.ordered ??= []
      if (asked.length >= most) throw new GuestFault(`asked for more than ${most} subrequests in one call`)
      const held = asked.reduce((sum, one) => sum + (one.options.body?.length ?? 0), options.body?.length ?? 0)
      if (held > bounds.body) throw new GuestFault(`gave subrequests bodies of ${held} bytes; ${bounds.body} are allowed`)
      if (!maySubrequest(r, path, {}, asked.length)) return ABSENT
      asked.push({ path, query, options, at: at === -1 ? Infinity : at! })
      return 0
    },
  }
}

/** Makes them, in the order of their places. Throws when one cannot be made. */
function made(r: Request, asked: readonly OrderedSubrequest[]): { readonly at: number, readonly part: BodyPart }[] {
  const sorted = [...asked].sort((a, b) => (a.at === b.at ? 0 : a.at - b.at))
  return sorted.map(({ path, query, options, at }) => {
    const sr = subrequest(r, path, query, { ...options, placed: false })
    if (sr === null) throw new Error(`no subrequest "${path}" could be made`)
    return { at, part: placeOf(sr) }
  })
}

/** Bytes `from` to `end` of a part; neither last nor a flush. */
function slice({ data, file }: BodyPart, from: number, end: number): BodyPart {
  return {
    data: data === null ? null : data.subarray(from, end), last: false, flush: false,
    file: file === null ? null : { ...file, start: file.start + from, end: file.start + end },
  }
}

/** A part with the places of subrequests in it, each before the byte that it names, or behind all. Throws when one cannot be made. */
export function withPlaces(r: Request, part: BodyPart, asked: readonly OrderedSubrequest[]): BodyPart {
  const length = part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
  // A head that waits for this part does not know the length either.
  if (r.headHeld) r.headersOut.contentLength = -1
  const pieces: BodyPart[] = []
  let done = 0
  for (const place of made(r, asked)) {
    const at = Math.min(place.at, length)
    if (at > done) pieces.push(slice(part, done, at))
    done = at
    pieces.push(place.part)
  }
  if (done < length || part.last || part.flush) pieces.push({ ...slice(part, done, length), last: part.last, flush: part.flush })
  return { data: null, file: null, last: false, flush: false, pieces }
}

/** As `Request.respond`, for a body with places of subrequests in it. */
export function respondWith(r: Request, status: number, type: string, body: Buffer, asked: readonly OrderedSubrequest[]): Answer {
  const discarded = r.body.discard()
  if (discarded !== 0) return discarded
  const out = r.headersOut
  out.status = status
  out.contentType = type
  out.contentLength = -1
  const rc = r.sendHeader()
  const rest = (): Answer => {
    if (r.headerOnly) return r.outputEnd()
    const whole = withPlaces(r, { data: body.length === 0 ? null : body, file: null, last: true, flush: false }, asked)
    return passPieces(r, whole.pieces!, 0)
  }
  if (typeof rc !== 'number') return rc.then((v) => (v === OK ? rest() : v))
  return rc === OK ? rest() : rc
}

function passPieces(r: Request, pieces: readonly BodyPart[], from: number): Answer {
  for (let i = from; i < pieces.length; i++) {
    const rc = r.output(pieces[i]!)
    if (typeof rc !== 'number') return rc.then((v) => (v === OK ? passPieces(r, pieces, i + 1) : v))
    if (rc !== OK) return rc
  }
  return OK
}

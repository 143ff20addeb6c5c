import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { streamSubrequest, subrequest } from '../../http/subrequest.ts'
import { Kind, mayWaitIn, withRequest } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { ABSENT, bounds } from './abi.ts'
import { headersOf, subrequestAsk } from './asking.ts'

const none = Buffer.alloc(0)

/** What a subrequest is described by: path, arguments, method, headers, body, each with its length. */
type Words = [number, number, number, number, number, number, number, number, number, number]

/** Subrequests whose body is read piece by piece, and those for which nobody waits. */
export function streamImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    subrequest_open: instance.suspending((...words: number[]) => {
      const frame = instance.expect(mayWaitIn & withRequest, 'subrequest_open')
      const { path, query, options } = subrequestAsk(plugin, instance, ...words as Words)
      frame.stream?.close()
      frame.stream = null
      return instance.waiting!.wait(`subrequest ${path}`, (done) => {
        const stream = streamSubrequest(frame.request!, path, query, options, (sr) => {
          frame.result = { body: none, headers: headersOf(sr.headersOut) }
          done(sr.headersOut.status)
        })
        frame.stream = stream
        if (stream !== null) return
        frame.result = { body: none, headers: none }
        done(500)
      })
    }),
    subrequest_read: instance.suspending((out: number, capacity: number) => {
      const { stream } = instance.expect(mayWaitIn & withRequest, 'subrequest_read')
      if (capacity <= 0 || capacity > bounds.body) throw new GuestFault(`read ${capacity} bytes of a subrequest`)
      const at = instance.range(out, capacity)
      if (stream === null) return ABSENT
      const room = (): Uint8Array => instance.bytes.subarray(at, at + capacity)
      return stream.now(room) ?? instance.waiting!.wait('a subrequest\'s body', (done) => {
        stream.later(room, done)
        return () => stream.close()
      })
    }),
    subrequest_background: (...words) => {
      const { request } = instance.expect((Kind.Handle | Kind.HeaderFilter | Kind.BodyFilter) & withRequest, 'subrequest_background')
      const { path, query, options } = subrequestAsk(plugin, instance, ...words as Words)
      return subrequest(request!, path, query, { ...options, background: true }) === null ? ABSENT : 0
    },
  }
}

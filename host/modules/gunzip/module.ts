/** gunzip (nginx's ngx_http_gunzip_filter_module): unpacks answers for clients that do not take gzip. In the host because zlib is. */
import type { Gunzip } from 'node:zlib'
import type { Request } from '../../http/request.ts'
import type { BodyPart, PartSource } from '../../http/response.ts'
import type { Module, Verdict } from '../../module.ts'
import { createGunzip } from 'node:zlib'
import { Args, OK, Where } from '../../module.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setBufs, setFlag } from '../../conf/setters.ts'
import { changeEncoding, gzipAllowed, vary } from '../gzip/accept.ts'
import { Pieces } from '../gzip/pieces.ts'
import { moduleOrder } from '../order.ts'

interface GunzipConf { readonly index: number, enable: boolean | undefined }

function gunzipHeaderFilter(r: Request, conf: GunzipConf): Verdict {
  const out = r.headersOut
  if (out.contentEncoding.toLowerCase() !== 'gzip' || r.headerOnly) return OK
  vary(r)
  if (gzipAllowed(r)) return OK
  r.ctx[conf.index] = true
  changeEncoding(out, '')
  return OK
}

/**
 * What comes out of one part of the packed body, pulled from zlib's stream as the client takes it: however much a few bytes unpack to, no
 * more than the stream's own buffer is held.
 */
class GunzipSource implements PartSource {
  private readonly stream: Gunzip
  private readonly pieces: Pieces
  private readonly part: BodyPart
  /** The stream has taken what it was given. */
  private idle = true
  /** The part that carries the flags was given. */
  private over = false
  private wake: (() => void) | null = null

  constructor(r: Request, part: BodyPart, stream: Gunzip) {
    this.pieces = new Pieces(r, part)
    this.part = part
    this.stream = stream
  }

  async next(): Promise<BodyPart | null> {
    const { stream } = this
    for (;;) {
      if (stream.errored) throw failure(stream.errored)
      const data = stream.read() as Buffer | null
      if (data !== null) return { data, file: null, last: false, flush: false }
      // The whole body is out, or all of this part.
      if (stream.readableEnded || (this.idle && this.pieces.done && !this.part.last)) return this.end()
      if (stream.destroyed) throw new Error('the request is over')
      if (this.idle && !stream.writableEnded) this.feed()
      await this.event()
    }
  }

  private end(): BodyPart | null {
    const { last, flush } = this.part
    if (this.over || (!last && !flush)) return null
    this.over = true
    return { data: null, file: null, last, flush }
  }

  private feed(): void {
    if (this.pieces.done) return void this.stream.end()
    this.idle = false
    this.stream.write(this.pieces.next(), () => {
      this.idle = true
      this.wake?.()
    })
  }

  /** Waits until the stream has something to say. */
  private event(): Promise<void> {
    const { stream } = this
    return new Promise((resolve) => {
      const done = (): void => {
        this.wake = null
        stream.off('readable', done).off('end', done).off('error', done).off('close', done)
        resolve()
      }
      this.wake = done
      stream.on('readable', done).on('end', done).on('error', done).on('close', done)
    })
  }
}

function failure(error: Error): Error {
  const told = new Error(`inflate() failed: ${error.message}`)
  told.stack = ''
  return told
}

function start(r: Request, conf: GunzipConf): Gunzip | null {
  if (r.ctx[conf.index] !== true) return null
  const stream = createGunzip()
  stream.on('error', () => {})
  r.onEnd(() => stream.destroy())
  return stream
}

const everywhere = Where.Http | Where.Server | Where.Location

/** The gunzip module. */
export const gunzipModule: Module = {
  name: 'gunzip',
  order: moduleOrder.gunzip,
  createLocConf: (cf): GunzipConf => ({ index: cf.cycle.indexOf(gunzipModule), enable: undefined }),
  mergeLocConf: (_cf, parent: GunzipConf, child: GunzipConf) => mergeValues(parent, child, { enable: false }),
  directives: [
    { name: 'gunzip', where: everywhere, args: Args.Flag, conf: 'loc', set: setFlag, field: 'enable' },
    { name: 'gunzip_buffers', where: everywhere, args: Args.Take2, conf: 'loc', set: setBufs, field: 'buffers' },
  ],
  headerFilters: [{ filter: gunzipHeaderFilter, active: (conf: GunzipConf) => conf.enable! }],
  bodyFilters: [{ start, filter: (r, part, stream: Gunzip) => new GunzipSource(r, part, stream), active: (conf: GunzipConf) => conf.enable! }],
}

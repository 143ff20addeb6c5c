/**
 * gzip (nginx's ngx_http_gzip_filter_module). In the host because zlib is here, and compresses several times as fast as it would in a plugin.
 *
 * gzip_buffers, gzip_no_buffer and postpone_gzipping are accepted without effect: pieces of 64 kB are compressed at a time, small ones
 * together, whatever is held at each flush.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { BodyPart, PartSource } from '../../http/response.ts'
import type { Directive, Module, Verdict } from '../../module.ts'
import type { Effort } from './stream.ts'
import { Args, OK, Where } from '../../module.ts'
import { mergeValues } from '../../conf/merge.ts'
import { bounds, setBufs, setFlag, setNum, setSize } from '../../conf/setters.ts'
import { moduleOrder } from '../order.ts'
import { changeEncoding, gzipAllowed, vary } from './accept.ts'
import { Pieces, pieceSize } from './pieces.ts'
import { GzipStream } from './stream.ts'
import { hasType, setTypes } from './types.ts'

const unset = undefined as never

class GzipConf {
  readonly index: number
  enable: boolean = unset
  types: ReadonlySet<string> = unset
  level: number = unset
  minLength: number = unset
  windowBits: number = unset
  memLevel: number = unset

  constructor(index: number) {
    this.index = index
  }
}

/** Decides whether the body is compressed. */
function gzipHeaderFilter(r: Request, conf: GzipConf): Verdict {
  const out = r.headersOut
  if (out.status !== 200 && out.status !== 403 && out.status !== 404) return OK
  if (out.contentEncoding !== '' || r.headerOnly || (out.contentLength >= 0 && out.contentLength < conf.minLength)) return OK
  if (!hasType(conf.types, out.contentType)) return OK
  vary(r)
  if (!gzipAllowed(r)) return OK
  r.ctx[conf.index] = new GzipStream(effortFor(conf, out.contentLength))
  changeEncoding(out, 'gzip')
  return OK
}

/** A short body needs neither a large window nor its memory; zlib's window is 262 bytes smaller than it says. */
function effortFor(conf: GzipConf, length: number): Effort {
  let { windowBits, memLevel } = conf
  if (length > 0) {
    while (length < (1 << (windowBits - 1)) - 262) {
      windowBits--
      memLevel--
    }
  }
  return { level: conf.level, windowBits: Math.max(9, windowBits), memLevel: Math.max(1, memLevel) }
}

/** Compresses a part at once when it is small, else piece by piece as the client takes it. */
function gzipBodyFilter(r: Request, part: BodyPart, stream: GzipStream): BodyPart | PartSource | null {
  if (part.file !== null || (part.data !== null && part.data.length > pieceSize)) return new GzipSource(r, part, stream)
  if (part.data !== null && part.data.length > 0) stream.hold(part.data)
  if (!part.last && (stream.heldLength === 0 || (!part.flush && stream.heldLength < pieceSize))) {
    return part.flush ? { data: null, file: null, last: false, flush: true } : null
  }
  return { data: stream.compress(part.last), file: null, last: part.last, flush: part.flush }
}

/** The compressed pieces of one large part. */
class GzipSource implements PartSource {
  private readonly pieces: Pieces
  private readonly part: BodyPart
  private readonly stream: GzipStream
  private over = false

  constructor(r: Request, part: BodyPart, stream: GzipStream) {
    this.pieces = new Pieces(r, part)
    this.part = part
    this.stream = stream
  }

  async next(): Promise<BodyPart | null> {
    if (this.over) return null
    if (!this.pieces.done) this.stream.hold(this.pieces.next())
    this.over = this.pieces.done
    const last = this.over && this.part.last
    return { data: await this.stream.compressLater(last), file: null, last, flush: this.over && this.part.flush }
  }
}

/** `$gzip_ratio`: how many times smaller the body became, with two decimals. */
function ratio(r: Request): string | null {
  const stream = r.ctx[r.running.cycle.indexOf(gzipModule)] as GzipStream | undefined
  return stream === undefined || stream.made === 0 ? null : (Math.round(stream.taken * 100 / stream.made) / 100).toFixed(2)
}

/** A size that stands for a power of two: `base` is the exponent of the first of `sizes`. */
function setPower(base: number, sizes: readonly number[], text: string): Directive['set'] {
  return (cf, directive, conf) => {
    const failure = setSize(cf, directive, conf)
    if (typeof failure === 'string') return failure
    const power = sizes.indexOf(conf[directive.field!])
    if (power < 0) return `must be ${text}`
    conf[directive.field!] = base + power
  }
}

const kinds = [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072]
const everywhere = Where.Http | Where.Server | Where.Location

function directive(name: string, set: Directive['set'], field: string, args: number = Args.Take1, post?: unknown): Directive {
  return { name, where: everywhere, args, conf: 'loc', set, field, post }
}

/** The gzip module. */
export const gzipModule: Module = {
  name: 'gzip',
  order: moduleOrder.gzip,
  createLocConf: (cf: Cf) => new GzipConf(cf.cycle.indexOf(gzipModule)),
  mergeLocConf: (_cf, parent: GzipConf, child: GzipConf) => mergeValues(parent, child, {
    enable: false, types: new Set(['text/html']), level: 1, minLength: 20, windowBits: 15, memLevel: 8,
  }),
  directives: [
    { ...directive('gzip', setFlag, 'enable', Args.Flag), where: everywhere | Where.LocationIf },
    directive('gzip_buffers', setBufs, 'buffers', Args.Take2),
    directive('gzip_types', setTypes(['text/html']), 'types', Args.OneOrMore),
    directive('gzip_comp_level', setNum, 'level', Args.Take1, bounds(1, 9)),
    directive('gzip_window', setPower(9, kinds.slice(0, 7), '512, 1k, 2k, 4k, 8k, 16k, or 32k'), 'windowBits'),
    directive('gzip_hash', setPower(1, kinds, '512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k'), 'memLevel'),
    directive('postpone_gzipping', setSize, 'postpone'),
    directive('gzip_no_buffer', setFlag, 'noBuffer', Args.Flag),
    directive('gzip_min_length', setSize, 'minLength'),
  ],
  variables: [{ name: 'gzip_ratio', get: ratio }],
  headerFilters: [{ filter: gzipHeaderFilter, active: (conf: GzipConf) => conf.enable }],
  bodyFilters: [{
    start: (r, conf: GzipConf) => r.headersOut.contentEncoding === 'gzip' ? r.ctx[conf.index] as GzipStream | undefined ?? null : null,
    filter: gzipBodyFilter, active: (conf: GzipConf) => conf.enable,
  }],
}

import { Args, Part, Request, Template, Where, body_filter, directive, header_filter } from '@vespid/sdk'
import { Field, Fields, isFine, mistakeIn } from '../../headers/assembly/fields'

/** The trailers of a place. */
class Conf extends Fields<Field> {}

/** `add_trailer NAME VALUE [always];` */
function add(conf: Conf, args: string[]): string | null {
  const mistake = mistakeIn(args, 'trailer')
  if (mistake === null) conf.add(new Field(args[1], Template.compile(args[2]), args.length == 4))
  return mistake
}

function merge(parent: Conf, child: Conf): void { child.inheritFrom(parent) }

const where = Where.Http | Where.Server | Where.Location | Where.LocationIf
directive<Conf>('add_trailer', where, Args.TwoOrThree, add, merge)
directive<Conf>('add_trailer_inherit', where, 1, (conf: Conf, args: string[]): string | null => conf.setInherit(args[1]), merge)

// The head tells the client that the body comes in chunks, so the trailers are announced before it; their values are found when the body has ended.
header_filter<Conf>((r: Request, conf: Conf): void => {
  const trailers = conf.added
  if (trailers === null) return
  const fine = isFine(r.response.status)
  for (let i = 0; i < trailers.length; i++) if (fine || trailers[i].always) r.response.trailer(trailers[i].name, '')
})

/** The trailers of one response. */
class Pending {
  constructor(readonly trailers: Field[], readonly fine: bool) {}
}

function start(r: Request, conf: Conf): Pending | null {
  const trailers = conf.added
  return trailers === null ? null : new Pending(trailers, isFine(r.response.status))
}

function finish(r: Request, part: Part, pending: Pending): void {
  if (!part.last) return
  const trailers = pending.trailers
  for (let i = 0; i < trailers.length; i++) {
    if (pending.fine || trailers[i].always) r.response.trailer(trailers[i].name, trailers[i].value.of(r))
  }
}

body_filter<Pending, Conf>(start, finish)

import { Args, Part, Request, Template, Where, body_filter, directive, header_filter } from '@vespid/sdk'

/** One `add_trailer`. */
class Trailer {
  constructor(readonly name: string, readonly value: Template, readonly always: bool) {}
}

/** The trailers of a place, and how they relate to those of the place around it. */
class Conf {
  trailers: Trailer[] | null = null
  inherit: Inherit = Inherit.Unset
}

enum Inherit { Unset, On, Off, Merge }

/** `add_trailer NAME VALUE [always];` */
function add(conf: Conf, args: string[]): string | null {
  if (args.length == 4 && args[3] != 'always') return `invalid parameter "${args[3]}"`
  if (!isToken(args[1])) return `invalid trailer name "${args[1]}"`
  let trailers = conf.trailers
  if (trailers === null) conf.trailers = trailers = []
  trailers.push(new Trailer(args[1], Template.compile(args[2]), args.length == 4))
  return null
}

/** `add_trailer_inherit on|off|merge;` */
function setInherit(conf: Conf, args: string[]): string | null {
  if (conf.inherit != Inherit.Unset) return 'is duplicate'
  const word = args[1]
  conf.inherit = word == 'on' ? Inherit.On : word == 'off' ? Inherit.Off : word == 'merge' ? Inherit.Merge : Inherit.Unset
  return conf.inherit == Inherit.Unset ? `invalid value "${word}"` : null
}

/** A place takes the trailers around it when it has none; with `merge` behind its own, with `off` never. */
function merge(parent: Conf, child: Conf): void {
  if (child.inherit == Inherit.Unset) child.inherit = parent.inherit
  const above = parent.trailers
  const own = child.trailers
  if (above === null || child.inherit == Inherit.Off) return
  if (own === null) child.trailers = above
  else if (child.inherit == Inherit.Merge) child.trailers = own.concat(above)
}

const where = Where.Http | Where.Server | Where.Location | Where.LocationIf
directive<Conf>('add_trailer', where, Args.TwoOrThree, add, merge)
directive<Conf>('add_trailer_inherit', where, 1, setInherit, merge)

/** Whether the status is one of those that say that all is well: only then trailers without `always` are sent. */
function isFine(status: i32): bool {
  switch (status) {
    case 200: case 201: case 204: case 206: case 301: case 302: case 303: case 304: case 307: case 308: return true
    default: return false
  }
}

// The head tells the client that the body comes in chunks, so the trailers are announced before it; their values are found when the body has ended.
header_filter<Conf>((r: Request, conf: Conf): void => {
  const trailers = conf.trailers
  if (trailers === null) return
  const fine = isFine(r.response.status)
  for (let i = 0; i < trailers.length; i++) if (fine || trailers[i].always) r.response.trailer(trailers[i].name, '')
})

/** The trailers of one response. */
class Pending {
  constructor(readonly trailers: Trailer[], readonly fine: bool) {}
}

function start(r: Request, conf: Conf): Pending | null {
  const trailers = conf.trailers
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

/** RFC 9110 §5.6.2: what a field name is made of. */
function isToken(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const letter = (c | 32) >= 97 && (c | 32) <= 122
    if (!letter && !(c >= 48 && c <= 57) && !'!#$%&\'*+-.^_`|~'.includes(name.charAt(i))) return false
  }
  return name.length > 0
}

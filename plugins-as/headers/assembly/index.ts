import { Args, HeaderLine, Request, Template, Where, directive, header_filter } from '@vespid/sdk'
import { Expires, apply, parse, problem } from './expires'

/** How a header is put into the response: added as a line, or in the place of the one that is there. */
enum Put { Add, LastModified, Etag }

/** One `add_header`. */
class Header {
  /** The line, when it is the same in every response. */
  readonly line: HeaderLine | null

  constructor(readonly name: string, readonly value: Template, readonly always: bool, readonly put: Put) {
    const constant = value.constant
    this.line = constant !== null && constant != '' && put == Put.Add ? new HeaderLine(name, constant) : null
  }

  apply(r: Request): void {
    const line = this.line
    if (line !== null) {
      r.response.addLine(line)
      return
    }
    const value = this.value.of(r)
    if (this.put == Put.Etag) r.response.set('ETag', value)
    else if (this.put == Put.LastModified) r.response.lastModified = -1
    if (this.put != Put.Etag && value != '') r.response.add(this.name, value)
  }
}

enum Inherit { Unset, On, Off, Merge }

/** What a place adds to its responses; null: nothing was said here. */
class Conf {
  headers: Header[] | null = null
  inherit: Inherit = Inherit.Unset
  expires: Expires | null = null
  /** An `expires` with variables, and whether it counts from the modification. */
  expiresTemplate: Template | null = null
  modified: bool = false
}

/** `add_header NAME VALUE [always];` */
function addHeader(conf: Conf, args: string[]): string | null {
  const name = args[1]
  if (args.length == 4 && args[3] != 'always') return `invalid parameter "${args[3]}"`
  if (!isToken(name)) return `invalid header name "${name}"`
  const lower = name.toLowerCase()
  const put = lower == 'last-modified' ? Put.LastModified : lower == 'etag' ? Put.Etag : Put.Add
  let headers = conf.headers
  if (headers === null) conf.headers = headers = []
  headers.push(new Header(name, Template.compile(args[2]), args.length == 4, put))
  return null
}

/** `add_header_inherit on|off|merge;` */
function setInherit(conf: Conf, args: string[]): string | null {
  if (conf.inherit != Inherit.Unset) return 'is duplicate'
  const word = args[1]
  conf.inherit = word == 'on' ? Inherit.On : word == 'off' ? Inherit.Off : word == 'merge' ? Inherit.Merge : Inherit.Unset
  return conf.inherit == Inherit.Unset ? `invalid value "${word}"` : null
}

/** `expires [modified] TIME;` and `expires epoch|max|off;`, each also by variables. */
function setExpires(conf: Conf, args: string[]): string | null {
  if (conf.expires !== null || conf.expiresTemplate !== null) return 'is duplicate'
  conf.modified = args.length == 3
  if (conf.modified && args[1] != 'modified') return '"expires" directive invalid value'
  const word = args[args.length - 1]
  const template = Template.compile(word)
  if (template.constant === null) {
    conf.expiresTemplate = template
    return null
  }
  conf.expires = parse(word, conf.modified)
  return conf.expires === null ? `"expires" directive ${problem}` : null
}

/** Headers are inherited all or none, unless `merge` puts those around behind the own ones. */
function merge(parent: Conf, child: Conf): void {
  if (child.expires === null && child.expiresTemplate === null) {
    child.expires = parent.expires
    child.expiresTemplate = parent.expiresTemplate
    child.modified = parent.modified
  }
  if (child.inherit == Inherit.Unset) child.inherit = parent.inherit
  const above = parent.headers
  const own = child.headers
  if (above === null || child.inherit == Inherit.Off) return
  if (own === null) child.headers = above
  else if (child.inherit == Inherit.Merge) child.headers = own.concat(above)
}

const where = Where.Http | Where.Server | Where.Location | Where.LocationIf
directive<Conf>('add_header', where, Args.TwoOrThree, addHeader, merge)
directive<Conf>('add_header_inherit', where, 1, setInherit, merge)
directive<Conf>('expires', where, Args.OneOrTwo, setExpires, merge)

header_filter<Conf>((r: Request, conf: Conf): void => {
  const fine = isFine(r.response.status)
  if (fine) expire(r, conf)
  const headers = conf.headers
  if (headers === null) return
  for (let i = 0; i < headers.length; i++) if (fine || headers[i].always) headers[i].apply(r)
})

function expire(r: Request, conf: Conf): void {
  const template = conf.expiresTemplate
  // A value that is no time leaves the response alone, as nginx does.
  const expires = template === null ? conf.expires : parse(template.of(r), conf.modified)
  if (expires !== null) apply(r, expires)
}

/** Whether the status is one of those that say that all is well: only then `expires`, and headers without `always`, are sent. */
function isFine(status: i32): bool {
  switch (status) {
    case 200: case 201: case 204: case 206: case 301: case 302: case 303: case 304: case 307: case 308: return true
    default: return false
  }
}

/** RFC 9110 §5.6.2: what a field name is made of. */
function isToken(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const letter = (c | 32) >= 97 && (c | 32) <= 122
    if (!letter && !(c >= 48 && c <= 57) && !'!#$%&\'*+-.^_`|~'.includes(name.charAt(i))) return false
  }
  return name.length > 0
}

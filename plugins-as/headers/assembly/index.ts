import { Args, HeaderLine, Request, Template, Where, directive, header_filter } from '@vespid/sdk'
import { Expires, apply, parse, problem } from './expires'
import { Field, Fields, isFine, mistakeIn } from './fields'

/** How a header is put into the response: added as a line, or in the place of the one that is there. */
enum Put { Add, LastModified, Etag }

/** One `add_header`. */
class Header extends Field {
  /** The line, when it is the same in every response. */
  readonly line: HeaderLine | null

  constructor(name: string, value: Template, always: bool, readonly put: Put) {
    super(name, value, always)
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

/** What a place says; null: nothing. */
class Conf extends Fields<Header> {
  expires: Expires | null = null
  /** An `expires` with variables, and whether it counts from the modification. */
  expiresTemplate: Template | null = null
  modified: bool = false
}

/** `add_header NAME VALUE [always];` */
function addHeader(conf: Conf, args: string[]): string | null {
  const mistake = mistakeIn(args, 'header')
  if (mistake !== null) return mistake
  const lower = args[1].toLowerCase()
  const put = lower == 'last-modified' ? Put.LastModified : lower == 'etag' ? Put.Etag : Put.Add
  conf.add(new Header(args[1], Template.compile(args[2]), args.length == 4, put))
  return null
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

function merge(parent: Conf, child: Conf): void {
  if (child.expires === null && child.expiresTemplate === null) {
    child.expires = parent.expires
    child.expiresTemplate = parent.expiresTemplate
    child.modified = parent.modified
  }
  child.inheritFrom(parent)
}

const where = Where.Http | Where.Server | Where.Location | Where.LocationIf
directive<Conf>('add_header', where, Args.TwoOrThree, addHeader, merge)
directive<Conf>('add_header_inherit', where, 1, (conf: Conf, args: string[]): string | null => conf.setInherit(args[1]), merge)
directive<Conf>('expires', where, Args.OneOrTwo, setExpires, merge)

header_filter<Conf>((r: Request, conf: Conf): void => {
  const fine = isFine(r.response.status)
  if (fine) expire(r, conf)
  const headers = conf.added
  if (headers === null) return
  let same = !fine || (conf.expires === null && conf.expiresTemplate === null)
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i]
    if (!fine && !header.always) continue
    header.apply(r)
    if (header.line === null) same = false
  }
  if (same) r.response.repeatForStatus()
})

function expire(r: Request, conf: Conf): void {
  const template = conf.expiresTemplate
  // A value that is no time leaves the response alone, as nginx does.
  const expires = template === null ? conf.expires : parse(template.of(r), conf.modified)
  if (expires !== null) apply(r, expires)
}

import { Args, Request, Template, Where, directive, header_filter } from '@vespid/sdk'
import { addTypes, hasType } from '@vespid/sdk/mime'

const usual = ['text/html', 'text/xml', 'text/plain', 'text/vnd.wap.wml', 'application/javascript', 'application/rss+xml']

/** What a place says about the charset of its answers. */
class Conf {
  charset: Template | null = null
  types: string[] | null = null
  overrides: i32 = -1
}

/** `charset NAME|off;` */
function setCharset(conf: Conf, args: string[]): string | null {
  if (conf.charset !== null) return 'is duplicate'
  conf.charset = Template.compile(args[1])
  return null
}

/** `charset_types TYPE …;` */
function setTypes(conf: Conf, args: string[]): string | null {
  conf.types = addTypes(conf.types, args)
  return null
}

/** `override_charset on|off;` */
function setOverride(conf: Conf, args: string[]): string | null {
  if (conf.overrides >= 0) return 'is duplicate'
  conf.overrides = args[1].toLowerCase() == 'on' ? 1 : 0
  return null
}

function merge(parent: Conf, child: Conf): void {
  if (child.charset === null) child.charset = parent.charset
  if (child.types === null) child.types = parent.types
  if (child.overrides < 0) child.overrides = parent.overrides
}

const where = Where.Http | Where.Server | Where.Location
directive<Conf>('charset', where | Where.LocationIf, 1, setCharset, merge)
directive<Conf>('charset_types', where, Args.OneOrMore, setTypes, merge)
directive<Conf>('override_charset', where | Where.LocationIf, Args.Flag, setOverride, merge)

header_filter<Conf>((r: Request, conf: Conf): void => {
  const template = conf.charset
  if (template === null) return
  const type = r.response.get('content-type')
  if (type === null) return
  const semicolon = type.indexOf(';')
  const plain = semicolon < 0 ? type : type.substring(0, semicolon).trimEnd()
  const named = semicolon >= 0 && type.toLowerCase().includes('charset=', semicolon)
  if (named && (conf.overrides != 1 || r.response.get('content-encoding') !== null)) return
  const types = conf.types
  if (!hasType(types === null ? usual : types, plain.toLowerCase())) return
  const charset = template.of(r)
  if (charset == '' || charset == 'off') return
  r.response.set('Content-Type', `${named || semicolon < 0 ? plain : type}; charset=${charset}`)
})

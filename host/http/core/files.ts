/** Directives about files: `root`, `alias`, `types`, and what is stored for the sake of nginx's configurations. */
import type { Directive } from '../../module.ts'
import type { Request } from '../request.ts'
import type { CoreLocConf } from './conf.ts'
import { compileTemplate, Template } from '../../expr/template.ts'
import { parseNumber, parseOffset, parseSec } from '../../core/units.ts'
import { bytesOf } from '../../core/text.ts'

/** A `root` with variables: what is not absolute at run time starts from the prefix (nginx's ngx_get_full_name). */
class PathTemplate extends Template {
  private readonly prefix: string

  constructor(template: Template, prefix: string) {
    super(template.source, template.parts)
    this.prefix = prefix
  }

  override evaluate(r: Request): string {
    const path = super.evaluate(r)
    return path.startsWith('/') ? path : this.prefix + path
  }
}

/** `root PATH;` and `alias PATH;` (ngx_http_core_root). */
export const setRoot: Directive<CoreLocConf>['set'] = (cf, directive, conf) => {
  const isAlias = directive.name === 'alias'
  if (conf.root !== undefined) {
    if ((conf.alias !== 0) === isAlias) return 'is duplicate'
    const other = isAlias ? 'root' : 'alias'
    cf.fail(`"${directive.name}" directive is duplicate, "${other}" directive was specified earlier`)
  }
  if (conf.named && isAlias) cf.fail('the "alias" directive cannot be used inside the named location')
  let path = cf.args[1]!
  for (const name of ['document_root', 'realpath_root']) {
    if (path.includes(`$${name}`) || path.includes(`\${${name}}`)) {
      cf.fail(`the $${name} variable cannot be used in the "${directive.name}" directive`, 1)
    }
  }
  if (!isAlias && path.endsWith('/')) path = path.slice(0, -1)
  // `root /` is the empty prefix, which must not be taken for a relative path.
  const prefix = bytesOf(cf.cycle.options.prefix)
  if (!path.startsWith('$') && !cf.args[1]!.startsWith('/')) path = prefix + path
  const template = compileTemplate(cf, path, 1)
  conf.root = template.constant === null ? new PathTemplate(template, prefix) : template
  conf.alias = !isAlias ? 0 : conf.regex !== null ? -1 : conf.name.length
}

/** `types { TYPE EXTENSION…; }`: replaces the table of the place around; several blocks at one place add up. */
export const setTypes: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  const types = conf.types ??= new Map()
  cf.lines((line) => {
    const type = line.args[0]!
    if (type === 'include') line.fail('invalid number of arguments in "include" directive')
    for (let i = 1; i < line.args.length; i++) {
      const extension = line.args[i]!.toLowerCase()
      const before = types.get(extension)
      if (before !== undefined) {
        line.warn(`duplicate extension "${extension}", content type: "${type}", previous content type: "${before}"`, i)
      }
      types.set(extension, type)
    }
  })
}

/** `disable_symlinks off|on|if_not_owner [from=PART];` */
export const setDisableSymlinks: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.disableSymlinks !== undefined) return 'is duplicate'
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if (word === 'off' || word === 'on' || word === 'if_not_owner') conf.disableSymlinks = word
    else if (word.startsWith('from=')) conf.disableSymlinksFrom = compileTemplate(cf, word.slice(5), i)
    else cf.fail(`invalid parameter "${word}"`, i)
  }
  if (conf.disableSymlinks === undefined) cf.fail(`"${cf.args[0]}" must have "off", "on" or "if_not_owner" parameter`)
  if (cf.args.length === 3 && conf.disableSymlinksFrom === undefined) cf.fail(`duplicate parameters "${cf.args[1]} ${cf.args[2]}"`, 2)
  if (conf.disableSymlinks === 'off' && conf.disableSymlinksFrom !== undefined) {
    cf.fail('"from=" cannot be used with "off" parameter')
  }
  if (conf.disableSymlinksFrom === undefined) conf.disableSymlinksFrom = null
}

/** `open_file_cache off|max=N [inactive=TIME];`: stored, without effect. */
export const setOpenFileCache: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.openFileCache !== undefined) return 'is duplicate'
  let max = 0
  let inactive = 60
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if (word === 'off') {
      conf.openFileCache = null
      continue
    }
    const max1 = word.startsWith('max=') ? parseNumber(word.slice(4)) : null
    const inactive1 = word.startsWith('inactive=') ? parseSec(word.slice(9)) : null
    if (max1 !== null && max1 > 0) max = max1
    else if (inactive1 !== null) inactive = inactive1
    else cf.fail(`invalid "open_file_cache" parameter "${word}"`, i)
  }
  if (conf.openFileCache === null) return
  if (max === 0) cf.fail('"open_file_cache" must have the "max" parameter')
  conf.openFileCache = { max, inactive }
}

/** `directio off|SIZE;`: stored, without effect. `off` is no size at all. */
export const setDirectio: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.directio !== undefined) return 'is duplicate'
  const size = cf.args[1] === 'off' ? Infinity : parseOffset(cf.args[1]!)
  if (size === null) return 'invalid value'
  conf.directio = size
}

/** `aio on|off|threads[=POOL];`: stored, without effect, since Node reads files on its own threads. */
export const setAio: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.aio !== undefined) return 'is duplicate'
  const word = cf.args[1]!
  if (word === 'off' || word === 'on' || word === 'threads') conf.aio = word
  else if (/^threads=./.test(word)) {
    compileTemplate(cf, word.slice(8), 1)
    conf.aio = 'threads'
  }
  else return 'invalid value'
}

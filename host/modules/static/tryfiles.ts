/**
 * `try_files`: the first of several names that exists, else a URI, a named location or a status. In the host because it
 * looks at files (nginx.md §11).
 */
import type { Answer, Module } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { parseNumber } from '../../core/units.ts'
import { compileTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { failureCode, failureText, isMissing, requestPath } from './files.ts'
import { statAllowed } from './symlinks.ts'

interface Try {
  readonly name: Template
  /** The name ended in `/`: a directory is meant. */
  readonly directory: boolean
}

class TryFilesConf {
  tries: Try[] | null = null
  /** What is done when nothing was found: a URI with arguments, or `@name`. */
  last: Template | null = null
  /** A status in its place, 0 for none. */
  status = 0
}

function setTryFiles(cf: Cf, _directive: unknown, conf: TryFilesConf): string | void {
  if (conf.tries !== null) return 'is duplicate'
  const { args } = cf
  const end = args.length - 1
  conf.tries = []
  for (let i = 1; i < end; i++) {
    const directory = args[i]!.endsWith('/')
    conf.tries.push({ name: compileTemplate(cf, directory ? args[i]!.slice(0, -1) : args[i]!, i), directory })
  }
  conf.last = compileTemplate(cf, args[end]!, end)
  if (!args[end]!.startsWith('=')) return
  const status = parseNumber(args[end]!.slice(1))
  if (status === null || status > 999) cf.fail(`invalid code "${args[end]}"`, end)
  conf.status = status
}

/**
 * What a name stands for behind `root` or `alias`: of a prefix location's alias, a computed name loses that prefix (as
 * in nginx).
 */
function relative(r: Request, name: Template): string {
  const text = name.evaluate(r)
  const { alias } = r.location
  return alias > 0 && name.constant === null && text.startsWith(r.uri.slice(0, alias)) ? text.slice(alias) : text
}

/** Sets the URI to the first name that exists and lets the content phase go on; otherwise the last argument decides. */
function tryFilesHandler(r: Request, conf: TryFilesConf): Answer {
  if (r.location.alias !== 0 && requestPath(r) === null) return 500
  const base = r.location.root.evaluate(r)
  const tries = conf.tries!
  for (let i = 0; i < tries.length; i++) {
    const { name, directory } = tries[i]!
    const tried = relative(r, name)
    const found = statAllowed(r, base + tried)
    if (found === null) continue
    if (found instanceof Error) {
      const call = r.location.disableSymlinks === 'off' ? 'stat()' : 'openat()'
      if (!isMissing(failureCode(found))) r.log(Level.crit, `${call} "${base + tried}" failed (${failureText(found)})`)
      continue
    }
    if (found.isDirectory() !== directory) continue
    take(r, tried, directory)
    return DECLINED
  }
  return conf.status !== 0 ? conf.status : fallBack(r, relative(r, conf.last!))
}

function take(r: Request, name: string, directory: boolean): void {
  const { alias } = r.location
  if (alias > 0) r.setUri(r.uri.slice(0, alias) + name)
  else if (alias === 0) r.setUri(name)
  else if (!directory) {
    r.setUri(name)
    r.addUriToAlias = true
  }
}

function fallBack(r: Request, uri: string): Answer {
  if (uri.startsWith('@')) return r.namedLocation(uri)
  const query = uri.indexOf('?')
  return query < 0 ? r.internalRedirect(uri, '') : r.internalRedirect(uri.slice(0, query), uri.slice(query + 1))
}

/** The try_files module. Its conf is not inherited (nginx.md §1.8). */
export const tryFilesModule: Module = {
  name: 'try_files',
  order: moduleOrder.try_files,
  createLocConf: () => new TryFilesConf(),
  directives: [
    { name: 'try_files', where: Where.Server | Where.Location, args: Args.TwoOrMore, conf: 'loc', set: setTryFiles },
  ],
  phases: [{ phase: Phase.Precontent, handler: tryFilesHandler, active: (conf: TryFilesConf) => conf.tries !== null }],
}

/**
 * `index`: a directory's own page. In the host because it looks at files (nginx.md §11).
 */
import type { Answer, Module } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { compileTemplate, constantTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { failureCode, failureText, missingReason, requestPath } from './files.ts'
import { statAllowed } from './symlinks.ts'

class IndexConf {
  /** Names in order, the last may be absolute; null when this place has none. */
  names: Template[] | null = null
}

function setIndex(cf: Cf, _directive: unknown, conf: IndexConf): void {
  const { args } = cf
  conf.names ??= []
  for (let i = 1; i < args.length; i++) {
    if (args[i]!.startsWith('/') && i !== args.length - 1) {
      cf.warn('only the last index in "index" directive should be absolute', i)
    }
    if (args[i] === '') cf.fail(`index "${args[1]}" in "index" directive is invalid`, i)
    conf.names.push(compileTemplate(cf, args[i]!, i))
  }
}

/** For a URI that ends in `/`: an internal redirect to the first index file that exists. */
function indexHandler(r: Request, conf: IndexConf): Answer {
  const { uri, method } = r
  if (uri.charCodeAt(uri.length - 1) !== 47) return DECLINED
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return DECLINED
  const names = conf.names!
  let directory: string | null = null
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!.evaluate(r)
    if (name.charCodeAt(0) === 47) return r.internalRedirect(name, r.args)
    if (directory === null && (directory = requestPath(r)) === null) return 500
    const path = directory + name
    const found = statAllowed(r, path)
    if (found !== null && !(found instanceof Error)) return r.internalRedirect(uri + name, r.args)
    if (found !== null) return indexFailure(r, path, found)
    if (i === 0) {
      const rc = testDirectory(r, directory, path)
      if (rc !== 0) return rc
    }
  }
  return DECLINED
}

/** 0 when the directory is there; else the status, logged with the file that was looked for. */
function testDirectory(r: Request, directory: string, path: string): number {
  const found = statAllowed(r, directory)
  if (found === null) {
    if (r.location.logNotFound) r.log(Level.error, `"${path}" is not found (${missingReason(path)})`)
    return 404
  }
  if (found instanceof Error) {
    r.log(Level.crit, `stat() "${directory}" failed (${failureText(found)})`)
    return 500
  }
  if (found.isDirectory()) return 0
  r.log(Level.alert, `"${directory}" is not a directory`)
  return 500
}

function indexFailure(r: Request, path: string, error: Error): number {
  const code = failureCode(error)
  if (code === 'ELOOP') return 403
  if (code === 'EACCES') {
    r.log(Level.error, `"${path}" is forbidden (${failureText(error)})`)
    return 403
  }
  if (code === 'ENAMETOOLONG' || code === 'ENOTDIR') {
    if (r.location.logNotFound) r.log(Level.error, `"${path}" is not found (${failureText(error)})`)
    return 404
  }
  r.log(Level.crit, `stat() "${path}" failed (${failureText(error)})`)
  return 500
}

const everywhere = Where.Http | Where.Server | Where.Location

/** The index module. */
export const indexModule: Module = {
  name: 'index',
  order: moduleOrder.index,
  createLocConf: () => new IndexConf(),
  mergeLocConf(_cf, parent: IndexConf, child: IndexConf) {
    parent.names ??= [constantTemplate('index.html')]
    child.names ??= parent.names
  },
  directives: [
    { name: 'index', where: everywhere, args: Args.OneOrMore, conf: 'loc', set: setIndex },
  ],
  phases: [{ phase: Phase.Content, handler: indexHandler }],
}

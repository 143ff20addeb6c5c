/**
 * `autoindex`: a directory's listing. In the host because it reads directories (nginx.md §11).
 */
import type { Stats } from 'node:fs'
import { lstatSync, readdirSync } from 'node:fs'
import type { Answer, Module } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import { Args, DECLINED, OK, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { setEnum, setFlag } from '../../conf/setters.ts'
import { mergeValues } from '../../conf/merge.ts'
import { moduleOrder } from '../order.ts'
import type { Entry, Format } from './listing.ts'
import { listing } from './listing.ts'
import { failureCode, failureText, fileFailure, fsPath, requestPath, statFile } from './files.ts'

class AutoindexConf {
  enable: boolean | undefined = undefined
  format: Format | undefined = undefined
  exactSize: boolean | undefined = undefined
  localtime: boolean | undefined = undefined
}

const contentTypes: Record<Format, string> = {
  html: 'text/html', json: 'application/json', jsonp: 'application/javascript', xml: 'text/xml',
}

/** Longest name of a JSONP function. */
const longestCallback = 128

/** For a URI that ends in `/` and has no index file: the list of the directory's files. */
function autoindexHandler(r: Request, conf: AutoindexConf): Answer {
  if (r.uri.charCodeAt(r.uri.length - 1) !== 47 || (r.method !== 'GET' && r.method !== 'HEAD')) return DECLINED
  const discarded = r.discardBody()
  if (discarded !== OK) return discarded
  const callback = conf.format === 'jsonp' ? jsonpCallback(r) : ''
  if (callback === null) return 400
  const format = conf.format === 'jsonp' && callback === '' ? 'json' : conf.format!
  const path = requestPath(r)
  if (path === null) return 500
  const directory = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  let names: Buffer[]
  try {
    names = readdirSync(fsPath(directory), { encoding: 'buffer' })
  } catch (error) {
    return fileFailure(r, 'opendir()', directory, error)
  }
  const out = r.headersOut
  out.status = 200
  out.contentType = contentTypes[format]
  if (format === 'xml') out.charset = 'utf-8'
  const send = (rc: number): Answer => {
    if (rc !== OK) return rc
    if (r.headerOnly) return r.outputEnd()
    const entries = readEntries(r, directory, names)
    if (typeof entries === 'number') return entries
    const text = listing(entries, {
      format, uri: r.uri, callback, exactSize: conf.exactSize!, localtime: conf.localtime!,
      utf8: out.charset.toLowerCase() === 'utf-8',
    })
    return r.output({ data: Buffer.from(text, 'latin1'), file: null, last: true, flush: false })
  }
  const rc = r.sendHeader()
  return typeof rc === 'number' ? send(rc) : rc.then(send)
}

/** The facts about each file, hidden ones left out, directories first, by name; ERROR when one cannot be had. */
function readEntries(r: Request, directory: string, names: readonly Buffer[]): Entry[] | number {
  const entries: Entry[] = []
  for (const bytes of names) {
    const name = bytes.latin1Slice()
    if (name.startsWith('.')) continue
    const path = `${directory}/${name}`
    let facts: Stats | Error | null = statFile(path)
    if (facts === null || (facts instanceof Error && failureCode(facts) === 'ELOOP')) facts = linkFacts(path)
    // The file was removed meanwhile.
    if (facts === null) continue
    if (facts instanceof Error) {
      r.log(Level.crit, `stat() "${path}" failed (${failureText(facts)})`)
      continue
    }
    entries.push({
      name, type: facts.isDirectory() ? 'directory' : facts.isFile() ? 'file' : 'other',
      time: Math.floor(facts.mtimeMs / 1000), size: facts.size,
    })
  }
  return entries.sort(compare)
}

/** The facts about a link that leads nowhere. */
function linkFacts(path: string): Stats | Error | null {
  try {
    return lstatSync(fsPath(path), { throwIfNoEntry: false }) ?? null
  } catch (error) {
    return error as Error
  }
}

function compare(a: Entry, b: Entry): number {
  if ((a.type === 'directory') !== (b.type === 'directory')) return a.type === 'directory' ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** The argument `callback`: '' without one, null when it is no name of a function. */
function jsonpCallback(r: Request): string | null {
  const name = argument(r.args, 'callback') ?? ''
  if (name.length > longestCallback) {
    r.log(Level.info, `client sent too long callback name: "${name}"`)
    return null
  }
  if (/^[A-Za-z0-9_.]*$/.test(name)) return name
  r.log(Level.info, `client sent invalid callback name: "${name}"`)
  return null
}

function argument(args: string, name: string): string | null {
  for (const pair of args.split('&')) {
    if (pair.slice(0, name.length + 1).toLowerCase() === `${name}=`) return pair.slice(name.length + 1)
  }
  return null
}

const everywhere = Where.Http | Where.Server | Where.Location
const formats: Record<Format, Format> = { html: 'html', json: 'json', jsonp: 'jsonp', xml: 'xml' }

/** The autoindex module. */
export const autoindexModule: Module = {
  name: 'autoindex',
  order: moduleOrder.autoindex,
  createLocConf: () => new AutoindexConf(),
  mergeLocConf(_cf, parent: AutoindexConf, child: AutoindexConf) {
    mergeValues(parent, child, { enable: false, format: 'html', exactSize: true, localtime: false })
  },
  directives: [
    { name: 'autoindex', where: everywhere, args: Args.Flag, conf: 'loc', field: 'enable', set: setFlag },
    {
      name: 'autoindex_format', where: everywhere, args: Args.Take1, conf: 'loc', field: 'format', set: setEnum,
      post: formats,
    },
    { name: 'autoindex_localtime', where: everywhere, args: Args.Flag, conf: 'loc', field: 'localtime', set: setFlag },
    { name: 'autoindex_exact_size', where: everywhere, args: Args.Flag, conf: 'loc', field: 'exactSize', set: setFlag },
  ],
  phases: [{ phase: Phase.Content, handler: autoindexHandler, active: (conf: AutoindexConf) => conf.enable === true }],
}

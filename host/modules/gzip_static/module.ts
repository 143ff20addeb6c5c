/** gzip_static (nginx's ngx_http_gzip_static_module): sends `FILE.gz` in the place of `FILE`. In the host because it sends files. */
import type { Stats } from 'node:fs'
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Answer, Module } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setEnum } from '../../conf/setters.ts'
import { gzipAllowed, vary } from '../gzip/accept.ts'
import { moduleOrder } from '../order.ts'
import { closeFile, failureCode, failureText, fsPath, isMissing, requestPath } from '../static/files.ts'
import { sendFile } from '../static/static.ts'
import { linkFailure } from '../static/symlinks.ts'

interface GzipStaticConf { mode: 'off' | 'on' | 'always' | undefined }

/** Content phase: the packed file where there is one and the client takes it, else the next handler's turn. */
function gzipStaticHandler(r: Request, conf: GzipStaticConf): Answer {
  const { method, uri } = r
  if ((method !== 'GET' && method !== 'HEAD') || uri.endsWith('/')) return DECLINED
  const wanted = conf.mode === 'always' || gzipAllowed(r)
  if (!wanted && !r.location.gzipVary) return DECLINED
  const plain = requestPath(r)
  if (plain === null) return 500
  const path = `${plain}.gz`
  if (r.location.disableSymlinks !== 'off' && linkFailure(r, path) !== null) return DECLINED
  const file = openPacked(r, path)
  if (file === null) return DECLINED
  if (conf.mode === 'on') vary(r)
  if (!wanted || file.stats.isDirectory()) {
    closeFile(file.fd)
    return DECLINED
  }
  if (!file.stats.isFile()) {
    closeFile(file.fd)
    r.log(Level.crit, `"${path}" is not a regular file`)
    return 404
  }
  r.headersOut.contentEncoding = 'gzip'
  return sendFile(r, path, file.fd, file.stats)
}

/** Opens the file; null when there is none, and, with a line in the log, when it cannot be opened. */
function openPacked(r: Request, path: string): { fd: number, stats: Stats } | null {
  try {
    const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return { fd, stats: fstatSync(fd) }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  } catch (error) {
    const code = failureCode(error)
    if (!isMissing(code)) r.log(code === 'EACCES' ? Level.error : Level.crit, `open() "${path}" failed (${failureText(error)})`)
    return null
  }
}

/** The gzip_static module. */
export const gzipStaticModule: Module = {
  name: 'gzip_static',
  order: moduleOrder.gzip_static,
  createLocConf: (): GzipStaticConf => ({ mode: undefined }),
  mergeLocConf: (_cf, parent: GzipStaticConf, child: GzipStaticConf) => mergeValues(parent, child, { mode: 'off' }),
  directives: [{
    name: 'gzip_static', where: Where.Http | Where.Server | Where.Location, args: Args.Take1, conf: 'loc', set: setEnum, field: 'mode',
    post: { off: 'off', on: 'on', always: 'always' },
  }],
  phases: [{ phase: Phase.Content, handler: gzipStaticHandler, active: (conf: GzipStaticConf) => conf.mode !== 'off' }],
}

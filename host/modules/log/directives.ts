import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { Template } from '../../expr/template.ts'
import type { Buffering, LogSink } from './sink.ts'
import type { Escape, LogFormat } from './format.ts'
import { parseMsec, parseNumber, parseSec, parseSize } from '../../core/units.ts'
import { suggest } from '../../core/suggest.ts'
import { compileTemplate } from '../../expr/template.ts'
import { combinedTexts, compileFormat } from './format.ts'
import { sinkOf } from './sink.ts'

/** The formats of one http{} by name. */
export class LogMainConf {
  readonly formats = new Map<string, LogFormat>()
}

/** One `access_log` that writes. */
export interface AccessLog {
  /** The file, or null when its name depends on the request. */
  readonly sink: LogSink | null
  readonly path: Template | null
  readonly format: LogFormat
  readonly condition: Template | null
}

/** The log module's conf of one place. */
export class LogLocConf {
  logs: AccessLog[] | null = null
  off = false
  /** `open_log_file_cache` was read. */
  fileCache = false
}

/** `log_format NAME [escape=default|json|none] TEXT…` */
export function setLogFormat(cf: Cf, _directive: Directive, main: LogMainConf): void {
  const name = cf.args[1]!
  if (name === 'combined' || main.formats.has(name)) cf.fail(`duplicate "log_format" name "${name}"`, 1)
  let first = 2
  let escape: Escape = 'default'
  const word = cf.args[2]!
  if (word.startsWith('escape=')) {
    const value = word.slice(7)
    if (value !== 'default' && value !== 'json' && value !== 'none') {
      cf.fail(`unknown log format escaping "${value}"`, 2, 'it may be default, json, none')
    }
    escape = value
    first = 3
  }
  main.formats.set(name, compileFormat(cf, name, escape, cf.args.slice(first), first))
}

/** The format of a name; `combined` is compiled when it is first used. */
function formatOf(cf: Cf, main: LogMainConf, name: string): LogFormat {
  const known = main.formats.get(name)
  if (known !== undefined) return known
  if (name !== 'combined') {
    const near = suggest(name, [...main.formats.keys(), 'combined'])
    cf.fail(`unknown log format "${name}"`, 2, near === null ? undefined : `did you mean "${near}"?`)
  }
  const combined = compileFormat(cf, name, 'default', combinedTexts, 1)
  main.formats.set(name, combined)
  return combined
}

/** The log that every place has that names none: `logs/access.log combined`. */
export function defaultLog(cf: Cf, main: LogMainConf): AccessLog {
  const file = cf.cycle.openFiles.get(cf.fullName('logs/access.log'))
  return { sink: sinkOf(file), path: null, format: formatOf(cf, main, 'combined'), condition: null }
}

/** `access_log off;`, `access_log PATH [FORMAT [buffer=SIZE] [gzip[=LEVEL]] [flush=TIME] [if=CONDITION]];` */
export function setAccessLog(cf: Cf, _directive: Directive, conf: LogLocConf, main: LogMainConf): void {
  const target = cf.args[1]!
  if (target === 'off') {
    conf.off = true
    if (cf.args.length > 2) cf.fail(`invalid parameter "${cf.args[2]}"`, 2)
    return
  }
  if (target.startsWith('syslog:')) cf.fail('logging to syslog is not supported yet', 1, 'log to a file')
  const path = target.includes('$') ? compileTemplate(cf, target.startsWith('/') ? target : bytesName(cf, target), 1) : null
  const format = formatOf(cf, main, cf.args[2] ?? 'combined')
  const { condition, buffering } = readParameters(cf)
  const sink = path === null ? sinkOf(cf.cycle.openFiles.get(target === '' ? 'stderr' : cf.fullName(target))) : null
  if (buffering.flush > 0 && buffering.size === 0) cf.fail(`no buffer is defined for access_log "${target}"`, 1)
  if (buffering.size > 0) {
    if (sink === null) cf.fail('buffered logs cannot have variables in name', 1)
    const { buffering: other } = sink
    if (other !== null && (other.size !== buffering.size || other.flush !== buffering.flush || other.gzip !== buffering.gzip)) {
      cf.fail(`access_log "${target}" already defined with conflicting parameters`, 1)
    }
    sink.buffering = buffering
  }
  (conf.logs ??= []).push({ sink, path, format, condition })
}

/** A relative name with variables made absolute, still as a byte string. */
function bytesName(cf: Cf, name: string): string {
  return Buffer.from(cf.cycle.options.prefix, 'utf8').latin1Slice() + name
}

function readParameters(cf: Cf): { condition: Template | null, buffering: Buffering } {
  let condition: Template | null = null
  let size = 0
  let flush = 0
  let gzip = 0
  for (let i = 3; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const value = word.slice(word.indexOf('=') + 1)
    if (word.startsWith('buffer=')) {
      size = parseSize(value) ?? 0
      if (size === 0) cf.fail(`invalid buffer size "${value}"`, i)
    } else if (word.startsWith('flush=')) {
      flush = parseMsec(value) ?? 0
      if (flush === 0) cf.fail(`invalid flush time "${value}"`, i)
    } else if (word === 'gzip' || word.startsWith('gzip=')) {
      gzip = word === 'gzip' ? 1 : parseNumber(value) ?? 0
      if (gzip < 1 || gzip > 9) cf.fail(`invalid compression level "${value}"`, i)
      if (size === 0) size = 65536
    } else if (word.startsWith('if=')) condition = compileTemplate(cf, value, i)
    else cf.fail(`invalid parameter "${word}"`, i, 'it may be buffer=, flush=, gzip, if=')
  }
  return { condition, buffering: { size, flush, gzip } }
}

/** `open_log_file_cache off | max=N [inactive=TIME] [min_uses=N] [valid=TIME];` is checked, and changes nothing: nothing is kept open. */
export function setOpenLogFileCache(cf: Cf, _directive: Directive, conf: LogLocConf): string | void {
  if (conf.fileCache) return 'is duplicate'
  conf.fileCache = true
  let max = 0
  let off = false
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const value = word.slice(word.indexOf('=') + 1)
    if (word.startsWith('max=') && parseNumber(value) !== null) max = parseNumber(value)!
    else if (word === 'off') off = true
    else if ((!word.startsWith('inactive=') && !word.startsWith('valid=')) || parseSec(value) === null) {
      if (!word.startsWith('min_uses=') || parseNumber(value) === null) cf.fail(`invalid "open_log_file_cache" parameter "${word}"`, i)
    }
  }
  if (!off && max === 0) cf.fail('"open_log_file_cache" must have "max" parameter')
}

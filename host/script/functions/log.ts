/** xlog and its relatives (kamailio.md §9.11), and the core's log(). */
import type { ScriptFunction, ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import { ConfigError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import { LogLevel } from '../run.ts'
import { parseInteger } from '../values.ts'

const levels: Readonly<Record<string, number>> = {
  A: LogLevel.Alert, B: LogLevel.Bug, C: LogLevel.Critical, E: LogLevel.Error, W: LogLevel.Warning, N: LogLevel.Notice, I: LogLevel.Info, D: LogLevel.Debug,
}

/** The level that a word names by its letter behind `L_`; null when it is none. */
function levelOf(word: string): number | null {
  return word.startsWith('L_') ? levels[word[2] ?? ''] ?? null : null
}

/** Writes a line; a line end at its end is the log's own business. */
function write(run: ScriptRun, level: number, text: string): number {
  if (level <= run.program.options.debug) run.subject.log(level, `<script>: ${text.replace(/\r?\n$/, '')}`)
  return 1
}

function checkLevel(word: string | number): string | void {
  const text = String(word)
  if (text.startsWith('$') || levelOf(text) !== null) return
  return `invalid log level "${text}", it is one of L_ALERT, L_BUG, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO, L_DBG`
}

/** syslog's facilities by name (syslog(3)). */
const facilities = [
  'LOG_AUTH', 'LOG_AUTHPRIV', 'LOG_CRON', 'LOG_DAEMON', 'LOG_FTP', 'LOG_KERN', 'LOG_LPR', 'LOG_MAIL', 'LOG_NEWS', 'LOG_SYSLOG', 'LOG_USER', 'LOG_UUCP',
  ...Array.from({ length: 8 }, (_, n) => `LOG_LOCAL${n}`),
]

/** A facility has to be one of syslog's, and is told to have no effect: lines go to the error log. */
function checkFacility(word: string): string | ConfigError {
  if (!word.startsWith('$') && !facilities.includes(word)) {
    const near = suggest(word, facilities)
    return `invalid log facility "${word}"${near === null ? '' : `, did you mean "${near}"?`}`
  }
  return new ConfigError(`log facility "${word}" has no effect`, null, 'lines go to the error log, which is no syslog')
}

/** `f([[facility,] level,] text)`. `lines`: the line of the configuration goes before the text. */
function xlog(name: string, lines: boolean): ScriptFunction {
  return {
    name, minimum: 1, maximum: 3, parameters: ['log'],
    check(args) {
      const facility = args.length > 2 ? checkFacility(String(args[0])) : undefined
      if (typeof facility === 'string' || args.length < 2) return facility
      return checkLevel(args[args.length - 2]!) ?? facility
    },
    call(view, args) {
      const run = view as ScriptRun
      const level = args.length === 1 ? LogLevel.Error : runtimeLevel(run, args[args.length - 2]!)
      if (level === null) return -1
      const text = String(args[args.length - 1])
      return write(run, level, lines ? `${run.place.line}:${text}` : text)
    },
  }
}

/** A number, or a word; from a variable Kamailio takes numbers only. */
function runtimeLevel(run: ScriptRun, word: ScriptValue): number | null {
  const text = String(word)
  const level = parseInteger(text)
  if (level !== null) return level
  const named = levelOf(text)
  if (named === null) run.log(LogLevel.Error, `invalid log level "${text}"`)
  return named
}

function leveled(name: string, level: number, lines: boolean): ScriptFunction {
  return {
    name, minimum: 1, maximum: 1, parameters: ['log'],
    call: (run, [text]) => write(run as ScriptRun, level, lines ? `${(run as ScriptRun).place.line}:${String(text)}` : String(text)),
  }
}

const shorthands: readonly (readonly [string, number])[] = [
  ['dbg', LogLevel.Debug], ['info', LogLevel.Info], ['notice', LogLevel.Notice], ['warn', LogLevel.Warning], ['err', LogLevel.Error],
  ['crit', LogLevel.Critical], ['alert', LogLevel.Alert], ['bug', LogLevel.Bug],
]

/** `log([level,] "text")`: no variables, level 4 of Kamailio's numbers when none is given; not a function for `$rc`. */
const log: ScriptFunction = {
  name: 'log', minimum: 1, maximum: 2, parameters: ['constant', 'constant'], core: true,
  call(run, args) {
    const level = args.length === 1 ? LogLevel.Debug : parseInteger(String(args[0])) ?? LogLevel.Error
    return write(run as ScriptRun, level, String(args[args.length - 1]))
  },
}

export const logFunctions: readonly ScriptFunction[] = [
  xlog('xlog', false), xlog('xlogl', true), log,
  ...shorthands.flatMap(([word, level]) => [leveled(`x${word}`, level, false), leveled(`xl${word}`, level, true)]),
  { name: 'xlogm', minimum: 2, maximum: 2, parameters: ['log'], check: (args) => checkLevel(args[0]!), call(view, [word, text]) {
    const level = runtimeLevel(view as ScriptRun, word!)
    return level === null ? -1 : write(view as ScriptRun, level, String(text))
  } },
]

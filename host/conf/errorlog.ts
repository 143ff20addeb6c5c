import type { ErrorLog } from '../core/logfile.ts'
import { Level } from '../core/log.ts'
import type { Cf } from './cf.ts'

const levels: Record<string, Level> = {
  emerg: Level.emerg, alert: Level.alert, crit: Level.crit, error: Level.error, warn: Level.warn, notice: Level.notice,
  info: Level.info, debug: Level.debug,
  debug_core: Level.debug, debug_alloc: Level.debug, debug_mutex: Level.debug, debug_event: Level.debug,
  debug_http: Level.debug, debug_mail: Level.debug, debug_stream: Level.debug,
}

/**
 * Does what an `error_log FILE [LEVEL];` directive says: adds its file to `log`. The file is opened with all others of
 * the cycle. Used in the main context and inside http{} alike (nginx's ngx_log_set_log).
 */
export function addErrorLog(cf: Cf, log: ErrorLog): void {
  const target = cf.args[1]!
  if (target.startsWith('syslog:') || target.startsWith('memory:')) {
    const kind = target.slice(0, target.indexOf(':') + 1)
    cf.fail(`error logs to "${kind}" are not supported`, 1, 'a file or stderr can be named')
  }
  let level: Level | null = null
  for (let i = 2; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const named = Object.hasOwn(levels, word) ? levels[word]! : null
    if (named === null) {
      cf.fail(`invalid log level "${word}"`, i, 'it may be debug, info, notice, warn, error, crit, alert, emerg')
    }
    const refines = level === Level.debug && word.startsWith('debug_')
    if (level !== null && !refines) cf.fail(`duplicate log level "${word}"`, i)
    level = named
  }
  // nginx takes no name for the standard error stream too.
  log.add(cf.cycle.openFiles.get(target === 'stderr' || target === '' ? 'stderr' : cf.fullName(target)), level ?? Level.error)
}

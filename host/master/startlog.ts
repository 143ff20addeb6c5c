import { readFileSync } from 'node:fs'
import { release, type } from 'node:os'
import { Level, levelNames } from '../core/log.ts'
import type { Log, LogContext } from '../core/log.ts'
import { ErrorLog } from '../core/logfile.ts'
import { version } from '../core/version.ts'

/** What nginx logs at notice when it starts (golden signals.txt), as far as it has a meaning here. */
export function logStart(log: Log): void {
  log.write(Level.notice, `vespid/${version}`)
  log.write(Level.notice, `built by Node.js ${process.versions.node} (V8 ${process.versions.v8})`)
  log.write(Level.notice, `OS: ${type()} ${release()}`)
  const files = openFileLimits()
  if (files !== null) log.write(Level.notice, `getrlimit(RLIMIT_NOFILE): ${files}`)
  log.write(Level.notice, 'start worker processes')
}

/** `SOFT:HARD` limit of open files; null where the system does not tell. */
function openFileLimits(): string | null {
  try {
    const found = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return found === null ? null : `${found[1]}:${found[2]}`
  } catch {
    return null
  }
}

/**
 * The log while the server starts: the configuration's own, and for warnings and worse also whoever started the server (nginx.md
 * §1.2), unless the log goes there anyway.
 */
export class StartLog implements Log {
  readonly #log: Log
  readonly #say: (text: string) => void

  constructor(log: Log, say: (text: string) => void) {
    this.#log = log
    this.#say = log instanceof ErrorLog && log.toStderr ? () => {} : say
  }

  get level(): number {
    return Math.max(this.#log.level, Level.warn)
  }

  write(level: Level, message: string, who?: LogContext): void {
    this.#log.write(level, message, who)
    if (level <= Level.warn) this.#say(`vespid: [${levelNames[level]}] ${message}\n`)
  }
}

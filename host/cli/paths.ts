import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { bytesOf } from '../core/text.ts'
import type { CycleOptions } from '../cycle.ts'
import type { ServerArguments } from './options.ts'

type Given = Pick<ServerArguments, 'prefix' | 'confFile' | 'errorLog' | 'globals'> & Partial<Pick<ServerArguments, 'scriptFile' | 'defines'>>

/**
 * Where the configuration, the prefix and the first error log are. The prefix is `-p`, else the working directory (nginx has one
 * compiled in); the file is `-c`, else `conf/vespid.conf`, else `vespid.conf`; the log is `-e`, else `logs/error.log` where there is a
 * `logs` directory, else the standard error stream. With `-f` the file is that one, and the log is the standard error stream unless `-e` is given.
 */
export function resolveOptions(given: Given, test: boolean): CycleOptions {
  const prefix = resolve(given.prefix ?? '.').replace(/\/*$/, '/')
  const { scriptFile = null, defines = [] } = given
  if (scriptFile !== null) {
    // The standard error stream: where a terminal and systemd look, and where nobody needs a right to write.
    const errorLog = given.errorLog === null || given.errorLog === 'stderr' ? 'stderr' : resolve(prefix, given.errorLog)
    const script = { defines: defines.map(([name, value]) => [name, bytesOf(value)] as const) }
    return { prefix, confFile: resolve(scriptFile), errorLog, globals: bytesOf(given.globals), test, script }
  }
  const standard = `${prefix}conf/vespid.conf`
  const beside = `${prefix}vespid.conf`
  const confFile = given.confFile !== null ? resolve(prefix, given.confFile) : !existsSync(standard) && existsSync(beside) ? beside : standard
  return { prefix, confFile, errorLog: firstLog(prefix, given.errorLog), globals: bytesOf(given.globals), test }
}

function firstLog(prefix: string, given: string | null): string {
  if (given === 'stderr') return given
  if (given !== null) return resolve(prefix, given)
  return existsSync(`${prefix}logs`) ? `${prefix}logs/error.log` : 'stderr'
}

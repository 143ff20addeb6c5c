import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { bytesOf } from '../core/text.ts'
import type { CycleOptions } from '../cycle.ts'
import type { ServerArguments } from './options.ts'

/**
 * Where the configuration, the prefix and the first error log are. The prefix is `-p`, else the working directory (nginx has one
 * compiled in); the file is `-c`, else `conf/vespid.conf`, else `vespid.conf`; the log is `-e`, else `logs/error.log` where there is a
 * `logs` directory, else the standard error stream.
 */
export function resolveOptions(given: Pick<ServerArguments, 'prefix' | 'confFile' | 'errorLog' | 'globals'>, test: boolean): CycleOptions {
  const prefix = resolve(given.prefix ?? '.').replace(/\/*$/, '/')
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

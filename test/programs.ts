/** Programs that are not ours and that some tests need: real servers and clients from Debian packages. */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where Debian puts programs that are not on everybody's PATH. */
const besides = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/15/bin']

/** The path of a program, or null when it is not installed. */
export function findProgram(name: string): string | null {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), ...besides]) {
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here: the next place.
    }
  }
  return null
}

/**
 * What to give as `skip` to a test that needs these programs, or files of their packages (a name with a slash): false when all are there, else
 * why it is skipped. Where VESPID_TEST_PROGRAMS is `required` (continuous integration, which installs them), a missing one throws instead, so
 * that the test file fails.
 */
export function skipWithout(...names: string[]): string | false {
  const missing = names.filter((name) => name.includes('/') ? !existsSync(name) : findProgram(name) === null)
  if (missing.length === 0) return false
  const reason = `not installed: ${missing.join(', ')}`
  if (process.env.VESPID_TEST_PROGRAMS === 'required') throw new Error(`a test needs what is ${reason}`)
  return reason
}

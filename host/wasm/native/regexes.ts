import type { PosixRegex } from '../../script/posix.ts'
import { MatchLimitError } from '../../expr/regex.ts'
import { constantRegex } from '../../script/posix.ts'
import { GuestFault } from '../trap.ts'

/** Regular expressions of one plugin, all instances together. */
const most = 1024

/**
 * The regular expressions that a plugin has compiled, by id: POSIX extended ones (`.` matches a line feed too, `^` and
 * `$` only the ends), matched in
 * bounded time by the host.
 */
export class Regexes {
  private readonly list: PosixRegex[] = []
  private readonly ids = new Map<string, number>()

  /** Compiles a pattern; flag 1: case is ignored. Throws ConfigError for one that is none. */
  add(pattern: string, flags: number): number {
    if ((flags & ~1) !== 0) throw new GuestFault(`compiled a regular expression with flags ${flags}`)
    const key = `${flags}${pattern}`
    const known = this.ids.get(key)
    if (known !== undefined) return known
    if (this.list.length >= most) throw new GuestFault(`compiled more than ${most} regular expressions`)
    const regex = constantRegex(pattern, { caseless: (flags & 1) !== 0, newline: false })
    this.ids.set(key, this.list.length)
    return this.list.push(regex) - 1
  }

  /** Whether a compiled expression matches somewhere in a text; false for one that would take too long. */
  test(id: number, text: string): boolean {
    const regex = this.list[id]
    if (regex === undefined) throw new GuestFault(`matched regular expression ${id}, which it has not compiled`)
    try {
      return regex.test(text)
    } catch (error) {
      if (error instanceof MatchLimitError) return false
      throw error
    }
  }
}

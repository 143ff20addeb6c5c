import { readFileSync } from 'node:fs'

/** How many files this process may have open (soft limit), or null where the system does not tell (not Linux). */
export function openFileLimit(): number | null {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
    return found === null ? null : Number(found[1])
  } catch {
    return null
  }
}

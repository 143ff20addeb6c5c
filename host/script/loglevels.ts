import { Level } from '../core/log.ts'

/** Kamailio's levels, −5 alert to 3 debug, as the error log has them; −4 (bug) and −3 are crit. */
const levels = [Level.alert, Level.crit, Level.crit, Level.crit, Level.error, Level.warn, Level.notice, Level.info, Level.debug] as const

/** The error log's level for one of Kamailio's; those beyond its ends count as the ends. */
export function errorLogLevel(level: number): Level {
  return levels[Math.max(-5, Math.min(3, level)) + 5]!
}

import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import { parseSize } from '../../core/units.ts'

/** nginx wants eight pages. */
const smallestZone = 8 * 4096

/** Reads word `argument` of a zone's definition, `zone=NAME:SIZE`. The name may be empty, which counts as no zone. */
export function parseZone(cf: Cf, argument: number): { name: string, size: number } {
  const word = cf.args[argument]!
  const colon = word.indexOf(':')
  const size = colon < 0 ? null : parseSize(word.slice(colon + 1))
  if (size === null) cf.fail(`invalid zone size "${word}"`, argument)
  if (size < smallestZone) cf.fail(`zone "${word}" is too small`, argument, 'the smallest is 32k')
  return { name: word.slice('zone='.length, colon), size }
}

/** The zone that the present directive names; size 0 for a use. Fails when it is of another kind or size. */
export function namedZone(cf: Cf, name: string, size: number, kind: string): Zone {
  try {
    return cf.cycle.zones.add(name, size, kind)
  } catch (error) {
    return cf.fail((error as Error).message)
  }
}

/**
 * The zone that the present directive defines, with its key, a text with variables; the caller sets its `data`. Fails
 * when it is defined already. `label` begins the complaint about a key that a reload changes.
 */
export function defineZone(cf: Cf, zone: { name: string, size: number } | null, kind: string, label: string): Zone {
  const directive = cf.args[0]!
  const key = cf.args[1]!
  if (zone === null || zone.name === '') cf.fail(`"${directive}" must have "zone" parameter`)
  const made = namedZone(cf, zone.name, zone.size, kind)
  if (made.data !== null) cf.fail(`${directive} "${zone.name}" is already bound to key "${made.binding}"`)
  made.binding = key
  made.rebound = (previous) =>
    `${label} "${zone.name}" uses the "${key}" key while previously it used the "${previous}" key`
  return made
}

/**
 * `zone NAME SIZE [evict=lru|off] [file=PATH] [sync=TIME];`: a key/value store that all workers share and that a reload
 * keeps. In the host because it is memory of the whole server.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import { ConfigError } from '../../core/errors.ts'
import { missingGrant } from '../../core/grants.ts'
import { parseMsec, parseOffset } from '../../core/units.ts'
import { storeKind } from '../../core/zones.ts'
import type { StoreSettings } from '../../core/zones.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'
import { NativeModule } from '../../wasm/native/module.ts'

/** As nginx: eight pages. */
const smallest = 8 * 4096
const largest = 64 * 2 ** 30
const shortestSync = 10
const longestSync = 3600_000
const defaultSync = 1000

const setZone: Directive['set'] = (cf) => {
  const name = cf.args[1]!
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
    return cf.fail(`invalid zone name "${name}"`, 1, 'it may have up to 64 letters, digits, "_", "-", "."')
  }
  const size = parseOffset(cf.args[2]!)
  if (size === null || size > largest) return cf.fail(`invalid zone size "${cf.args[2]}"`, 2, 'for example 64k, 10m or 1g')
  if (size < smallest) return cf.fail(`zone "${name}" is too small`, 2, 'the smallest is 32k')
  const settings = readSettings(cf)
  const { zones } = cf.cycle
  const before = zones.get(name)
  if (before !== null && before.settings !== null) return cf.fail(`duplicate zone "${name}"`, 1)
  const other = zones.stores().find((zone) => settings.file !== null && zone.settings!.file === settings.file)
  if (other !== undefined) return cf.fail(`zone "${other.name}" has the same file`)
  try {
    zones.add(name, size, storeKind).settings = settings
  } catch (error) {
    return cf.fail((error as Error).message, 1)
  }
}

function readSettings(cf: Cf): StoreSettings {
  let evict: boolean | null = null
  let file: string | null = null
  let sync: number | null = null
  for (let i = 3; i < cf.args.length; i++) {
    const [, key, value] = /^(\w+)=(.*)$/s.exec(cf.args[i]!) ?? []
    const twice = (seen: unknown): void => {
      if (seen !== null) cf.fail(`duplicate parameter "${key}"`, i)
    }
    if (key === 'evict' && (value === 'lru' || value === 'off')) {
      twice(evict)
      evict = value === 'lru'
    } else if (key === 'file' && value !== '') {
      twice(file)
      file = cf.fullName(value!)
    } else if (key === 'sync') {
      twice(sync)
      sync = parseMsec(value!)
      if (sync === null || sync < shortestSync || sync > longestSync) {
        return cf.fail(`invalid sync value "${cf.args[i]}"`, i, 'it may be from 10ms to 1h')
      }
    } else cf.fail(`invalid parameter "${cf.args[i]}"`, i, 'it may be evict=lru, evict=off, file=PATH, sync=TIME')
  }
  if (sync !== null && file === null) cf.fail('"sync" has no effect without "file"')
  return { evict: evict ?? true, file, sync: sync ?? defaultSync }
}

/** Bytes of the zone that a shipped plugin has for itself, when the configuration defines none of that name. */
const ownSize = 4 << 20

/** A plugin that is shipped with vespid has a zone of its own name without being allowed it. */
function ownZone(cycle: Cycle, name: string): void {
  cycle.grants.add(name, 'zone', name)
  const zone = cycle.zones.get(name) ?? cycle.zones.add(name, ownSize, storeKind)
  if (zone.kind === storeKind) zone.settings ??= { evict: false, file: null, sync: defaultSync }
}

/** Plugins use zones that are there and that they may use. */
function initConf(cf: Cf): void {
  const { cycle } = cf
  for (const module of cycle.modules) {
    if (!(module instanceof NativeModule)) continue
    const { name, own, zones } = module.plugin
    zones.attach(cycle)
    for (const zone of zones.names) {
      if (own && zone === name) ownZone(cycle, name)
      if (!cycle.grants.has(name, 'zone', zone)) {
        cf.report(new ConfigError(`plugin "${name}" may not use zone "${zone}"`, null, missingGrant(name, 'zone', zone)))
      } else if (cycle.zones.get(zone)?.settings == null) {
        cf.report(new ConfigError(`plugin "${name}" uses zone "${zone}", which is not there`, null, `add "zone ${zone} 1m;" to the main context`))
      }
    }
  }
}

/** The directive in the main context. */
export const zoneModule: Module = {
  name: 'zone',
  type: 'core',
  initConf,
  directives: [{ name: 'zone', where: Where.Main, args: Args.TwoOrMore, conf: 'core', set: setZone }],
}

/** The same directive inside http{}. */
export const httpZoneModule: Module = {
  name: 'http_zone',
  directives: [{ name: 'zone', where: Where.Http, args: Args.TwoOrMore, conf: 'main', set: setZone }],
}

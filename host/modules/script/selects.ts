/** The selects of a configuration: those of the server and those that modules and plugins bring, in one table that all texts share. */
import type { Cf } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import type { Module } from '../../module.ts'
import type { SelectServices } from '../../sip/selects/system.ts'
import type { ScriptMainConf } from './conf.ts'
import { ConfigError } from '../../core/errors.ts'
import { runtimeSettings } from '../../core/settings.ts'
import { messageOf } from '../../sip/httpmessage.ts'
import { defineDeclared } from '../../sip/selects/plugins.ts'
import { selectModules, standardSelects } from '../../sip/selects/standard.ts'

/** What is known of a plugin's timers; host/wasm/native/module.ts is one. */
interface WithTimers extends Module {
  /** Whether the timer of that name runs in this thread; null when there is none. */
  timerRuns?(name: string): (() => boolean) | null
}

/**
 * Makes the table, when every module and plugin is there, and connects the selects that texts of http{} use. What is unknown, malformed or defined
 * twice is reported.
 */
export function resolveSelects(cf: Cf, main: ScriptMainConf): void {
  const { cycle } = cf
  cycle.selects.truth = main.selectTruth ?? (main.compat.get('script') === 'strict' ? 'kamailio' : 'seed')
  const table = standardSelects(loadedIn(cycle), servicesOf(cycle, main))
  for (const module of cycle.modules) {
    for (const definition of module.selects ?? []) {
      try {
        defineDeclared(table, definition, module.name)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        cf.report(error)
      }
    }
  }
  for (const error of cycle.selects.resolve(table, messageOf)) cf.report(error)
}

/** In a Kamailio file a module's selects are there when the file loads it, in nginx's language always. */
function loadedIn({ script }: Cycle): (module: string) => boolean {
  if (script === null) return () => true
  const names = new Set(script.modules.map(({ name }) => name))
  return (module) => names.has(module) || !selectModules.includes(module)
}

/** What the server tells selects about itself: settings, which a command may change, and variables of a Kamailio file; the timers of plugins. */
function servicesOf(cycle: Cycle, main: ScriptMainConf): SelectServices {
  const { script, number } = cycle
  const debug = Number.isFinite(main.debug) ? main.debug : 0
  const settings = new Map<string, number | string>([['core.debug', debug], ['core.max_while_loops', main.maxWhileLoops]])
  for (const { name, value } of script?.settings ?? []) settings.set(`core.${name}`, value)
  for (const { group, name, value } of script?.variables ?? []) settings.set(`${group}.${name}`, value)
  return {
    serverId: Number(settings.get('core.server_id') ?? 0),
    setting: (group, name) => {
      const key = `${group}.${name}`
      return settings.has(key) ? () => String(runtimeSettings.get(number, key) ?? settings.get(key)) : null
    },
    selected: (group) => [...settings.keys()].some((key) => key.startsWith(`${group}.`)) ? () => '' : null,
    timer: (name) => {
      for (const module of cycle.modules as readonly WithTimers[]) {
        const runs = module.timerRuns?.(name) ?? null
        if (runs !== null) return runs
      }
      return null
    },
  }
}

import { join } from 'node:path'
import { buildCycle } from '../host/conf/build.ts'
import { Level } from '../host/core/log.ts'
import { packageRoot } from '../host/core/install.ts'
import { stderrLog } from '../host/core/logfile.ts'
import type { Cycle } from '../host/cycle.ts'
import { hostModules } from '../host/modules/list.ts'
import { defaultSettings } from '../host/wasm/limits/settings.ts'
import { Plugins } from '../host/wasm/plugins.ts'
import { PluginStore } from '../host/wasm/store.ts'
import { pluginsOf } from '../host/worker/plugins.ts'
import { ThreadRpc } from '../host/worker/rpc.ts'

/**
 * Builds the cycle of DIRECTORY/vespid.conf in this thread, with the shipped plugins; throws with the first mistake. `unchecked`: without the checks of the plugins'
 * time, to see what they cost.
 */
export function openCycle(directory: string, unchecked = false): Cycle {
  const options = { prefix: directory + '/', confFile: join(directory, 'vespid.conf'), errorLog: 'stderr', globals: '', test: false }
  const store = PluginStore.first(join(packageRoot, 'build/plugins'))
  const rpc = new ThreadRpc((name) => Promise.reject(new Error(`${name} is not there`)))
  const plugins = unchecked ? new Plugins(store, rpc.services, () => ({ ...defaultSettings, unchecked })) : pluginsOf(store, rpc.services, options)
  const { cycle, ok } = buildCycle(options, hostModules, plugins, stderrLog(Level.crit))
  if (!ok) throw new Error(cycle.problems.map((p) => p.error.line).join('\n'))
  for (const module of cycle.modules) {
    module.initThread?.(cycle)
    module.initProcess?.(cycle)
  }
  rpc.use(cycle)
  return cycle
}

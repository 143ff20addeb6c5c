import type { Built } from '../conf/build.ts'
import { Level } from '../core/log.ts'
import { stderrLog } from '../core/logfile.ts'
import { buildConfiguration } from '../modules/kamailio/build.ts'
import { hostModules } from '../modules/list.ts'
import type { Services } from '../wasm/services.ts'
import { sharedPlugins } from './plugins.ts'
import type { Next } from './messages.ts'

/** Builds a thread's own cycle of a configuration that the master has accepted. `services` is what its plugins may ask of this thread. */
export function threadBuild(next: Next, services: Services): Built {
  const plugins = sharedPlugins(next.plugins, services, next.options)
  return buildConfiguration(next.options, [...hostModules, ...plugins.extras()], plugins, stderrLog(Level.warn), next.number)
}

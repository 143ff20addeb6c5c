import type { Module } from '../../module.ts'
import { coreModule } from './core.ts'
import { errorLogModule } from './errorlog.ts'
import { eventCoreModule, eventsModule } from './events.ts'
import { includeModule } from './include.ts'
import { pluginLimitsModule } from './pluginlimits.ts'
import { pluginsModule } from './plugins.ts'
import { threadPoolModule } from './threadpool.ts'
import { zoneModule } from './zone.ts'

/** The modules of the main and events contexts, in nginx's order. They stand before all others. */
export const mainModules: readonly Module[] = [
  coreModule, errorLogModule, includeModule, eventsModule, eventCoreModule, threadPoolModule, pluginsModule, pluginLimitsModule, zoneModule,
]

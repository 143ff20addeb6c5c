/** How a thread comes to the plugins of a configuration. */
import { scanMain } from '../conf/scan.ts'
import type { CycleOptions } from '../cycle.ts'
import { moduleOrder } from '../modules/order.ts'
import { SettingsTable, isSetting } from '../wasm/limits/settings.ts'
import { Plugins } from '../wasm/plugins.ts'
import type { Services } from '../wasm/services.ts'
import { PluginStore } from '../wasm/store.ts'
import type { SharedPlugins } from '../wasm/store.ts'

/**
 * The plugins of one cycle of this thread; `services` is what they may ask of the thread. What they are held to is
 * looked up in the configuration (`options`) before it is read, because a plugin gets its limits when it is loaded.
 */
export function pluginsOf(store: PluginStore, services: Services, options: CycleOptions | null = null): Plugins {
  let table: SettingsTable | null = null
  return new Plugins(store, { ...services, order: (plugin) => (moduleOrder as Record<string, number | undefined>)[plugin] },
    (plugin, trusted) => (table ??= new SettingsTable(options === null ? [] : scanMain(options, isSetting))).of(plugin, trusted))
}

/** The plugins of a worker's cycle, from what the master shares. */
export function sharedPlugins(shared: SharedPlugins, services: Services, options: CycleOptions): Plugins {
  return pluginsOf(PluginStore.shared(shared), services, options)
}

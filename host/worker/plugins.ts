/** How a thread comes to the plugins of a configuration. */
import { moduleOrder } from '../modules/order.ts'
import { Plugins } from '../wasm/plugins.ts'
import type { Services } from '../wasm/services.ts'
import { PluginStore } from '../wasm/store.ts'
import type { SharedPlugins } from '../wasm/store.ts'

/** The plugins of one cycle of this thread; `services` is what they may ask of the thread. */
export function pluginsOf(store: PluginStore, services: Services): Plugins {
  return new Plugins(store, { ...services, order: (plugin) => (moduleOrder as Record<string, number | undefined>)[plugin] })
}

/** The plugins of a worker's cycle, from what the master shares. */
export function sharedPlugins(shared: SharedPlugins, services: Services): Plugins {
  return pluginsOf(PluginStore.shared(shared), services)
}

import type { Module } from '../module.ts'
import type { Place } from '../core/place.ts'

/**
 * Where a cycle gets its plugins from: the set of loaded `.wasm` modules of one configuration. The configuration reader calls it for
 * `plugins DIR`, `load_module` and, when a directive is unknown, for the plugins shipped with vespid.
 */
export interface PluginSet {
  /** Loads every `*.wasm` of a directory (absolute path), in name order; returns the new modules. Throws PluginError or ConfigError. */
  loadDirectory(directory: string, watch: boolean, place: Place | null): Module[]
  /** Loads one file or glob (absolute path). */
  loadFile(pattern: string, place: Place | null): Module[]
  /** Loads the shipped plugin that registers a directive, if there is one and it is not loaded; null otherwise. */
  loadFor(directive: string): Module[] | null
  /** The name of a shipped or known plugin that would provide the directive, for a note; null when none does. */
  providerOf(directive: string): string | null
}

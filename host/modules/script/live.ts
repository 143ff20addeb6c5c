/** Settings as they are at the moment, after what commands have changed. */
import type { SettingValue } from '../../core/settings.ts'
import { runtimeSettings } from '../../core/settings.ts'

/** The settings of scripts as they are at the moment: those of the configuration, but for what was set since. */
export class LiveSettings extends Map<string, SettingValue> {
  private readonly cycle: number

  /** Of the configuration with this number. */
  constructor(cycle: number, entries: readonly (readonly [string, SettingValue])[]) {
    super()
    this.cycle = cycle
    for (const [key, value] of entries) this.set(key, value)
  }

  override get(key: string): SettingValue | undefined { return runtimeSettings.get(this.cycle, key) ?? super.get(key) }
}

/** The level up to which xlog's lines are written, of which the configuration says `configured`. */
export function debugLevel(cycle: number, configured: number): number {
  const set = runtimeSettings.get(cycle, 'core.debug')
  return typeof set === 'number' ? set : configured
}

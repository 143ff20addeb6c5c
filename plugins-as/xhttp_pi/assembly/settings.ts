import { Framework } from './framework'

/** What the configuration says. */
export class Settings {
  root: string = 'pi'
  /** The framework's file as it was written; `''`: none was named. */
  file: string = ''
  strict: bool = false
  /** Records of one page. */
  page: i32 = 50
  /** The most bytes of one page, 0 for the usual. */
  buffer: i32 = 0
}

/** The plugin's only one: the configuration's, in every instance. */
export let settings = new Settings()
/** The framework that is in use, and the generation that it was read in. */
export let framework: Framework | null = null
export let generation: i32 = 0

export function useSettings(value: Settings): void { settings = value }
export function useFramework(value: Framework | null, at: i32): void {
  if (value !== null) framework = value
  generation = at
}

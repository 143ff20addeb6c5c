import { ConfigError } from '../../core/errors.ts'
import type { ScriptFile } from '../../script/ast.ts'
import { coreSettings, textSettings } from '../../script/coresettings.ts'

/** Settings that take effect and whose values are of the wrong type. */
export function checkSettings(file: ScriptFile): ConfigError[] {
  const wrong: ConfigError[] = []
  for (const { name, value, place } of file.settings) {
    if (coreSettings.get(name) !== 'used' || name === 'alias') continue
    if (typeof value === (textSettings.has(name) ? 'string' : 'number')) continue
    wrong.push(new ConfigError(`"${name}" is ${textSettings.has(name) ? 'a text' : 'a number'}`, place))
  }
  return wrong
}

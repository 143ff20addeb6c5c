/**
 * What plugins are held to: `plugin_memory_limit`, `plugin_time_limit`, `plugin_table_limit`, `plugin_on_error`,
 * `plugin_fault_limit` for all of them, and `plugin NAME { memory_limit …; … }` for one. In the host because it is the
 * host that holds them to it. The values are taken before the configuration is read (host/worker/plugins.ts), so that
 * they hold wherever in the main context they stand; here they are checked.
 */
import type { Cf } from '../../conf/cf.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Place } from '../../core/place.ts'
import { suggest } from '../../core/suggest.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'
import { unmet } from '../../wasm/limits/asked.ts'
import { readSetting, settingHelp, settingNames } from '../../wasm/limits/settings.ts'
import type { SettingName } from '../../wasm/limits/settings.ts'
import { NativeModule } from '../../wasm/native/module.ts'
import { readGrant } from './grants.ts'

interface LimitsConf {
  /** What was read, `NAME` or `PLUGIN NAME`: each may stand once. */
  readonly seen: Set<string>
  /** The plugins that have a block, with its place. */
  readonly blocks: Map<string, Place | null>
}

/** One setting: in the main context, or in the block of a plugin. */
function read(cf: Cf, conf: LimitsConf, name: SettingName, plugin: string): string | void {
  const key = plugin === '' ? name : `${plugin} ${name}`
  if (conf.seen.has(key)) return 'is duplicate'
  conf.seen.add(key)
  if (readSetting(name, cf.args.slice(1)) === null) {
    cf.fail(`invalid value "${cf.args.slice(1).join(' ')}" in "${cf.args[0]}" directive`, 1, settingHelp(name))
  }
}

const block: Directive['set'] = (cf, _directive, conf: LimitsConf) => {
  const plugin = cf.args[1]!
  if (!/^[^/]+$/.test(plugin)) return cf.fail(`invalid plugin name "${plugin}"`, 1, 'a plugin\'s name is its file\'s, without ".wasm"')
  if (!conf.blocks.has(plugin)) conf.blocks.set(plugin, cf.place)
  cf.lines((line) => {
    const word = line.args[0]!
    if (word === 'allow') return readGrant(line, plugin)
    const name = settingNames.find((known) => known === word)
    if (name === undefined) return unknown(line, word)
    if (line.args.length === 1) return line.fail(`invalid number of arguments in "${word}" directive`, 0, settingHelp(name))
    const text = read(line, conf, name, plugin)
    if (typeof text === 'string') return `"${word}" directive ${text}`
  })
}

function unknown(line: Cf, word: string): never {
  const bare = word.replace(/^plugin_/, '')
  const meant = settingNames.find((name) => name === bare) ?? suggest(bare, [...settingNames, 'allow'])
  return line.fail(`unknown directive "${word}"`, 0, meant === null ? `in "plugin" there may be ${settingNames.join(', ')}, allow` : `did you mean "${meant}"?`)
}

/** A block for a plugin that is not there is likely a slip, and a plugin that does not get what it asks for may fail later. */
function initConf(cf: Cf, conf: LimitsConf): void {
  for (const module of cf.cycle.modules) if (module instanceof NativeModule) tellUnmet(cf, conf, module)
  const loaded = cf.cycle.modules.map((module) => module.name)
  for (const [plugin, place] of conf.blocks) {
    if (loaded.includes(plugin)) continue
    const meant = suggest(plugin, loaded)
    cf.cycle.problems.push({
      level: 'warn', error: new ConfigError(`plugin "${plugin}" is not loaded`, place, meant === null ? null : `did you mean "${meant}"?`),
    })
  }
}

/** Who has said what a plugin is held to has decided; else what is missing is told, with the line to add. */
function tellUnmet({ cycle }: Cf, conf: LimitsConf, { plugin: { name, instance: { program } } }: NativeModule): void {
  for (const { name: setting, asked, held } of unmet(program.asked, program.settings)) {
    if (conf.seen.has(`${name} ${setting}`)) continue
    const note = `add "plugin ${name} { ${setting} ${asked}; }" to the main context if it may have that, or "${setting} ${held};" there if not`
    cycle.problems.push({ level: 'warn', error: new ConfigError(`plugin "${name}" asks for ${setting} ${asked} and is held to ${held}`, null, note) })
  }
}

/** The directives about plugins' limits, in the main context. */
export const pluginLimitsModule: Module = {
  name: 'plugin_limits',
  type: 'core',
  createConf: (): LimitsConf => ({ seen: new Set(), blocks: new Map() }),
  initConf,
  directives: [
    ...settingNames.map((name): Directive => ({
      name: `plugin_${name}`, where: Where.Main, args: name === 'fault_limit' ? Args.Take13 : Args.Take1, conf: 'core',
      set: (cf, _directive, conf: LimitsConf) => read(cf, conf, name, ''),
    })),
    { name: 'plugin', where: Where.Main, args: Args.Block | Args.Take1, conf: 'core', set: block },
  ],
}

/** `modparam MODULE NAME VALUE;`: Kamailio's way to set a module's parameters, in nginx's syntax. */
import type { Cf } from '../../conf/cf.ts'
import type { Module } from '../../module.ts'
import type { Modparam } from '../../script/ast.ts'
import type { ModuleParameter } from '../../script/contract.ts'
import type { ParameterTarget } from '../../script/modparam.ts'
import type { Compat, ScriptMainConf } from './conf.ts'
import { ConfigError } from '../../core/errors.ts'
import { parseTable } from '../../script/htable.ts'
import { applyModparam } from '../../script/modparam.ts'
import { parsePreset } from '../../script/shared.ts'

/** What the language itself may be told, as module `script`. */
const own: readonly ModuleParameter<ScriptMainConf>[] = [
  { name: 'max_while_loops', type: 'int', set: (conf, value) => bounded(conf, 'maxWhileLoops', value, 1, 1_000_000) },
  { name: 'max_recursive_level', type: 'int', set: (conf, value) => bounded(conf, 'maxRecursiveLevel', value, 1, 1024) },
  { name: 'pv_buffer_size', type: 'int', set: (conf, value) => bounded(conf, 'pvBufferSize', value, 256, 1 << 20) },
  { name: 'debug', type: 'int', set: (conf, value) => bounded(conf, 'debug', value, -5, 3) },
  {
    name: 'select_truth', type: 'string',
    set(conf, value) {
      if (value !== 'seed' && value !== 'kamailio') return 'must be "seed" or "kamailio"'
      conf.selectTruth = value
    },
  },
  { name: 'server_header', type: 'string', set: (conf, value) => { conf.serverLine = String(value) } },
]

/** Parameters of what Kamailio's modules `pv` and `htable` bring, which the language has built in. */
const builtin: readonly (readonly [string, readonly ModuleParameter<ScriptMainConf>[]])[] = [
  ['pv', [
    { name: 'shvset', type: 'string', set: (conf, text) => preset(String(text), (name, value) => conf.sharedValues.push({ name, value })) },
    { name: 'varset', type: 'string', set: (conf, text) => preset(String(text), (name, value) => conf.variableValues.set(name, value)) },
  ]],
  ['htable', [{ name: 'htable', type: 'string', set: (conf, value) => defineTable(conf, String(value)) }]],
]

function preset(text: string, take: (name: string, value: number | string) => void): string | void {
  const found = parsePreset(text)
  if (found === null) return `must be written "NAME=i:NUMBER" or "NAME=s:TEXT", not "${text}"`
  take(found.name, found.value)
}

function defineTable(conf: ScriptMainConf, text: string): string | void {
  const table = parseTable(text)
  if (typeof table === 'string') return `: ${table}`
  if (conf.tables.some(({ name }) => name === table.name)) return `defines table "${table.name}" twice`
  conf.tables.push(table)
}

/** Sets a number of the conf that has bounds. */
function bounded(
  conf: ScriptMainConf, field: 'maxWhileLoops' | 'maxRecursiveLevel' | 'pvBufferSize' | 'debug', value: number | string, least: number, most: number,
): string | void {
  if (typeof value !== 'number' || value < least || value > most) return `must be between ${least} and ${most}`
  conf[field] = value
}

/**
 * The parameter that every module has: whether it follows Kamailio where that is unsafe. A module that has one of its
 * own is told as well.
 */
function compatOf(main: ScriptMainConf, module: string, own?: ModuleParameter): ModuleParameter {
  return {
    name: 'compat', type: 'string',
    set: (conf, value) => {
      if (value !== 'strict' && value !== 'safe') return `must be "strict" or "safe"`
      main.compat.set(module, value as Compat)
      return own?.set(conf, value)
    },
  }
}

/** The modules of the cycle that have parameters, the language first. */
function targets(cf: Cf, main: ScriptMainConf): ParameterTarget[] {
  const list: ParameterTarget[] = [{ module: 'script', parameters: [...own, compatOf(main, 'script')], conf: main }]
  for (const [module, parameters] of builtin) list.push({ module, parameters, conf: main })
  cf.cycle.modules.forEach((module, index) => {
    if (!speaks(module)) return
    const { parameters = [] } = module
    const compat = compatOf(main, module.name, parameters.find((p) => p.name === 'compat'))
    list.push({ module: module.name, parameters: [...parameters.filter((p) => p.name !== 'compat'), compat], conf: cf.http!.main[index] })
  })
  return list
}

/** The module brings something to the routing language. */
function speaks(module: Module): boolean {
  return (module.parameters ?? module.functions ?? module.pseudoVariables ?? module.eventRoutes) !== undefined &&
    [module.parameters, module.functions, module.pseudoVariables, module.eventRoutes].some((list) => (list?.length ?? 0) > 0)
}

/** Applies one `modparam`, loading the shipped plugin that it names. Mistakes are reported. */
export function setModparam(cf: Cf, main: ScriptMainConf, param: Modparam): void {
  const loaded = cf.cycle.plugins.loadFor(`modparam ${param.module}`)
  if (loaded !== null) cf.addModules(loaded)
  const error = applyModparam(param, targets(cf, main))
  if (error !== null) cf.report(error)
  else if (!main.named.has(param.module)) main.named.set(param.module, param.place)
}

/** The directive. A word has no type in nginx's syntax: the parameter's decides. */
export function modparamDirective(cf: Cf, main: ScriptMainConf): void {
  const [, module, name, text] = cf.args as [string, string, string, string]
  const loaded = cf.cycle.plugins.loadFor(`modparam ${module}`)
  if (loaded !== null) cf.addModules(loaded)
  const parameter = targets(cf, main).find((t) => t.module === module)?.parameters.find((p) => p.name === name)
  const number = /^-?\d+$/.test(text) && parameter !== undefined && parameter.type !== 'string'
  if (parameter?.type === 'int' && !number) {
    throw new ConfigError(`invalid value "${text}" of parameter "${name}", it must be a number`, cf.places[3])
  }
  setModparam(cf, main, { place: cf.places[2] ?? cf.place!, module, name, value: number ? Number(text) : text })
}

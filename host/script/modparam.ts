import { ConfigError } from '../core/errors.ts'
import { suggest, suggestName } from '../core/suggest.ts'
import type { Modparam } from './ast.ts'
import type { ModuleParameter } from './contract.ts'
import { idleParameters, scriptModules } from './modules.ts'

/** A module whose parameters may be set, and the conf that they are set in. */
export interface ParameterTarget {
  readonly module: string
  readonly parameters: readonly ModuleParameter[]
  readonly conf: unknown
}

/**
 * Sets one module parameter in every module that its name, a regular expression such as `xhttp|jsonrpcs`, matches (kamailio.md §9.3). The
 * mistake is returned: no such module, no such parameter, a value of the wrong type, or what the module says; null when it was set.
 */
export function applyModparam(param: Modparam, targets: readonly ParameterTarget[]): ConfigError | null {
  const matches = matcher(param)
  if (matches instanceof ConfigError) return matches
  const found = targets.filter(({ module }) => matches(module))
  // A module of the server that has no conf counts as loaded.
  const others = [...scriptModules].filter(([name, kind]) =>
    (kind === 'ignored' || kind === 'builtin') && matches(name) && !found.some(({ module }) => module === name))
  if (found.length === 0 && others.length === 0) return noModule(param, targets)
  for (const [name, kind] of others) {
    if (kind === 'builtin' && !idleParameters[name]?.includes(param.name)) return noParameter(param, name, idleParameters[name] ?? [])
  }
  for (const target of found) {
    const wrong = setIn(param, target)
    if (wrong !== null) return wrong
  }
  return null
}

function matcher(param: Modparam): ((name: string) => boolean) | ConfigError {
  if (/^\w+$/.test(param.module)) return (name) => name === param.module
  try {
    if (param.module.length > 1000) throw new RangeError('too long')
    const pattern = new RegExp(`^(?:${param.module})$`, 'i')
    return (name) => pattern.test(name)
  } catch {
    return new ConfigError(`invalid name of a module "${param.module.slice(0, 80)}"`, param.place, 'it is a name, or a regular expression such as "xhttp|jsonrpcs"')
  }
}

function setIn(param: Modparam, { module, parameters, conf }: ParameterTarget): ConfigError | null {
  const parameter = parameters.find(({ name }) => name === param.name)
  if (parameter === undefined) return noParameter(param, module, [...parameters.map(({ name }) => name), ...idleParameters[module] ?? []])
  const given = typeof param.value === 'number' ? 'int' : 'string'
  if (!parameter.type.split('|').includes(given)) {
    const note = given === 'int' ? 'write the value in quotes' : 'write the number without quotes'
    return new ConfigError(`parameter "${param.name}" of module "${module}" is ${parameter.type === 'int' ? 'a number' : 'a text'}`, param.place, note)
  }
  const text = parameter.set(conf, param.value)
  return typeof text === 'string' ? new ConfigError(`parameter "${param.name}" of module "${module}" ${text}`, param.place) : null
}

function noParameter(param: Modparam, module: string, names: readonly string[]): ConfigError | null {
  if (idleParameters[module]?.includes(param.name) === true) return null
  const meant = suggestName(param.name, [names])
  const note = meant !== null ? `did you mean "${meant}"?` : names.length === 0 ? 'the module has no parameters' : `it has ${names.join(', ')}`
  return new ConfigError(`parameter "${param.name}" not found in module "${module}"`, param.place, note)
}

function noModule(param: Modparam, targets: readonly ParameterTarget[]): ConfigError {
  const kind = scriptModules.get(param.module)
  const meant = suggest(param.module, targets.map(({ module }) => module))
  const note = kind === 'plugin' ? `put loadmodule "${param.module}.so" before it` : meant === null ? null : `did you mean "${meant}"?`
  return new ConfigError(`no module matching "${param.module}" is loaded`, param.place, note)
}

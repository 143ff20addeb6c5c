import type { Cf } from '../conf/cf.ts'
import type { Module } from '../module.ts'
import type { Variable } from './variables.ts'
import type { Regex } from './regex.ts'
import { ConfigError } from '../core/errors.ts'
import { placeSuffix } from '../core/place.ts'
import { compileRegex } from './regex.ts'

/** Runs a change of the variable table; what it finds wrong is reported at word `argument` of the present directive. */
function placed<T>(cf: Cf, argument: number | undefined, change: () => T): T {
  try {
    return change()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    cf.fail(error.message, argument, error.note ?? undefined)
  }
}

/** The name in a word `$name`; fails with `invalid variable name "WORD"` when the `$` or the name is missing (nginx.md §4). */
export function variableName(cf: Cf, argument: number): string {
  const word = cf.args[argument]!
  if (!word.startsWith('$')) cf.fail(`invalid variable name "${word}"`, argument, word === '' ? undefined : `write "$${word}"`)
  if (word.length === 1) cf.fail(`invalid variable name "${word}"`, argument)
  return word.slice(1)
}

/** Defines the variable `$name` that word `argument` names, for `map`, `geo` and their like: changeable, to be filled by the caller. */
export function defineVariable(cf: Cf, argument: number): Variable {
  const name = variableName(cf, argument)
  return placed(cf, argument, () => cf.cycle.variables.add(name, true))
}

/**
 * The variable that `set` in word `argument` assigns: changeable and weak, with its place in `r.variables` (ngx_http_rewrite_set).
 * Fails with `the duplicate "NAME" variable` for a built-in one.
 */
export function settableVariable(cf: Cf, argument: number): Variable {
  const name = variableName(cf, argument)
  return placed(cf, argument, () => {
    const variable = cf.cycle.variables.add(name, true, false, true)
    cf.cycle.variables.reference(name, placeSuffix(cf.place))
    return variable
  })
}

/** Defines what the modules' `variables` tables list, in module order; called before http{} is read (nginx's preconfiguration). */
export function defineModuleVariables(cf: Cf, modules: Iterable<Module>): void {
  for (const module of modules) {
    for (const definition of module.variables ?? []) {
      try {
        cf.cycle.variables.define(definition)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        cf.report(new ConfigError(error.message, cf.place, `the module "${module.name}" brings it`))
      }
    }
  }
}

/** Connects all references when the configuration is complete; reports every name that is unknown. */
export function resolveVariables(cf: Cf): void {
  for (const error of cf.cycle.variables.resolve()) cf.report(error)
}

/**
 * Compiles a regex of the configuration; its named groups become variables of http{} (nginx.md §4.2). What PCRE2 would refuse fails with its
 * words at word `argument`.
 */
export function bindRegex(cf: Cf, pattern: string, caseless: boolean, argument?: number): Regex {
  const regex = placed(cf, argument, () => compileRegex(pattern, caseless))
  for (const group of regex.names) {
    placed(cf, argument, () => {
      const variable = cf.cycle.variables.add(group.name, true)
      cf.cycle.variables.reference(group.name, placeSuffix(cf.place))
      group.variable = variable
    })
  }
  return regex
}

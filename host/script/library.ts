import type { CompileContext } from './compile/context.ts'
import type { EventRoute, PseudoVariable, ScriptFunction, ScriptValue, TransformationClass } from './contract.ts'
import type { ScriptRun } from './run.ts'
import { ConfigError } from '../core/errors.ts'
import { suggest } from '../core/suggest.ts'

/** A use of a variable, resolved at start-up. */
export interface BoundVariable {
  readonly get: (run: ScriptRun) => ScriptValue
  /** Null: read-only. */
  readonly set: ((run: ScriptRun, value: ScriptValue) => boolean) | null
}

/** A variable of the host: its uses may be resolved at start-up. */
export interface HostVariable extends PseudoVariable {
  /** `inner` as written, variables in it unexpanded; throws ConfigError without a place. Null: through `get` and `set`. */
  readonly bind?: (inner: string | null, index: number | '*' | null, context: CompileContext) => BoundVariable | null
}

/** All that scripts of one configuration can name: functions, pseudo-variables, transformations, event routes. Filled before any script is compiled. */
export class ScriptLibrary {
  readonly functions = new Map<string, ScriptFunction>()
  readonly variables = new Map<string, HostVariable>()
  readonly transformations = new Map<string, TransformationClass>()
  readonly events = new Map<string, EventRoute>()

  /** Throws ConfigError when the name is taken. */
  addFunction(definition: ScriptFunction): void { add(this.functions, definition.name, definition, 'script function') }
  addVariable(definition: HostVariable): void { add(this.variables, definition.name, definition, 'script variable') }
  addTransformation(definition: TransformationClass): void { add(this.transformations, definition.name, definition, 'transformation class') }
  addEvent(definition: EventRoute): void { add(this.events, definition.name, definition, 'event route') }

  /** What is wrong with a call of that name and number of arguments, or the function. */
  findFunction(name: string, count: number): ScriptFunction | ConfigError {
    const found = this.functions.get(name)
    if (found === undefined) return unknown('script function', name, '', this.functions.keys())
    if (count >= found.minimum && count <= found.maximum) return found
    const wanted = found.minimum === found.maximum ? String(found.minimum) : `${found.minimum} to ${found.maximum}`
    return new ConfigError(`invalid number of arguments of script function "${name}": ${count}`, null, `it takes ${wanted}`)
  }

  findVariable(name: string): HostVariable | ConfigError {
    return this.variables.get(name) ?? unknown('script variable', name, '$', this.variables.keys())
  }

  findTransformation(name: string): TransformationClass | ConfigError {
    return this.transformations.get(name) ?? unknown('transformation class', name, '', this.transformations.keys())
  }
}

function add<T>(table: Map<string, T>, name: string, definition: T, what: string): void {
  if (table.has(name)) throw new ConfigError(`the duplicate ${what} "${name}"`, null, 'two modules register it')
  table.set(name, definition)
}

/** `unknown WHAT "NAME"` with what it is likely to be. */
export function unknown(what: string, name: string, sign: string, names: Iterable<string>): ConfigError {
  const near = suggest(name, names)
  return new ConfigError(`unknown ${what} "${sign}${name}"`, null, near === null ? null : `did you mean "${sign}${near}"?`)
}

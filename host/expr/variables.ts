import type { VariableDefinition } from '../module.ts'
import type { Request } from '../http/request.ts'
import { ConfigError } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import { suggest } from '../core/suggest.ts'

/** How deep variables may use variables before a cycle is assumed (nginx.md §5.1). */
const depthLimit = 100

let depth = 0

/** Says for every request that there is no such value; the getter of regex captures and of variables that only `set` fills. */
export function notFound(): null {
  return null
}

/** One known name: what a module, a directive or a regex defined, and its place in `r.variables` once something refers to it. */
export class Variable {
  /** Lower case. */
  readonly name: string
  get: (r: Request, rest: string) => string | null = notFound
  set: ((r: Request, value: string) => void) | null = null
  /** What `get` is given besides the request: the part of the name after a prefix variable's own name. */
  rest = ''
  nocache = false
  changeable = false
  /** Defined by `set` only: a prefix variable of that name shows through until something is assigned. */
  weak = false
  /** False for a name that was referred to but never defined. */
  defined = false
  /** Position in `r.variables`; −1 while nothing refers to the variable. */
  index = -1
  /** Where a configuration text first referred to it, for the error message: `in FILE:LINE` or ''. */
  usedIn = ''

  constructor(name: string) {
    this.name = name
  }

  /** The value in this request, or null when it has none; kept for the rest of the request unless `nocache`. */
  value(r: Request): string | null {
    const index = this.index
    if (index >= 0) {
      const kept = r.variables[index]
      if (kept !== undefined) return kept
    }
    return this.compute(r)
  }

  /** Gives the variable a value for the rest of this request (`set`, captures); a variable with a setter is set through it. */
  assign(r: Request, value: string): void {
    if (this.set !== null) this.set(r, value)
    else if (this.index >= 0) r.variables[this.index] = value
  }

  private compute(r: Request): string | null {
    if (depth >= depthLimit) {
      r.log(Level.error, `cycle while evaluating variable "${this.name}"`)
      return null
    }
    depth++
    try {
      const value = this.get(r, this.rest)
      if (!this.nocache && this.index >= 0) r.variables[this.index] = value
      return value
    } finally {
      depth--
    }
  }
}

/**
 * Every variable of one http{} (nginx's variables_keys, prefix_variables and variables). Modules define names, templates ask for
 * references, `resolve` connects the two when the configuration is complete.
 */
export class VariableTable {
  private readonly known = new Map<string, Variable>()
  private readonly prefixes = new Map<string, Variable>()
  private readonly indexed: Variable[] = []

  /** How many entries `r.variables` needs. */
  get count(): number {
    return this.indexed.length
  }

  /**
   * Defines a variable by its table entry. Throws ConfigError `the duplicate "NAME" variable` when it exists and may not be
   * redefined. Returns the variable.
   */
  define(definition: VariableDefinition): Variable {
    const variable = this.add(definition.name, definition.changeable === true, definition.prefix === true)
    variable.get = definition.get
    variable.set = definition.set ?? null
    variable.nocache = definition.nocache === true
    return variable
  }

  /**
   * Makes a name known, or returns the changeable variable that has it (ngx_http_add_variable): the caller fills `get`, `set`
   * and `nocache`. Throws ConfigError when the name is empty or taken.
   */
  add(name: string, changeable: boolean, prefix = false, weak = false): Variable {
    if (name === '') throw new ConfigError('invalid variable name "$"')
    const lower = name.toLowerCase()
    const group = prefix ? this.prefixes : this.known
    let variable = group.get(lower)
    if (variable === undefined) group.set(lower, variable = new Variable(lower))
    if (variable.defined) {
      if (!variable.changeable) throw new ConfigError(`the duplicate "${name}" variable`)
      if (!weak) variable.weak = false
      return variable
    }
    variable.defined = true
    variable.changeable = changeable
    variable.weak = weak
    return variable
  }

  /** The variable of a name that a configuration text uses; it gets a place in `r.variables`. Defined or not is checked by `resolve`. */
  reference(name: string, usedIn = ''): Variable {
    const lower = name.toLowerCase()
    let variable = this.known.get(lower)
    if (variable === undefined) this.known.set(lower, variable = new Variable(lower))
    if (variable.index < 0) {
      variable.index = this.indexed.length
      this.indexed.push(variable)
      variable.usedIn = usedIn
    }
    return variable
  }

  /** The position in `r.variables` of a name that a configuration text uses. */
  indexOf(name: string): number {
    return this.reference(name).index
  }

  /**
   * Connects every reference to its definition, else to the prefix variable with the longest fitting name. Called once, after
   * all modules have defined theirs. Returns one error `unknown "NAME" variable` for each name that stays unknown.
   */
  resolve(): ConfigError[] {
    const errors: ConfigError[] = []
    for (const variable of this.indexed) {
      if (variable.defined && !variable.weak) continue
      const prefix = this.prefixOf(variable.name)
      if (prefix !== null) {
        variable.get = prefix.get
        variable.set ??= prefix.set
        variable.nocache = prefix.nocache
        variable.rest = variable.name.slice(prefix.name.length)
      } else if (!variable.defined) {
        errors.push(new ConfigError(`unknown "${variable.name}" variable`, null, this.hint(variable)))
      }
    }
    return errors
  }

  /** The names that configuration texts use and that nothing defines so far. */
  unknown(): string[] {
    return this.indexed.filter((variable) => !variable.defined && this.prefixOf(variable.name) === null).map((variable) => variable.name)
  }

  /** Whether a name means something: defined, or covered by a prefix variable. */
  has(name: string): boolean {
    const lower = name.toLowerCase()
    return this.known.get(lower)?.defined === true || this.prefixOf(lower) !== null
  }

  /** Value of a name that is only known at run time (`r.variable`); null when unknown or without value. */
  lookup(r: Request, name: string): string | null {
    const lower = name.toLowerCase()
    const variable = this.known.get(lower)
    if (variable !== undefined && (variable.defined || variable.index >= 0)) return variable.value(r)
    const prefix = this.prefixOf(lower)
    return prefix === null ? null : prefix.get(r, lower.slice(prefix.name.length))
  }

  /** Assigns to a name that is only known at run time; false when it is unknown or not changeable. */
  assign(r: Request, name: string, value: string): boolean {
    const variable = this.known.get(name.toLowerCase())
    if (variable === undefined || !variable.changeable || (variable.set === null && variable.index < 0)) return false
    variable.assign(r, value)
    return true
  }

  /** Every defined name in order, prefix variables with a trailing `*`; for documentation and suggestions. */
  names(): string[] {
    const names: string[] = []
    for (const variable of this.known.values()) if (variable.defined) names.push(variable.name)
    for (const name of this.prefixes.keys()) names.push(`${name}*`)
    return names
  }

  private prefixOf(name: string): Variable | null {
    let best: Variable | null = null
    for (const prefix of this.prefixes.values())
      if (name.startsWith(prefix.name) && (best === null || prefix.name.length > best.name.length)) best = prefix
    return best
  }

  private hint(variable: Variable): string | null {
    const near = suggest(variable.name, this.names().filter((name) => !name.endsWith('*')))
    const used = variable.usedIn === '' ? '' : `used${variable.usedIn}`
    const advice = near === null ? '' : `did you mean "$${near}"?`
    const note = used !== '' && advice !== '' ? `${used}; ${advice}` : used + advice
    return note === '' ? null : note
  }
}

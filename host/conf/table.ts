/**
 * All directives of a cycle's modules by name, the checks of nginx.md §1.3, and the notes that go with a failed
 * look-up.
 */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { suggestName } from '../core/suggest.ts'
import { Args, Where } from '../module.ts'
import type { Directive, Module } from '../module.ts'

/** A directive with the module that brings it and that module's position in every conf array. */
export interface Entry {
  readonly module: Module
  readonly index: number
  readonly directive: Directive
}

/** What decides which directives are valid at a place: the context bit and the type of modules that is asked. */
export interface Context {
  readonly where: number
  readonly type: 'core' | 'event' | 'http'
}

/** The directive table; filled module by module, in module order. */
export class DirectiveTable {
  readonly #byName = new Map<string, Entry[]>()

  /** Adds the directives of the module at position `index`. */
  add(module: Module, index: number): void {
    for (const directive of module.directives ?? []) {
      const entries = this.#byName.get(directive.name)
      const entry = { module, index, directive }
      if (entries === undefined) this.#byName.set(directive.name, [entry])
      else entries.push(entry)
    }
  }

  /** Every directive of that name, in module order. `route[NAME]` finds the raw directive `route`. */
  named(name: string): readonly Entry[] {
    const entries = this.#byName.get(name)
    if (entries !== undefined) return entries
    const bracket = name.indexOf('[')
    if (bracket <= 0 || !name.endsWith(']')) return []
    return (this.#byName.get(name.slice(0, bracket)) ?? []).filter((entry) => entry.directive.raw === true)
  }

  /** The first directive of that name that is valid in a context, or null. */
  find(name: string, context: Context): Entry | null {
    return this.named(name).find((entry) => fits(entry, context)) ?? null
  }

  /**
   * One name that `name` may be a slip of: one valid in this context before any other; null when nothing is near.
   * `provided` are names of http directives that are not in the table yet.
   */
  nearest(name: string, context: Context, provided: readonly string[] = []): string | null {
    const here = context.type === 'http' ? [...provided] : []
    for (const [known, entries] of this.#byName) if (entries.some((entry) => fits(entry, context))) here.push(known)
    return suggestName(name, [here, [...provided, ...this.#byName.keys()]])
  }
}

function fits({ module, directive }: Entry, { where, type }: Context): boolean {
  if ((directive.where & where) === 0) return false
  return directive.where === Where.Any || (module.type ?? 'http') === type
}

/** Throws what nginx says when a directive is ended by the wrong character or has the wrong number of words. */
export function checkForm(
  directive: Directive, words: readonly string[], places: readonly Place[], opened: boolean,
): void {
  const name = words[0]!
  const last = places[places.length - 1]!
  const wantsBlock = (directive.args & Args.Block) !== 0
  if (!wantsBlock && opened) throw new ConfigError(`directive "${name}" is not terminated by ";"`, last)
  if (wantsBlock && !opened) throw new ConfigError(`directive "${name}" has no opening "{"`, last)
  const expected = expectedCount(directive.args, words.length - 1)
  if (expected === null) return
  throw new ConfigError(`invalid number of arguments in "${name}" directive`, places[0], `it takes ${expected}`)
}

/** What a directive takes, in words, when `count` arguments are not it; null when they are. */
function expectedCount(args: number, count: number): string | null {
  if ((args & Args.Any) !== 0) return null
  if ((args & Args.Flag) !== 0) return count === 1 ? null : 'one argument, "on" or "off"'
  if ((args & Args.OneOrMore) !== 0) return count >= 1 ? null : 'one argument or more'
  if ((args & Args.TwoOrMore) !== 0) return count >= 2 ? null : 'two arguments or more'
  const counts = [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => (args & (1 << n)) !== 0)
  if (counts.length === 0 || counts.includes(count)) return null
  if (counts.length === 1 && counts[0] === 0) return 'no arguments'
  const plural = counts.length === 1 && counts[0] === 1 ? 'argument' : 'arguments'
  return `${counts.join(counts.length === 2 ? ' or ' : ', ')} ${plural}`
}

const contextNames: readonly [number, string][] = [
  [Where.Main, 'main'], [Where.Events, 'events'], [Where.Http, 'http'], [Where.Server, 'server'],
  [Where.Location, 'location'],
  [Where.Upstream, 'upstream'], [Where.ServerIf, 'if in server'], [Where.LocationIf, 'if in location'],
  [Where.LimitExcept, 'limit_except'], [Where.Sip, 'sip'],
]

/** `it may be used in http, server, location`, and the plugin that brings it when it comes from one. */
export function allowedNote(entries: readonly Entry[], isPlugin: (module: Module) => boolean): string {
  let where = 0
  for (const entry of entries) where |= entry.directive.where
  const names = contextNames.filter(([bit]) => (where & bit) !== 0).map(([, name]) => name)
  const plugin = entries.find((entry) => isPlugin(entry.module))
  return `it may be used in ${names.join(', ')}` + (plugin === undefined ? '' : ` (from plugin ${plugin.module.name})`)
}

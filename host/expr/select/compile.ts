/**
 * For everybody who has a select in a text (routing language, templates, log formats, function parameters, plugins):
 *
 *   const select = compileSelect('@to.uri.user', table, place)      // at start-up, after all modules and plugins; throws ConfigError
 *   select.evaluate(m)                                              // per message: string | null (not there) | undefined (error)
 *
 * Comparisons and truth of what it says: truth.ts. In a longer text the identifier's end is found by `scanIdentifier` (identifier.ts).
 */
import type { Place } from '../../core/place.ts'
import type { Identifier, IdentifierFault, Part } from './identifier.ts'
import type { BindContext, Continue, End, Evaluate, Node, SelectTable } from './table.ts'
import { ConfigError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import { parseIdentifier } from './identifier.ts'

/** A select that is resolved. */
export class CompiledSelect {
  /** As written. */
  readonly text: string
  readonly evaluate: Evaluate

  constructor(text: string, evaluate: Evaluate) {
    this.text = text
    this.evaluate = evaluate
  }
}

/** How deep the argument of a select may name another select. */
const maximumDepth = 4
/** More names than this are not listed in a message. */
const listed = 14

/**
 * Resolves an identifier, the whole text of `place`'s word or a part of it. Throws ConfigError `invalid select …`, `unknown select …`, `incomplete select …`, its
 * place being the element where the word is written as it is read.
 */
export function compileSelect(text: string, table: SelectTable, place: Place | null = null, depth = 0): CompiledSelect {
  const identifier = parseIdentifier(text)
  if ('reason' in identifier) throw selectFault(text, identifier, place)
  const context: BindContext = {
    select(inner) {
      if (depth >= maximumDepth) throw new ConfigError(`invalid select "${text}", selects are nested too deep`, place)
      return compileSelect(inner, table, place, depth + 1).evaluate
    },
  }
  return new CompiledSelect(text, new Resolution(identifier, table, place, context).run())
}

/** The error for a text that is no identifier, at the part of `place`'s word that is wrong. */
export function selectFault(text: string, fault: IdentifierFault, place: Place | null): ConfigError {
  return new ConfigError(`invalid select "${text}", ${fault.reason}`, within(place, text, fault.offset, fault.length))
}

/** The place of a part, where the configuration shows the text as it was read (no escapes); else the place of the whole word. */
function within(place: Place | null, text: string, offset: number, length: number): Place | null {
  if (place === null) return null
  const shown = place.text.slice(place.column - 1, place.column - 1 + place.length)
  const at = shown.indexOf(text)
  return at < 0 ? place : { ...place, column: place.column + at + offset, length: Math.max(1, length) }
}

type AnyNode = Node<Evaluate> | Node<Continue>

/** One walk of an identifier through the table: exact names first, then the nests of the node, then `*`. */
class Resolution {
  private readonly identifier: Identifier
  private readonly table: SelectTable
  private readonly place: Place | null
  private readonly context: BindContext
  private first: Evaluate | null = null
  private node: AnyNode
  private captured: (string | number)[] = []
  private capturedParts: Part[] = []

  constructor(identifier: Identifier, table: SelectTable, place: Place | null, context: BindContext) {
    this.identifier = identifier
    this.table = table
    this.place = place
    this.context = context
    this.node = table.root
  }

  run(): Evaluate {
    for (const part of this.identifier.parts) this.step(part)
    const { end } = this.node
    if (end === null || end.row.open === true) throw this.incomplete()
    return this.bind(end)
  }

  private step(part: Part): void {
    let next: AnyNode | null = this.node.exact(part.value)
    if (next === null) next = this.enterNest(part)
    if (next === null && typeof part.value === 'string') {
      next = this.node.any
      if (next !== null) this.capture(part)
    } else if (next !== null && typeof part.value === 'number') this.capture(part)
    if (next === null) throw this.unknown(part)
    this.node = next
  }

  private capture(part: Part): void {
    this.captured.push(part.value)
    this.capturedParts.push(part)
  }

  /** A nest of the present row that knows the part: the row is bound, the walk goes on in the nest. */
  private enterNest(part: Part): AnyNode | null {
    const { end } = this.node
    for (const name of end?.row.nests ?? []) {
      const next = this.table.nest(name)?.exact(part.value) ?? null
      if (next === null) continue
      this.first = this.bind(end!)
      this.captured = []
      this.capturedParts = []
      return next
    }
    return null
  }

  /** Binds a row with what was captured for it and appends it to what there is. */
  private bind(end: End<Evaluate> | End<Continue>): Evaluate {
    const args: (string | number | null)[] = new Array<null>(end.arguments).fill(null)
    for (const [i, value] of this.captured.entries()) args[end.slots[i]!] = value
    const bound = end.row.bind(args, this.context)
    if (typeof bound === 'string') {
      const part = this.capturedParts.at(-1) ?? this.identifier.parts[0]!
      throw new ConfigError(`invalid select "${this.identifier.text}", ${bound}`, this.at(part))
    }
    const { first } = this
    return first === null ? bound as Evaluate : followed(first, bound as Continue)
  }

  private at(part: Part): Place | null {
    return within(this.place, this.identifier.text, part.offset, part.length)
  }

  private before(part: Part): string {
    const text = this.identifier.text.slice(0, part.offset)
    return text.endsWith('.') ? text.slice(0, -1) : text
  }

  private unknown(part: Part): ConfigError {
    const { text } = this.identifier
    if (part.offset === 1) return this.unknownRoot(part)
    const shown = typeof part.value === 'number' ? `[${part.value}]` : part.value
    const names = this.table.namesAt(this.node)
    const near = typeof part.value === 'string' ? suggest(part.value, names) : null
    const note = near !== null ? `did you mean "${near}"?` : this.following(names)
    return new ConfigError(`unknown select "${text}", "${shown}" cannot follow "${this.before(part)}"`, this.at(part), note)
  }

  private unknownRoot(part: Part): ConfigError {
    const name = String(part.value)
    const module = this.table.bringer(name)
    const near = suggest(name, this.table.root.names.keys())
    let note = near === null ? null : `did you mean "@${near}"?`
    if (module !== null) note = `"@${name.toLowerCase()}" comes with the module "${module}", which is not loaded`
    return new ConfigError(`unknown select "${this.identifier.text}"`, this.at(part), note)
  }

  private incomplete(): ConfigError {
    const { text, parts } = this.identifier
    return new ConfigError(`incomplete select "${text}"`, this.at(parts.at(-1)!), this.following(this.table.namesAt(this.node), 'must'))
  }

  private following(names: readonly string[], how = 'can'): string {
    const { node } = this
    const index = node.integer !== null ? [`an index "[1]"`] : []
    const any = node.any !== null ? [`a name, ".name" or ["name"]`] : []
    const listing = names.length === 0 || names.length > listed ? [] : [names.map((name) => `"${name}"`).join(', ')]
    const all = [...index, ...any, ...listing]
    return all.length === 0 ? (names.length === 0 ? 'nothing can follow it' : 'see the list of selects') : `it ${how} be followed by ${all.join(' or ')}`
  }
}

function followed(first: Evaluate, next: Continue): Evaluate {
  return (m) => {
    const text = first(m)
    return typeof text === 'string' ? next(text, m) : text
  }
}

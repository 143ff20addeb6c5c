import type { Place } from '../../core/place.ts'
import type { Request } from '../../http/request.ts'
import type { Message } from '../../sip/message.ts'
import type { Selected, SelectTable, Evaluate } from './table.ts'
import type { TruthMode } from './truth.ts'
import { ConfigError } from '../../core/errors.ts'
import { Variable } from '../variables.ts'
import { compileSelect, selectFault } from './compile.ts'
import { parseIdentifier } from './identifier.ts'

/** Gives the message of a request, the same one for all who ask during the request. */
export type MessageOf = (r: Request) => Message

/** Before the table is there a select says that it cannot be evaluated. */
function unresolved(): undefined {
  return undefined
}

function noMessage(): never {
  throw new Error('a select was evaluated before it was resolved')
}

/**
 * A select in a text of nginx's language. It stands wherever a variable may: `value` is its text, or null when it is not there or cannot be
 * evaluated. It is evaluated at each use (select.md §8); what was parsed for it is kept with the message.
 */
export class SelectUse extends Variable {
  readonly text: string
  readonly place: Place | null
  /** Who uses it where there is no place: `plugin "x"`. */
  readonly owner: string
  evaluate: Evaluate = unresolved
  messageOf: MessageOf = noMessage

  constructor(text: string, place: Place | null, owner = '') {
    super(text)
    this.text = text
    this.owner = owner
    this.place = place
    this.nocache = true
    this.defined = true
  }

  /** What it says of a request: a text, null, or undefined for an error. */
  selected(r: Request): Selected {
    const { evaluate } = this
    return evaluate === unresolved ? undefined : evaluate(this.messageOf(r))
  }

  override value(r: Request): string | null {
    return this.selected(r) ?? null
  }
}

/**
 * The selects that the texts of one configuration use. They are collected while it is read and resolved when every module and plugin is there, for
 * these bring selects (select.md §2).
 */
export class SelectUses {
  /** The table, once it is complete. */
  table: SelectTable | null = null
  /** What a failed select is in conditions: `modparam script select_truth`. */
  truth: TruthMode = 'seed'
  private messageOf: MessageOf = noMessage
  private readonly uses = new Map<string, SelectUse>()

  /**
   * The select that a text names; `owner` says who uses it where there is no place. Throws ConfigError when it is malformed, and when the table is complete also when it is unknown.
   */
  reference(text: string, place: Place | null, owner = ''): SelectUse {
    let use = this.uses.get(text)
    if (use !== undefined) return use
    const identifier = parseIdentifier(text)
    if ('reason' in identifier) throw named(selectFault(text, identifier, place), owner)
    use = new SelectUse(text, place, owner)
    if (this.table !== null) this.connect(use, this.table)
    this.uses.set(text, use)
    return use
  }

  /** First elements of all that is used, in lower case. */
  roots(): string[] {
    const roots = new Set<string>()
    for (const { text } of this.uses.values()) roots.add(/^@(\w*)/.exec(text)![1]!.toLowerCase())
    return [...roots]
  }

  /** Connects all uses to their definitions; returns one error for each that is unknown. Called once. */
  resolve(table: SelectTable, messageOf: MessageOf): ConfigError[] {
    const errors: ConfigError[] = []
    this.table = table
    this.messageOf = messageOf
    for (const use of this.uses.values()) {
      try {
        this.connect(use, table)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        errors.push(named(error, use.owner))
      }
    }
    return errors
  }

  private connect(use: SelectUse, table: SelectTable): void {
    use.evaluate = compileSelect(use.text, table, use.place).evaluate
    use.messageOf = this.messageOf
  }
}

function named(error: ConfigError, owner: string): ConfigError {
  return owner === '' ? error : new ConfigError(`${owner}: ${error.message}`, error.place, error.note)
}

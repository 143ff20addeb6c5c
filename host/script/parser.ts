/** What the parsers of expressions, statements and files share: the tokens, the mistakes, the bounds. */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import type { Preprocessor } from './preprocess.ts'
import { Kind, nameOf } from './token.ts'
import type { Token } from './token.ts'

/** Blocks and parentheses deeper than this are a mistake: each level costs the host stack. */
const DEEPEST = 100
/** Of a file that is no script at all nobody reads more mistakes than these. */
const MOST_PROBLEMS = 500

/** A warning or an error, in the order found. */
export interface ScriptProblem {
  readonly level: 'warn' | 'emerg'
  readonly error: ConfigError
}

/** Collects the mistakes of one configuration; `full` ends the reading. */
export class Problems {
  readonly list: ScriptProblem[] = []
  full = false

  add(error: ConfigError, level: 'warn' | 'emerg' = 'emerg'): void {
    if (this.full) return
    this.list.push({ level, error })
    this.full = this.list.length >= MOST_PROBLEMS
  }
}

/** A route begins inside another: a `}` is missing, and what was being read is over. */
export class UnclosedBlock extends ConfigError {}

/** The state of one parser. Its methods throw ConfigError where the text is wrong. */
export class Parser {
  readonly tokens: Preprocessor
  readonly problems: Problems
  /** Bits by name, from `flags NAME:bit`. */
  readonly flags = new Map<string, number>()
  /** The token taken last. */
  last: Token | null = null
  #depth = 0

  constructor(tokens: Preprocessor, problems: Problems) {
    this.tokens = tokens
    this.problems = problems
  }

  get token(): Token {
    return this.tokens.peek()
  }

  next(): Token {
    return this.last = this.tokens.next()
  }

  /** The present token is this sign or word. */
  at(text: string): boolean {
    const token = this.tokens.peek()
    return token.text === text && (token.kind === Kind.Sign || token.kind === Kind.Word)
  }

  /** Takes the sign or word when it stands here. */
  take(text: string): boolean {
    if (!this.at(text)) return false
    this.next()
    return true
  }

  expect(text: string, note: string | null = null): Token {
    if (!this.at(text)) return this.unexpected(`"${text}"`, note)
    return this.next()
  }

  /** Takes the `;` that ends a statement; one that is missing at the end of a line is reported and thought to be there. */
  semicolon(): void {
    if (this.take(';')) return
    const { last, token } = this
    if (last === null || token.from !== null || (token.kind !== Kind.End && token.place.line === last.place.line)) this.unexpected('";"')
    this.report(new ConfigError(`unexpected ${nameOf(token)}, expecting ";"`, token.place, `";" may be missing at the end of line ${last.place.line}`))
  }

  /** The present token cannot stand here. */
  unexpected(expected: string | null = null, note: string | null = null): never {
    const { token } = this
    const origin = token.from === null ? null : `it comes from "#!define ${token.from}"`
    throw new ConfigError(`unexpected ${nameOf(token)}${expected === null ? '' : `, expecting ${expected}`}`, token.place, note ?? origin)
  }

  /** Goes one level deeper while `inner` reads. */
  nested<T>(place: Place, inner: () => T): T {
    if (this.#depth >= DEEPEST) throw new ConfigError(`blocks and parentheses are nested more than ${DEEPEST} deep`, place)
    this.#depth++
    try {
      return inner()
    } finally {
      this.#depth--
    }
  }

  report(error: unknown): void {
    if (!(error instanceof ConfigError)) throw error
    this.problems.add(error)
    if (this.problems.full) this.tokens.stop()
  }

  /**
   * Goes behind the statement that holds a mistake: to the `;` that ends it, or to the `}` of the block around it. Blocks that are
   * opened on the way are skipped whole.
   */
  recover(): void {
    for (let depth = 0; ;) {
      const { token } = this
      if (token.kind === Kind.End) return
      if (token.kind === Kind.Sign) {
        if (token.text === '{') depth++
        else if (token.text === '}' && depth-- === 0) return
        else if (depth === 0 && (token.text === ';' || token.text === '}')) {
          this.next()
          if (token.text === '}' && this.at('else')) continue
          return
        }
      }
      this.next()
    }
  }
}

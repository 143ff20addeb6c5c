import { setFlagsFromString } from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import type { Request } from '../http/request.ts'
import type { Program } from './pcre/program.ts'
import type { Variable } from './variables.ts'
import { ConfigError } from '../core/errors.ts'
import { Unsupported } from './pcre/groups.ts'
import { Machine, MatchLimitError } from './pcre/machine.ts'
import { PatternError } from './pcre/ast.ts'
import { compileProgram } from './pcre/program.ts'
import { emitPattern } from './pcre/emit.ts'
import { parsePattern } from './pcre/parse.ts'

export { MatchLimitError }

// A regex that backtracks more than 50,000 times starts again on V8's linear engine. Process-wide and without effect on the rest.
// Checked with Node 26.10: it works when set at run time, for regexes compiled later, in every thread.
if (isMainThread) setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')

/** A named group; `variable` is what it fills, once the regex belongs to a configuration. */
export interface CaptureName {
  readonly name: string
  readonly index: number
  variable: Variable | null
}

const noGroups = Object.assign([''], { index: 0, input: '' }) as unknown as RegExpExecArray

/**
 * A regular expression in PCRE2's language over byte strings (nginx.md §4.2), in bounded time: V8 runs it where V8's linear engine can take over
 * or little can go wrong, our own matcher with a step limit runs the rest. What a configuration holds runs in every request, so nothing
 * but a match allocates.
 */
export class Regex {
  /** The pattern as written. */
  readonly source: string
  readonly caseless: boolean
  readonly names: readonly CaptureName[]
  readonly captureCount: number
  private readonly native: RegExp | null
  /** The native regex does not hold for subjects with a line feed. */
  private readonly dollar: boolean
  private readonly program: Program
  private machine: Machine | null = null

  constructor(source: string, caseless: boolean) {
    const parsed = parsePattern(source, caseless)
    const emitted = emitPattern(parsed.root, parsed.captures)
    this.source = source
    this.caseless = caseless
    this.captureCount = parsed.captures
    this.names = parsed.names.map(({ name, index }) => ({ name, index, variable: null }))
    this.native = emitted === null ? null : new RegExp(emitted.source)
    this.dollar = emitted !== null && emitted.dollar
    this.program = compileProgram(parsed.root, parsed.captures)
  }

  /**
   * Whether the pattern matches somewhere; then its groups become the request's captures and its named groups' variables. Throws
   * MatchLimitError for a subject that would take too long; the request must fail then, as in nginx.
   */
  exec(r: Request, subject: string): boolean {
    if (this.captureCount === 0) {
      if (!this.test(subject)) return false
      r.captures = noGroups
      return true
    }
    const groups = this.groups(subject)
    if (groups === null) return false
    r.captures = groups
    for (let i = 0; i < this.names.length; i++) {
      const { variable, index } = this.names[i]!
      if (variable !== null && variable.index >= 0) r.variables[variable.index] = groups[index] ?? ''
    }
    return true
  }

  /** Whether the pattern matches somewhere, without a trace. Throws MatchLimitError. */
  test(subject: string): boolean {
    return this.usesNative(subject) ? this.native!.test(subject) : this.search(subject) !== null
  }

  /** The groups of the first match (group 0 first), or null. Throws MatchLimitError. */
  groups(subject: string): RegExpExecArray | null {
    return this.usesNative(subject) ? this.native!.exec(subject) : this.search(subject) as RegExpExecArray | null
  }

  /** Which engine matches by default: `v8`, or `machine` for our own. */
  get engine(): 'v8' | 'machine' { return this.native === null ? 'machine' : 'v8' }

  private usesNative(subject: string): boolean {
    return this.native !== null && (!this.dollar || subject.indexOf('\n') < 0)
  }

  private search(subject: string): (string | undefined)[] | null {
    try {
      return (this.machine ??= new Machine(this.program)).match(subject)
    } catch (error) {
      if (error instanceof MatchLimitError) throw new MatchLimitError(`match limit exceeded on "${subject}" using "${this.source}"`)
      throw error
    }
  }
}

/**
 * Compiles a pattern. Throws ConfigError without a place: `pcre2_compile() failed: WHY in "PATTERN"[ at "REST"]` as nginx words it, or that a
 * construct is not supported.
 */
export function compileRegex(pattern: string, caseless: boolean): Regex {
  try {
    return new Regex(pattern, caseless)
  } catch (error) {
    if (error instanceof Unsupported) {
      throw new ConfigError(`"${error.what}" is not supported in the regex "${pattern}"`, null,
        'regular expressions match bytes, without recursion, conditions and verbs')
    }
    if (!(error instanceof PatternError)) throw error
    const rest = error.offset >= pattern.length ? '' : ` at "${pattern.slice(error.offset)}"`
    throw new ConfigError(`pcre2_compile() failed: ${error.message} in "${pattern}"${rest}`)
  }
}

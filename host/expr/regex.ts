import type { Request } from '../http/request.ts'
import type { Variable } from './variables.ts'
// signatures first; the dialect follows
/** A named capture group. */
export interface CaptureName { readonly name: string, readonly index: number, variable: Variable | null }
/** A compiled PCRE2 pattern over byte strings. */
export class Regex {
  readonly source: string
  readonly caseless: boolean
  readonly names: readonly CaptureName[] = []
  readonly captureCount: number = 0
  private readonly re: RegExp
  constructor(source: string, caseless: boolean) {
    this.source = source
    this.caseless = caseless
    this.re = new RegExp(source, caseless ? 'si' : 's')
  }
  /** Whether the pattern matches; then the captures are the request's. */
  exec(r: Request, subject: string): boolean {
    const m = this.re.exec(subject)
    if (m === null) return false
    r.captures = m
    return true
  }
  /** Whether the pattern matches, without a trace. */
  test(subject: string): boolean { return this.re.test(subject) }
}
/** Compiles; throws ConfigError with PCRE2's words. */
export function compileRegex(pattern: string, caseless: boolean): Regex { return new Regex(pattern, caseless) }

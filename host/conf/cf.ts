import type { Place } from '../core/place.ts'
import type { Cycle } from '../cycle.ts'

/** The three conf arrays of a place inside http{}, indexed by `Module` position (`cycle.indexOf(module)`), as nginx's ngx_http_conf_ctx_t. */
export interface HttpConfs {
  readonly main: unknown[]
  srv: unknown[]
  loc: unknown[]
}

/** What a directive's `set` and the configuration callbacks are given (ngx_conf_t): the words read, where, and the way to go on reading. */
export interface Cf {
  /** The cycle that is being built. */
  readonly cycle: Cycle
  /** The directive's words; `args[0]` is its name. Quotes and escapes are resolved. Empty in callbacks that no directive caused. */
  readonly args: readonly string[]
  /** Where each word stands. */
  readonly places: readonly Place[]
  /** The place nginx names for the directive: its terminating `;` or `{` (line), pointing at the directive's name. Null outside of a file. */
  readonly place: Place | null
  /** The context that is being read, one bit of `Where`. */
  readonly where: number
  /** The conf arrays of the present place inside http{}; null outside. */
  readonly http: HttpConfs | null

  /** Reads the block of the present directive: directives of modules of `type`, in context `where`, with these conf arrays. */
  block(where: number, http: HttpConfs | null, type?: 'core' | 'event' | 'http'): void
  /** Reads the block of the present directive as plain lines (`types`, `map`): each goes to `line` without look-up; `include` still works. */
  lines(line: (cf: Cf) => void): void
  /** Takes the block of a `raw` directive whole: its text between the braces and the place where it begins. */
  rawBlock(): { text: string, place: Place }
  /** Reads another file in the present block; `name` may be a glob (nginx.md §1.5). */
  include(name: string): void

  /** Reports a mistake and leaves the directive: throws ConfigError at word `argument` (default: the directive). */
  fail(message: string, argument?: number, note?: string): never
  /** Reports `[warn] message in FILE:LINE`; reading goes on. */
  warn(message: string): void
  /** `name` relative to the prefix (`-p`), or to the main configuration file's directory (`conf: true`), as an absolute path. */
  fullName(name: string, relativeTo?: 'prefix' | 'conf'): string
}

import type { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import type { Cycle } from '../cycle.ts'
import type { Module } from '../module.ts'

/**
 * The three conf arrays of a place inside http{}, indexed by `Module` position (`cycle.indexOf(module)`), as nginx's
 * ngx_http_conf_ctx_t.
 */
export interface HttpConfs {
  readonly main: unknown[]
  srv: unknown[]
  loc: unknown[]
}

/**
 * What a directive's `set` and the configuration callbacks are given (ngx_conf_t): the words read, where, and the way
 * to go on reading.
 */
export interface Cf {
  /** The cycle that is being built. */
  readonly cycle: Cycle
  /**
   * The directive's words; `args[0]` is its name. Quotes and escapes are resolved. Empty in callbacks that no directive
   * caused.
   */
  readonly args: readonly string[]
  /** Where each word stands. */
  readonly places: readonly Place[]
  /**
   * The place nginx names for the directive, pointing at its name: the line (`reported`) is that of its terminating `;`
   * or `{`, and that of its `}` once its block has been read. Null outside of a file. Take it before reading a block to
   * remember where that begins.
   */
  readonly place: Place | null
  /** The context that is being read, one bit of `Where`. */
  readonly where: number
  /** The conf arrays of the present place inside http{}; null outside. */
  readonly http: HttpConfs | null
  /** True once http{} has begun: directives that bring modules come too late. */
  readonly httpBegun: boolean

  /**
   * Reads the block of the present directive: directives of modules of `type` (default: what `where` implies), in
   * context `where`, with these conf arrays. Mistakes inside are recorded, not thrown; false when there was one, so
   * that what depends on the block can be left.
   */
  block(where: number, http: HttpConfs | null, type?: 'core' | 'event' | 'http'): boolean
  /**
   * Reads the block of the present directive as plain lines (`types`, `map`): each goes to `line` without look-up;
   * `include` with one name still works unless `includes` is false. A text that `line` returns is reported as it is, as in
   * nginx. False when there was a mistake.
   */
  lines(line: (cf: Cf) => string | void, includes?: boolean): boolean
  /** Takes the block of a `raw` directive whole: its text between the braces and the place where it begins. */
  rawBlock(): { text: string, place: Place }
  /**
   * Reads another file in the present block; `name` may be a glob (nginx.md §1.5). Mistakes inside are recorded, not
   * thrown.
   */
  include(name: string): void

  /**
   * Makes the conf arrays of a place (nginx.md §1.7): 'main' the three of http{}; 'srv' new srv and loc arrays beside
   * `parent.main`; 'loc' a new loc array beside `parent.main` and `parent.srv`. Per module in order, its create*Conf
   * callbacks are called. The reader keeps the arrays: a plugin that is loaded later gets its confs in every one of
   * them.
   */
  httpConfs(level: 'main', parent?: null): HttpConfs
  httpConfs(level: 'srv' | 'loc', parent: HttpConfs): HttpConfs
  /**
   * The same Cf with other conf arrays as `http`: what a callback is given that works on another place than the
   * directive's.
   */
  at(http: HttpConfs): Cf
  /** Appends modules that a plugin file brought to the cycle, and creates their confs wherever confs exist already. */
  addModules(modules: readonly Module[]): void

  /** Reports a mistake and leaves the directive: throws ConfigError at word `argument` (default: the directive). */
  fail(message: string, argument?: number, note?: string): never
  /** Reports a mistake and goes on, so that one run can name several. */
  report(error: ConfigError): void
  /** Reports `[warn] message in FILE:LINE`; reading goes on. */
  warn(message: string, argument?: number): void
  /**
   * `name` relative to the prefix (`-p`), or to the main configuration file's directory (`conf`), as an absolute path
   * that can be given to `node:fs`.
   */
  fullName(name: string, relativeTo?: 'prefix' | 'conf'): string
}

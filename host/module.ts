/**
 * THE contract: what a module is. Host modules and plugins are both described by this table and nothing else; an ABI adapter
 * turns a `.wasm` into one. It mirrors ngx_module_t, ngx_http_module_t and ngx_command_t (nginx.md §0, §1.3, §1.7).
 */
import type { Cf } from './conf/cf.ts'
import type { Cycle } from './cycle.ts'
import type { Request } from './http/request.ts'
import type { BodyPart, PartSource } from './http/response.ts'
import type { MetricDefinition } from './core/metrics.ts'
import type { Command } from './rpc/command.ts'

/** Where a directive may stand: a bit set (nginx's context bits). */
export const Where = {
  Main: 1, Events: 2, Http: 4, Server: 8, Location: 16, Upstream: 32, ServerIf: 64, LocationIf: 128, LimitExcept: 256,
  /** Every context; `include` is the one user. */
  Any: 511,
} as const

/** How many arguments a directive takes: a bit set; more than one bit means "either". Nothing set means no check. */
export const Args = {
  None: 1, Take1: 2, Take2: 4, Take3: 8, Take4: 16, Take5: 32, Take6: 64, Take7: 128,
  Take12: 6, Take13: 10, Take23: 12, Take123: 14, Take1234: 30,
  Any: 0x400, OneOrMore: 0x800, TwoOrMore: 0x1000,
  /** Exactly one argument, `on` or `off`. */
  Flag: 0x200,
  /** The directive opens a block with `{`. May be combined with a count. */
  Block: 0x100,
} as const

/** Which of the three conf objects of a module `set` is given; `core` for modules outside http. */
export type ConfLevel = 'core' | 'main' | 'srv' | 'loc'

/**
 * One directive (ngx_command_t). `set` runs when the directive is read: it may return nothing (done), a text that is reported as
 * `"NAME" directive TEXT`, or throw a ConfigError (`cf.fail`) whose message is reported as it is.
 */
export interface Directive<C = any> {
  readonly name: string
  readonly where: number
  readonly args: number
  readonly conf: ConfLevel
  readonly set: (cf: Cf, directive: Directive, conf: C) => string | void
  /** The conf field that a standard setter writes (ngx_command_t.offset). */
  readonly field?: string
  /** What a standard setter checks or looks up besides: enum names, bitmask names, bounds, a deprecation (ngx_command_t.post). */
  readonly post?: unknown
  /** True when the block's text is not nginx's language and `set` takes it whole by `cf.rawBlock()`. */
  readonly raw?: boolean
}

/** Verdicts of a handler, numbered as nginx numbers them; a number of 100 or more is an HTTP status. */
export const OK = 0
export const ERROR = -1
export const AGAIN = -2
export const BUSY = -3
export const DONE = -4
export const DECLINED = -5
export const ABORT = -6
export type Verdict = number

/** What a handler that may wait returns: a verdict at once (costs nothing), or a promise of one (the request sleeps). */
export type Answer = Verdict | Promise<Verdict>

/** nginx's eleven phases in their order; FindConfig, PostRewrite and PostAccess take no handlers. */
export const Phase = {
  PostRead: 0, ServerRewrite: 1, FindConfig: 2, Rewrite: 3, PostRewrite: 4, Preaccess: 5, Access: 6, PostAccess: 7,
  Precontent: 8, Content: 9, Log: 10,
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/** One handler of a phase. Of one phase the handler registered last runs first, but for Log (nginx.md §3.1). */
export interface PhaseHandler<C = any> {
  readonly phase: Phase
  /** Takes the request and the module's loc conf of the request's present location. */
  readonly handler: (r: Request, conf: C) => Answer
  /** Whether this location needs the handler at all; asked once when the configuration is complete. Absent: always. */
  readonly active?: (conf: C, srvConf: any) => boolean
}

/** Runs before the response head is written, once per response; may change `r.headersOut`; OK, ERROR, or a status to answer instead. */
export interface HeaderFilter<C = any> {
  readonly filter: (r: Request, conf: C) => Answer
  readonly active?: (conf: C) => boolean
}

/**
 * Sees each part of the response body in order and returns what to pass on: one part, several, null to keep it for now, or a source of parts
 * that are made one after the other as the client takes them (a filter that has to wait, or makes much out of one part). The next part comes
 * when the source is exhausted. `state` is what it returned from `start` for this response; a filter whose `start` returns null has removed
 * itself from this response.
 */
export interface BodyFilter<C = any, S = any> {
  readonly start: (r: Request, conf: C) => S | null
  readonly filter: (r: Request, part: BodyPart, state: S) => BodyPart | BodyPart[] | PartSource | null
  readonly active?: (conf: C) => boolean
}

/** A `$variable`. A value is a byte string, or null when there is none (nginx's not_found). */
export interface VariableDefinition {
  /** Lower-case name; with `prefix` it matches every longer name that begins with it and `get` is given the rest. */
  readonly name: string
  readonly get: (r: Request, rest: string) => string | null
  /** Present on variables that `set` may assign. */
  readonly set?: (r: Request, value: string) => void
  readonly prefix?: boolean
  /** Evaluated anew at each use instead of once per request. */
  readonly nocache?: boolean
  /** May be redefined by `set`, `map`, `geo` (nginx's CHANGEABLE). */
  readonly changeable?: boolean
}

/** A select or a script function that a plugin declares; used by the routing language, listed by `plugin.show` until then. */
export interface SelectDefinition {
  readonly name: string
  readonly get: (r: Request, argument: string) => string | null
}
export interface FunctionDefinition {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  readonly call: (r: Request, args: readonly string[]) => Answer
}

/** Everything that a module brings. All members are optional but the name; order of calls as nginx.md §1.7 and §10. */
export interface Module {
  readonly name: string
  /** `core`: top-level directives; `event`: inside events{}; `http`: inside http{}. Default `http`. */
  readonly type?: 'core' | 'event' | 'http'
  /**
   * Place in the order of registration of handlers and filters, ties by position: host modules and shipped plugins carry the number of
   * nginx's module order (`moduleOrder` in host/modules/order.ts); third-party plugins have none and come at 500, between `headers` and the
   * late filters (nginx.md §3.2, §6.1). The last registered runs first.
   */
  readonly order?: number
  readonly directives?: readonly Directive[]
  /** Asked when a directive is unknown: what to tell about it (a directive of nginx that is not there), or null. */
  readonly absent?: (directive: string) => string | null

  /** Conf of a `core` or `event` module (ngx_core_module_t). */
  createConf?(cycle: Cycle): unknown
  initConf?(cf: Cf, conf: any): string | void

  /** ngx_http_module_t. */
  preconfiguration?(cf: Cf): string | void
  postconfiguration?(cf: Cf): string | void
  createMainConf?(cf: Cf): unknown
  initMainConf?(cf: Cf, conf: any): string | void
  createSrvConf?(cf: Cf): unknown
  mergeSrvConf?(cf: Cf, parent: any, child: any): string | void
  createLocConf?(cf: Cf): unknown
  mergeLocConf?(cf: Cf, parent: any, child: any): string | void

  /** ngx_module_t. init_thread and exit_thread, which nginx never calls, run once per worker thread around init/exit_process. */
  initMaster?(cycle: Cycle): void
  initModule?(cycle: Cycle): void
  initProcess?(cycle: Cycle): void
  initThread?(cycle: Cycle): void
  exitThread?(cycle: Cycle): void
  exitProcess?(cycle: Cycle): void
  exitMaster?(cycle: Cycle): void

  readonly phases?: readonly PhaseHandler[]
  readonly headerFilters?: readonly HeaderFilter[]
  readonly bodyFilters?: readonly BodyFilter[]
  readonly variables?: readonly VariableDefinition[]
  readonly selects?: readonly SelectDefinition[]
  readonly functions?: readonly FunctionDefinition[]
  readonly commands?: readonly Command[]
  readonly metrics?: readonly MetricDefinition[]
}

/**
 * THE contract: what a module is. Host modules and plugins are both described by this table and nothing else; an ABI adapter
 * turns a `.wasm` into one. It mirrors ngx_module_t, ngx_http_module_t and ngx_command_t (nginx.md §0, §1.3, §1.7).
 */
import type { Cf } from './conf/cf.ts'
import type { Cycle } from './cycle.ts'
import type { HttpEngine } from './http/engine.ts'
import type { Request } from './http/request.ts'
import type { BodyPart, InputPart, PartSource } from './http/response.ts'
import type { MetricDefinition } from './core/metrics.ts'
import type { Listed } from './core/statistics.ts'
import type { SelectArguments } from './expr/select/table.ts'
import type { Command } from './rpc/command.ts'
import type { TransportAnswer, TransportSpec } from './net/transports/spec.ts'
import type { Message } from './sip/message.ts'
import type { EventRoute, ModuleParameter, PseudoVariable, ScriptFunction, TransformationClass } from './script/contract.ts'

/** Where a directive may stand: a bit set (nginx's context bits). */
export const Where = {
  Main: 1, Events: 2, Http: 4, Server: 8, Location: 16, Upstream: 32, ServerIf: 64, LocationIf: 128, LimitExcept: 256, Sip: 512,
  /** Every context; `include` is the one user. */
  Any: 1023,
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
export const DONE = -4
export const DECLINED = -5
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

/**
 * One handler of a hook (Apache's ap_hook_NAME; docs/hooks.md). It is given what the hook is about: the Cf (`pre_config` …), the Cycle
 * (`child_init` …), the Connection, or the Request, and the module's loc conf of the present place (of a connection: of its address's default
 * server; null for the others). OK, DECLINED, an HTTP status, or DONE, which says that the response is complete as it is.
 */
export interface HookHandler<C = any, S = any> {
  /** Of the server (host/http/hooks/points.ts), or `MODULE.NAME` of a module that declares it. */
  readonly hook: string
  /** From −10 (really first) over 10 (the default, middle) to 30 (really last). */
  readonly order?: number
  /** Modules whose first handler of this hook runs before this one; those that are not there do not matter. */
  readonly after?: readonly string[]
  /** Modules whose first handler of this hook runs behind this one. */
  readonly before?: readonly string[]
  /** The hook need not exist: its module may not be loaded. */
  readonly optional?: boolean
  readonly handler: (subject: S, conf: C) => Answer
  /** As for phase handlers. */
  readonly active?: (conf: C) => boolean
}

/** A hook of a module's own, which handlers of others attach to and `runOwnHook` runs. Its handlers may not wait; an answer of theirs is the caller's to judge. */
export interface HookDeclaration {
  /** `MODULE.NAME`. */
  readonly name: string
  readonly kind: 'void' | 'all' | 'first'
}

/** Runs before the response head is written, once per response; may change `r.headersOut`; OK, ERROR, or a status to answer instead. */
export interface HeaderFilter<C = any> {
  readonly filter: (r: Request, conf: C) => Answer
  readonly active?: (conf: C) => boolean
}

/**
 * Where among the filters one stands (Apache's ap_filter_type): a response passes the lower types first, a request body the higher ones; numbers
 * between are allowed. From ContentSet on a filter sees the response with its subrequests. What stands at Transcode (chunks), Connection (TLS) and
 * Network is the host's, and no module's.
 */
export const FilterType = { Resource: 10, ContentSet: 20, Protocol: 30, Transcode: 40, Connection: 50, Network: 60 } as const

/** A filter that wants the whole body in one part, and what becomes of a body above its limit. */
export interface Buffered {
  /** Most bytes that are kept. */
  readonly limit: number
  /** A longer body goes on without the filter; or the status that is answered in its place. */
  readonly over: 'pass' | number
}

/** What the filters of response and of request bodies have in common. */
export interface FilterPlace<C = any> {
  /** One of FilterType, or a number from 0 to 39; default: the place of the module in nginx's order, which also decides among filters of one type. */
  readonly type?: number
  /** Not part of any location by itself: `r.insertFilter(module, name)` puts it in for one request, `active` or not. */
  readonly onDemand?: string
  /** Asked for each body: the filter is called once, with all of it; null (or absent): with each part. */
  readonly buffered?: (r: Request, conf: C) => Buffered | null
}

/**
 * Sees each part of the response body in order and returns what to pass on: one part, several, null to keep it for now, or a source of parts
 * that are made one after the other as the client takes them (a filter that has to wait, or makes much out of one part). The next part comes
 * when the source is exhausted. `state` is what it returned from `start` for this response; a filter whose `start` returns null has removed
 * itself from this response; later it does so by `r.removeFilter(state)`. A number is a status to answer instead: that is possible while the head
 * has not left, as with a buffered filter; else the response is cut. What it throws counts as 500.
 */
export interface BodyFilter<C = any, S = any> extends FilterPlace<C> {
  readonly start: (r: Request, conf: C) => S | null
  readonly filter: (r: Request, part: BodyPart, state: S) => BodyPart | BodyPart[] | PartSource | null | Verdict
  readonly active?: (conf: C) => boolean
  /** With `onDemand`: it changes the body's length and bytes, so that Content-Length and ranges go and the entity tag is weak. */
  readonly changes?: boolean
}

/**
 * Sees each part of a request body, as the client's framing is taken off, before anybody else does (nginx's request body filters, Apache's input
 * filters), and answers what to pass on, null to keep it for now, or a status of 400 or more that refuses the request; or a promise of these, until
 * which the client is not read. Called from the time somebody wants the body; a body that is dropped passes none. `start` and removal as for
 * BodyFilter.
 */
export interface InputFilter<C = any, S = any> extends FilterPlace<C> {
  readonly start: (r: Request, conf: C) => S | null
  readonly filter: (r: Request, part: InputPart, state: S) => InputPart | null | Verdict | Promise<InputPart | null | Verdict>
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

/**
 * A select that a module or plugin brings: `@accept.language[1]` (docs/selects.md). It is used like those of the server: in routes, in texts of
 * the configuration, in functions' arguments, in other plugins.
 */
export interface SelectDefinition {
  /** How it is written (host/expr/select/pattern.ts): `cookie.*`, `accept.language[n?]`. */
  readonly pattern: string
  /** What may follow on its text, names of nests: `uri`, `address`, `params`, `header`, `value`. */
  readonly nests?: readonly string[]
  /** Asked once for each use, at start-up, with its arguments: a returned text fails the start. */
  readonly check?: (args: SelectArguments) => string | void
  /** A text, null when the thing is not there, undefined when it cannot be told. What it throws counts as undefined. */
  readonly get: (m: Message, args: SelectArguments) => string | null | undefined
}

/** A byte transport that the host opens for a module (host/net/transports): each document is given to it, and it answers with bytes. */
export interface TransportDefinition {
  readonly spec: TransportSpec
  /** Answers a document of `peer`; null for none. */
  receive(document: Buffer, peer: string): TransportAnswer | null | Promise<TransportAnswer | null>
}

/** The thread in which a cycle is used. */
export interface ServingThread {
  readonly engine: HttpEngine
  /** Whether this worker is, at this moment, the one that does what only one may do. */
  leads(): boolean
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
  /** http{} was read with everything that it loads: the names of selects that its texts use are connected to what they mean. */
  resolveNames?(cf: Cf): string | void
  /** http{} was read, and nothing is merged yet: servers that no text names may be added (`addServer`). */
  addServers?(cf: Cf): string | void
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

  /**
   * Takes over what the module of the same name knows in the cycle that is being replaced, in one thread: called when no request has begun
   * with the new cycle. `trial`: only whether it could, before the new cycle is agreed on; a text that it returns refuses it.
   */
  takeOver?(from: Module, trial: boolean): string | void
  /** The cycle is in use in this thread: what the module does without a request (timers) begins. Only with an http block. */
  begin?(cycle: Cycle, thread: ServingThread): void
  /** The cycle is no longer in use, though requests may still be: what does not belong to one of them ends. */
  retire?(cycle: Cycle): void
  /** How it is doing in this thread, for `plugin.show`: JSON. */
  report?(): unknown

  readonly phases?: readonly PhaseHandler[]
  readonly headerFilters?: readonly HeaderFilter[]
  readonly bodyFilters?: readonly BodyFilter[]
  readonly inputFilters?: readonly InputFilter[]
  readonly hooks?: readonly HookHandler[]
  readonly hookPoints?: readonly HookDeclaration[]
  readonly variables?: readonly VariableDefinition[]
  readonly selects?: readonly SelectDefinition[]
  /** What it brings to the routing language (host/script/contract.ts): functions, `$name` classes, `{name.…}` transformations, what `modparam` sets in its main conf, and the event routes that it has run. */
  readonly functions?: readonly ScriptFunction[]
  readonly pseudoVariables?: readonly PseudoVariable[]
  readonly transformations?: readonly TransformationClass[]
  readonly parameters?: readonly ModuleParameter[]
  readonly eventRoutes?: readonly EventRoute[]
  /** Known when http{} has been read. */
  readonly transports?: readonly TransportDefinition[]
  readonly commands?: readonly Command[]
  readonly metrics?: readonly MetricDefinition[]
  /** Statistics under Kamailio's form of names that are read, not counted; each holds for the whole server. */
  readonly statistics?: readonly Listed[]
}

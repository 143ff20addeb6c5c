/**
 * What the routing language asks of everybody else: what a script runs on, and what modules register for it. Implementations: run.ts (one run), library.ts
 * (the registry), variables/ (pseudo-variables), transformations/, and modules and plugins through host/module.ts.
 */
import type { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import type { Cf } from '../conf/cf.ts'
import type { Request } from '../http/request.ts'

/** A value of the language: an int of 32 bits, a byte string, or null for undefined ($null). */
export type ScriptValue = number | string | null

/** An answer that comes later; must not reject. */
export interface LateReply {
  readonly code: number
  readonly reason: string
  /** '' means none. */
  readonly type: string
  readonly body: string
}

/**
 * What a script runs on. Created once per message; the language keeps its own state (variables, return code) in ScriptRun, which points here.
 * `message` is the parsed view that selects and pseudo-variables read (host/sip/message.ts: SIP bytes, or an adapter over the HTTP request).
 */
export interface ScriptSubject {
  /** The HTTP request, or null on a SIP message or when there is no message at all (start-up, timers). */
  readonly request: Request | null
  readonly message: import('../sip/message.ts').Message | null
  /** Gives the message the state of the run that begins; absent: it is put into `message`. */
  begin?(state: import('../sip/state.ts').MessageState): void
  /** The SIP message with what can be done to it; absent on anything else. */
  readonly sip?: import('../sip/exchange.ts').SipExchange
  /** Answers the message. Content type '' means none. Returns false when an answer was sent already or the client is gone. */
  reply(code: number, reason: string, contentType: string, body: string): boolean
  /** Answers the message later; the script goes on meanwhile, and the answer leaves when both have ended. As `reply` for what it returns. Absent where nobody can wait for it. */
  replyLater?(answer: Promise<LateReply>): boolean
  /** Adds lines (`Name: value\r\n`, one or several) to the answer to come; false when it was sent. */
  appendReplyHeader(lines: string): boolean
  /** The connection is closed after the answer (set_reply_close). */
  closeAfterReply(): void
  /** Writes one line to the error log at Kamailio's level (−5 alert … 3 debug). */
  log(level: number, text: string): void
}

/**
 * How an argument of a script function is prepared at start-up. `text`: constant or with `$variables`, given as string at each call; `int`: number, given as
 * number at each call; `regex`: POSIX extended, compiled at start when constant; `variable`: a writable pseudo-variable; `constant`: a text without variables;
 * `select`: as text, and a text that begins with `@` is a select: when it fails the function returns false without being called (select.md §4); a `text`
 * that is a select as a whole is one too, when its first element is known. `log`: as text, with `%@select` in it.
 */
export type ParameterKind = 'text' | 'int' | 'regex' | 'variable' | 'constant' | 'select' | 'log'

/** Result of a script function: above 0 true, below 0 false, 0 ends the whole script (kamailio.md §9.6). */
export type ReturnCode = number

/** The contexts of one module's functions: RUN is what compile.ts hands to a function. */
export interface ScriptFunction {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  /** One kind per argument; the last one repeats; absent: all `text`. */
  readonly parameters?: readonly ParameterKind[]
  /** Checked at start-up with the arguments as written; a returned text fails the start with the place of the call, a ConfigError is only warned of. */
  readonly check?: (args: readonly (string | number)[], place: Place) => string | ConfigError | void
  /** True when it may return a promise: only routes that call such a function are compiled to wait. */
  readonly waits?: boolean
  /** A command of the language's core: its result does not change $rc, and 0 does not end the script (setflag, log). */
  readonly core?: boolean
  call(run: ScriptRunView, args: readonly ScriptValue[]): ReturnCode | Promise<ReturnCode>
}

/** What a function or a pseudo-variable sees of a run. */
export interface ScriptRunView {
  readonly subject: ScriptSubject
  /** Reads a pseudo-variable or a select by its text, `$var(x)`, `@to.uri.user`, compiled once per text; null when there is none of that name. */
  get(source: string): ScriptValue
  set(source: string, value: ScriptValue): boolean
  /** Calls another script function by name, with its arguments as values; −1 when there is none of that name or with so many arguments. */
  call(name: string, args: readonly ScriptValue[]): ReturnCode | Promise<ReturnCode>
  /** The configuration line being run, `FILE:LINE`, for xlogl and messages. */
  readonly line: string
}

/** A pseudo-variable class: `$name`, `$name(inner)`, `$(name(inner)[index])`. */
export interface PseudoVariable {
  readonly name: string
  /** 'none': no parentheses allowed; 'required'; 'optional'. */
  readonly inner: 'none' | 'required' | 'optional'
  /** Checked at start-up: a returned text fails the start (`$jsonrpl(other)`). */
  readonly check?: (inner: string | null) => string | void
  /** `index` is a number, '*' for all, or null. */
  /** Variables in `inner` are values already. */
  get(run: ScriptRunView, inner: string | null, index: number | '*' | null): ScriptValue
  /** Absent: read-only, and an assignment fails the start. False: the assignment failed. */
  set?(run: ScriptRunView, inner: string | null, index: number | '*' | null, value: ScriptValue): boolean
}

/** A transformation class: `{url.path}` is class `url`. `compile` runs at start-up with the words between commas; it may throw ConfigError. */
export interface TransformationClass {
  readonly name: string
  /**
   * `operation` is what stands between the class and the first comma (`encode.hexa`), `raw` all behind that comma as written;
   * `expand` compiles a text with variables in it.
   */
  readonly compile: (operation: string, args: readonly TransformationArgument[], raw: string,
    expand: (text: string) => (run: ScriptRunView) => string) => (value: string | number, run: ScriptRunView) => ScriptValue
  /** What an operation makes of an undefined value; absent: nothing, it stays undefined. */
  readonly ofUndefined?: (operation: string) => ScriptValue
}
/** A constant text, or a variable that is read at each use. */
export type TransformationArgument = string | { readonly variable: (run: ScriptRunView) => ScriptValue }

/** A parameter that `modparam` sets, given to the module's main conf. The value's type must match exactly (kamailio.md §2.1). */
export interface ModuleParameter<C = any> {
  readonly name: string
  readonly type: 'int' | 'string' | 'int|string'
  /** A returned text fails the start with the place of the modparam. May be called several times (prom_counter). */
  readonly set: (conf: C, value: number | string) => string | void
}

/**
 * An event route that a module runs, `xhttp:request`. `admit` is asked first, with the request: true to run the route, false to pass the request on.
 * The host runs the route itself, so that functions of the same plugin may be called from it.
 */
export interface EventRoute<C = any> {
  readonly name: string
  readonly admit?: (r: Request, conf: C) => boolean
  /** The module does not start without the route (xhttp). */
  readonly required?: boolean
  /**
   * The route has a server of its own that serves nothing else, and no other server runs it: the address as `listen`
   * writes it, by the module's main conf; a ConfigError thrown is a mistake of the configuration. Asked when http{} was
   * read, if the route stands there.
   */
  readonly server?: (cf: Cf, conf: C) => string
}

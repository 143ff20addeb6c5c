// What a plugin brings to routing scripts: functions, pseudo-variables, transformations, parameters, event routes.
import * as host from './vespid'
import * as text from './text'
import { Bytes } from './bytes'
import { bytesOf, confOf, refuse, setup, word } from './conf'
import { Request, request, verdict } from './request'
import { Field, Level } from './status'

/**
 * How an argument of a script function is prepared: text with its variables expanded, a number, a regular expression,
 * the name of a variable, a constant text, a text that may be a select.
 */
export enum Param { Text = 1, Int = 2, Regex = 3, Variable = 4, Constant = 5, Select = 6 }
/** Whether a pseudo-variable has parentheses. */
export enum Inner { None = 0, Required = 1, Optional = 2 }
/** What `modparam` may give a parameter. */
export enum ParamType { Int = 0, Text = 1, IntOrText = 2 }
/** `Script.index` without an index, and for `[*]`. */
export enum Index { None = 0x7fffffff, All = 0x7ffffffe }

/** The run of a routing script that has called the plugin. Valid until the function returns. */
export class Script {
  /** How many arguments there are. */
  count: i32 = 0
  /** A pseudo-variable's index: a number, or one of Index. */
  index: i32 = 0

  /** The script runs on an HTTP request; `request` may be used only then. */
  get hasRequest(): bool { return request.stamp != 0 }
  get request(): Request { return request }

  /**
   * Argument `i` as text, `''` for none. Of a pseudo-variable 0 is what stands in the parentheses and 1 the value to
   * set, of a transformation 0 is the value.
   */
  text(i: i32): string { return word(i) }
  /**
   * The bytes of argument `i`: for texts that need not be UTF-8. A view that is good until the next call to the server.
   */
  bytes(i: i32): Bytes { return bytesOf(i) }
  /** Argument `i` as a number; 0 for a text that is none. */
  int(i: i32): i32 { return host.argument_int(i) }
  /** Whether argument `i` is a number. */
  isInt(i: i32): bool { return host.argument_kind(i) == 1 }
  /** Whether the text of argument `i` is empty, without reading it. */
  isEmpty(i: i32): bool { return host.argument(i, 0, 0) <= 0 }
  /** Whether there is no value in argument `i` ($null). */
  isNull(i: i32): bool { return host.argument_kind(i) == 0 }

  /**
   * In pseudo-variables and transformations: the value is this text. Return what it returns; to return false is $null.
   */
  answer(value: string): bool {
    text.begin()
    text.put(value)
    host.answer(text.at, text.length)
    return true
  }
  /** The value is these bytes. */
  answerBytes(value: Bytes): bool {
    host.answer(value.at, value.length)
    return true
  }
  /** The value is this number. */
  answerInt(value: i32): bool {
    host.answer_int(value)
    return true
  }
  /** The value is this text of the request, as received; $null where there is no request. */
  answerField(field: Field): bool {
    if (request.stamp == 0) return false
    host.answer_field(field)
    return true
  }

  /** Answers the message; false when that was done before. An empty type means none. */
  reply(code: i32, reason: string, type: string, body: string): bool {
    text.begin()
    text.putName(reason)
    const reasonAt = text.at
    const reasonLength = text.length
    text.putName(type)
    const typeAt = text.at
    const typeLength = text.length
    text.put(body)
    return host.script_reply(code, reasonAt, reasonLength, typeAt, typeLength, text.at, text.length) == 0
  }
  /** The same with arguments, by their numbers, as they are. */
  replyArguments(code: i32, reason: i32, type: i32, body: i32): bool {
    return host.script_reply(code, reason, -2, type, -2, body, -2) == 0
  }
  /** Adds header lines (`Name: value\r\n`) to the answer to come. */
  appendHeader(lines: string): bool {
    text.begin()
    text.put(lines)
    return host.script_header(text.at, text.length) == 0
  }
  /** Closes the connection after the answer. */
  closeAfterReply(): void { host.script_close() }

  /**
   * Calls another script function with these texts; waits for it when it has to. Its return code; −1 when there is none
   * of that name.
   */
  call(name: string, args: string[]): i32 {
    text.begin()
    for (let i = 0; i < args.length; i++) {
      text.put(args[i])
      host.script_argument(2, text.at, text.length)
    }
    text.putName(name)
    return host.script_call(text.at, text.length)
  }
}

const script = new Script()

/** The kinds in the host's numbering, four bits each. */
function bits(kinds: i32[]): i32 {
  let all = 0
  for (let i = kinds.length - 1; i >= 0; i--) all = all << 4 | kinds[i]
  return all
}

/**
 * Defines a function for routing scripts with the least and the most arguments that it takes. `kinds`: how each is
 * prepared, the last one repeats
 * (at most 8). The result is Kamailio's return code: above 0 true, below 0 false, 0 ends the script.
 */
export function script_function(name: string, minimum: i32, maximum: i32, kinds: i32[], run: (s: Script) => i32): void {
  setup()
  const enter = (data: usize, stamp: i32, count: i32): i32 => {
    request.stamp = stamp
    script.count = count
    return call_indirect<i32>(<u32>data, changetype<usize>(script))
  }
  text.begin()
  text.put(name)
  host.script_function(text.at, text.length, minimum, maximum, bits(kinds), enter.index, run.index)
}

function looker(): (data: usize, stamp: i32, more: i32) => i32 {
  return (data: usize, stamp: i32, more: i32): i32 => {
    request.stamp = stamp
    script.index = script.count = more
    return call_indirect<bool>(<u32>data, changetype<usize>(script)) ? 1 : 0
  }
}

/**
 * Defines `$name`. `get` answers its value by `s.answer…`, or returns false for $null; `set` returns whether it could.
 * `keys`: what may stand in the
 * parentheses, separated by commas; anything when it is `''`. A key that ends in `*` stands for all that begin so; `~` as
 * the first says that case does not matter.
 */
export function pseudo_variable(
  name: string, inner: Inner, get: (s: Script) => bool, set: ((s: Script) => bool) | null = null, keys: string = '',
): void {
  setup()
  text.begin()
  text.put(name)
  const at = text.at
  const length = text.length
  text.put(keys)
  host.pseudo_variable(at, length, inner, text.at, text.length, looker().index, get.index, set === null ? -1 : looker().index, set === null ? 0 : set.index)
}

/**
 * Defines the transformation `{class.operation,…}` with the least and the most arguments that it takes; `apply` answers
 * as a pseudo-variable does.
 */
export function transformation(name: string, minimum: i32, maximum: i32, apply: (s: Script) => bool): void {
  setup()
  text.begin()
  text.put(name)
  host.transformation(text.at, text.length, minimum, maximum, looker().index, apply.index)
}

/**
 * Defines what `modparam` sets in the plugin's conf of the main level; `set` is given the value as text and as number,
 * and returns null or what is wrong.
 */
export function parameter<C>(name: string, type: ParamType, set: (conf: C, value: string, number: i32) => string | null): void {
  const conf = confOf<C>(Level.Main)
  const run = (data: usize, conf: usize): i32 => refuse(call_indirect<usize>(<u32>data, conf, changetype<usize>(word(0)), host.argument_int(0)))
  text.begin()
  text.put(name)
  host.parameter(text.at, text.length, type, conf, run.index, set.index)
}

/** Whether an event route is for a request; `Always`: for all, the host need not ask again until the configuration changes. */
export enum Admit { No = 0, Yes = 1, Always = 2 }

/**
 * Declares `event_route[MODULE:EVENT]`, which the server runs for HTTP requests where it is configured. `admit` is
 * asked first: `No` passes the request on. `required`: a server whose configuration uses the plugin's parameters without the route does not start.
 */
export function event_route<C>(name: string, admit: ((r: Request, conf: C) => Admit) | null = null, required: bool = false): void {
  const conf = confOf<C>(Level.Main)
  text.begin()
  text.put(name)
  host.event_route(text.at, text.length, required ? 1 : 0, conf, admit === null ? -1 : verdict.index, admit === null ? 0 : admit.index)
}

/**
 * The event route, declared before, has a server of its own: `address` tells, when the configuration was read, where it
 * listens, as `listen` writes it (`127.0.0.1:8280`, `*:8280`). Plugins that do not ship with the server are allowed that
 * by `plugin NAME { allow listen ADDRESS; }`.
 */
export function event_server<C>(name: string, address: (conf: C) => string): void {
  const conf = confOf<C>(Level.Main)
  const run = (data: usize, conf: usize): i32 => refuse(call_indirect<usize>(<u32>data, conf))
  text.begin()
  text.put(name)
  host.event_server(text.at, text.length, conf, run.index, address.index)
}

/**
 * A pseudo-variable or select by its text, `Pv.resolve('$si')`: made once, read in any script function, pseudo-variable
 * or transformation.
 */
export class Pv {
  private constructor(private readonly id: i32) {}

  static resolve(source: string): Pv {
    text.begin()
    text.put(source)
    return new Pv(host.pv(text.at, text.length))
  }

  /** Its value as text; null when it has none. */
  get text(): string | null {
    text.begin()
    let n = host.pv_get(this.id, text.room(), text.roomSize())
    if (text.short(n)) n = host.pv_get(this.id, text.out, n)
    return text.answered(n)
  }
  /** Its value as a number; 0 when it is none. */
  get int(): i32 { return host.pv_int(this.id) }

  /** Assigns a text; false when it cannot be set. Only in script functions. */
  set(value: string): bool {
    text.begin()
    text.put(value)
    return host.pv_set(this.id, 2, text.at, text.length) == 0
  }
  setInt(value: i32): bool { return host.pv_set(this.id, 1, value, 0) == 0 }
  /** Assigns $null. */
  clear(): bool { return host.pv_set(this.id, 0, 0, 0) == 0 }
}

/**
 * A POSIX extended regular expression, matched by the server in bounded time. Made while the configuration is read,
 * where one that is none is an error of the configuration.
 */
export class Regex {
  private constructor(private readonly id: i32) {}

  static compile(pattern: string, ignoreCase: bool = false): Regex {
    text.begin()
    text.put(pattern)
    return new Regex(host.regex(text.at, text.length, ignoreCase ? 1 : 0))
  }

  /** Whether it matches somewhere in a text. */
  test(value: string): bool {
    text.begin()
    text.put(value)
    return host.regex_test(this.id, text.at, text.length) != 0
  }
  /** Whether it matches somewhere in a text of the request, as received. */
  testField(field: Field): bool { return host.regex_test(this.id, field, -3) != 0 }
}

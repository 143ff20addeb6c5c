import * as host from './vespid'
import * as text from './text'
import { Args, Level, Phase, Status, Where } from './status'
import { Request, effect, request, verdict } from './request'
import { Nothing, confOf, initOf, mergeOf, refuse, setup, word, words } from './conf'

/**
 * Says that class C is the configuration of the whole (`Level.Main`) or of each server, instead of each location.
 * It may stand in front of what uses it or behind that.
 */
export function conf<C>(level: Level, merge: ((parent: C, child: C) => void) | null = null): void {
  mergeOf<C>(confOf<C>(level), merge)
}

/** As `conf`, for the main level: `init` runs when http{} has been read; a text that it returns is the error. One per class. */
export function main_conf<C>(init: (conf: C) => string | null): void { initOf<C>(init) }

/** A directive that was registered; a content handler can be bound to it. */
export class Directive<C> {
  constructor(readonly id: i32) {}

  /**
   * A location in which the directive stands is answered by this handler; with `Needs.Nothing` it does not wait for
   * the request body.
   */
  content(handler: (r: Request, conf: C) => Status, needs: Needs = Needs.Body): Directive<C> {
    host.content(this.id, verdict.index, handler.index, needs)
    return this
  }
}

/**
 * Registers a directive. `args` is how many arguments it takes (0 to 7, or one of Args); `set` is given the place's
 * conf and the words, the directive's name first, and returns null or what is wrong. `merge` completes a place's conf
 * from that of the place around it; without one, a place that uses none of the conf's directives shares the conf of
 * the place around it.
 */
export function directive<C = Nothing>(
  name: string, where: i32, args: i32, set: (conf: C, args: string[]) => string | null, merge: ((parent: C, child: C) => void) | null = null,
): Directive<C> {
  const conf = confOf<C>()
  mergeOf<C>(conf, merge)
  const run = (data: usize, conf: usize): i32 => refuse(call_indirect<usize>(<u32>data, conf, changetype<usize>(words())))
  text.begin()
  text.put(name)
  return new Directive<C>(host.directive(text.at, text.length, where, bits(args), conf, run.index, set.index))
}

/** The host's bits for a count or one of Args. */
function bits(args: i32): i32 {
  if (args >= 0 && args < 8) return 1 << args
  return (args & 0x10000) != 0 ? args & 0xff : args
}

/** Registers a directive without arguments whose location is answered by this handler: `location /x { NAME; }`. */
export function content<C = Nothing>(
  name: string, handler: (r: Request, conf: C) => Status, where: i32 = Where.Location | Where.LocationIf | Where.LimitExcept,
  needs: Needs = Needs.Body,
): Directive<C> {
  const conf = confOf<C>()
  text.begin()
  text.put(name)
  return new Directive<C>(host.directive(text.at, text.length, where, 1, conf, -1, 0)).content(handler, needs)
}

/** What a handler needs before it is called. */
export enum Needs { Nothing = 0, Body = 1 }

/**
 * Registers a handler for a phase. It runs in locations where one of the plugin's directives applies; everywhere when
 * the plugin has none.
 */
export function phase<C = Nothing>(phase: Phase, handler: (r: Request, conf: C) => Status, needs: Needs = Needs.Nothing): void {
  host.phase(phase, confOf<C>(), verdict.index, handler.index, needs)
}

/** Registers a handler that runs when a request is over, for accounting. */
export function log_handler<C = Nothing>(handler: (r: Request, conf: C) => void): void {
  host.phase(Phase.Log, confOf<C>(), effect.index, handler.index, 0)
}

/** Registers a filter that may change status and headers of every response before they are sent. */
export function header_filter<C = Nothing>(filter: (r: Request, conf: C) => void): void {
  host.header_filter(confOf<C>(), effect.index, filter.index)
}

/** Defines `$name`; `get` returns its value or null. With `set` the configuration may assign to it. */
export function variable(name: string, get: (r: Request) => string | null, set: ((r: Request, value: string) => void) | null = null, cached: bool = true): void {
  setup()
  const read = (data: usize, stamp: i32): i32 => {
    request.stamp = stamp
    return refuse(call_indirect<usize>(load<u32>(data), changetype<usize>(request)))
  }
  const write = (data: usize, stamp: i32): i32 => {
    request.stamp = stamp
    call_indirect(load<u32>(data, 4), changetype<usize>(request), changetype<usize>(word(0)))
    return 0
  }
  text.begin()
  text.put(name)
  const both = heap.alloc(8)
  store<u32>(both, get.index)
  store<u32>(both, set === null ? 0 : set.index, 4)
  host.variable(text.at, text.length, (cached ? 0 : 2) | (set === null ? 0 : 4), read.index, set === null ? -1 : write.index, both)
}

/** Defines every `$prefix…` variable; `get` is given the rest of the name. */
export function variable_prefix(prefix: string, get: (r: Request, rest: string) => string | null): void {
  setup()
  text.begin()
  text.put(prefix)
  host.variable(text.at, text.length, 1, getter().index, -1, get.index)
}

function getter(): (data: usize, stamp: i32) => i32 {
  return (data: usize, stamp: i32): i32 => {
    request.stamp = stamp
    return refuse(call_indirect<usize>(<u32>data, changetype<usize>(request), changetype<usize>(word(0))))
  }
}

/** Runs `hook` in every worker when the configuration is complete, before the first request. */
export function on_start(hook: () => void): void { life(3, hook) }
/** Runs `hook` in every worker before it ends or takes another configuration. */
export function on_exit(hook: () => void): void { life(4, hook) }

function life(event: i32, hook: () => void): void {
  setup()
  const run = (data: usize): i32 => {
    call_indirect(<u32>data)
    return 0
  }
  host.lifecycle(event, run.index, hook.index)
}

/**
 * Asks for more than a plugin has by itself, in the configuration's words: `memory_limit 64m; time_limit 1s; table_limit 50000`. The operator decides:
 * `plugin NAME { … }`; plugins that come with vespid get it. Called once, at the top level, with a text that stands there: the compiler reads it.
 */
export function limits(amounts: string): void {}

/** Writes a `[warn]` line with the place of the directive that is being read. */
export function warn(message: string): void {
  text.begin()
  text.put(message)
  host.warn(text.at, text.length)
}

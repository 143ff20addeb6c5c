import * as host from './vespid'
import * as text from './text'
import { Bytes } from './bytes'
import { Level } from './status'

/** The class of handlers and directives that have no configuration. */
// Global, because default type parameters are resolved where a function is called.
// @ts-ignore: decorator
@global
export class Nothing {}

const classes: u32[] = []
const levels: i32[] = []
let ready = false
/** Allocated bytes at which the next collection is worth while: twice what the last one left. */
let threshold: usize = 131072
let countdown: i32 = 8

/** Registers what every plugin needs, once: the collector, which runs between requests. */
export function setup(): void {
  if (ready) return
  ready = true
  const idle = (data: usize): i32 => {
    // The runtime's own count of allocated bytes, which `vespid build` makes visible; without it every eighth idle
    // call collects.
    if (isDefined(__allocated)) {
      if (__allocated() < threshold) return 0
      __collect()
      threshold = max<usize>(__allocated() * 2, 131072)
    } else if (--countdown <= 0) {
      countdown = 8
      __collect()
    }
    return 0
  }
  host.lifecycle(5, idle.index, 0)
}

/**
 * The host's number of a conf class; registers it when it is new. `level`: the one that it is to have, −1 for whichever
 * it has, `Level.Location` when it is new.
 */
export function confOf<C>(level: i32 = -1): i32 {
  setup()
  if (idof<C>() == idof<Nothing>()) return -1
  let index = classes.indexOf(idof<C>())
  if (index < 0) {
    // Conf objects are the host's to hold: pinned, they live as long as the configuration.
    const create = (data: usize): usize => __pin(changetype<usize>(instantiate<C>()))
    if (level < 0) level = Level.Location
    index = host.conf(level, create.index, -1, 0)
    classes.push(idof<C>())
    levels.push(level)
  } else if (level >= 0 && level != levels[index]) {
    levels[index] = level
    host.conf_level(index, level, -1, 0)
  }
  return index
}

/** Registers what is to be done with the main level's conf of a class when the configuration has been read. */
export function initOf<C>(init: (conf: C) => string | null): void {
  const run = (data: usize, conf: usize): i32 => refuse(call_indirect<usize>(<u32>data, conf))
  host.conf_level(confOf<C>(Level.Main), Level.Main, run.index, init.index)
}

/**
 * The conf of class C at the place where the present request is: for variables and selects, whose functions are not
 * given one. The class must be that of a directive.
 */
export function conf_of<C>(): C {
  return changetype<C>(host.conf_of(classes.indexOf(idof<C>())))
}

/** Registers how two places' confs of a class are merged; the same function each time. */
export function mergeOf<C>(conf: i32, merge: ((parent: C, child: C) => void) | null): void {
  if (conf < 0 || merge === null) return
  const run = (data: usize, parent: usize, child: usize): i32 => {
    call_indirect(<u32>data, parent, child)
    return 0
  }
  host.conf_merge(conf, run.index, merge.index)
}

/** Hands an error text (or null) to the host; 1 when there was one. */
export function refuse(message: usize): i32 {
  if (message == 0) return 0
  text.begin()
  text.put(changetype<string>(message))
  host.answer(text.at, text.length)
  return 1
}

/** The words that the present callback was given. */
export function words(): string[] {
  const n = host.argument_count()
  const list: string[] = []
  for (let i = 0; i < n; i++) list.push(word(i))
  return list
}

/** Has one of them written to `text.out`; its length, negative when it is not there. */
function argument(i: i32): i32 {
  text.begin()
  let n = host.argument(i, text.room(), text.roomSize())
  if (text.short(n)) n = host.argument(i, text.out, n)
  return n
}

/** One of them; `''` when it is not there. */
export function word(i: i32): string {
  const n = argument(i)
  return n < 0 ? '' : text.decode(text.out, n)
}

/** The bytes of one of them: a view that is good until the next call to the host. */
export function bytesOf(i: i32): Bytes {
  const view = new Bytes()
  view.length = max(argument(i), 0)
  view.at = text.out
  return view
}

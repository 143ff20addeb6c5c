// Selects: those that a plugin brings, and those that it reads.
import * as host from './vespid'
import * as text from './text'
import { refuse, setup, word } from './conf'
import { Request, request } from './request'

/** What may follow on the text of a select: the parts of a URI, of `"Name" <uri>;param`, of a list `a=1;b=2`, of a header, of a value. Add them. */
export enum Follow { Nothing = 0, Uri = 1, Address = 2, Params = 4, Header = 8, Value = 16 }

/** The use of a select: its arguments, and the message that it is asked about. Valid until the function returns. */
export class SelectCall {
  failed: bool = false

  /** The message is an HTTP request; `request` may be used only then. */
  get hasRequest(): bool { return request.stamp != 0 }
  get request(): Request { return request }
  /** Argument `i`, the `*` and `[n]` of the pattern in their order, as text; `''` for an optional one that was left out. */
  text(i: i32): string { return word(i) }
  /** Argument `i` as a number; `missing` for one that was left out. */
  int(i: i32, missing: i32 = 0): i32 { return host.argument_kind(i) == 0 ? missing : host.argument_int(i) }
  /** Whether argument `i` was given. */
  has(i: i32): bool { return host.argument_kind(i) != 0 }
  /** `return s.fail()`: it cannot be told, which is not the same as null, "there is none". */
  fail(): string | null {
    this.failed = true
    return null
  }
}

const call = new SelectCall()

/**
 * Defines the select `@pattern`. In the pattern `a|b` is either name, `*` any name or text, `*?` the same if it is there, `[n]` an index, `[n?]` one
 * if it is there: `cookie.*`, `accept.language[n?]`. `get` returns its text or null; `follow` says what may come behind it; `check` is asked once for
 * each use, at start-up, and returns null or what is wrong with the arguments.
 */
export function select(
  pattern: string, get: (s: SelectCall) => string | null, follow: i32 = Follow.Nothing, check: ((s: SelectCall) => string | null) | null = null,
): void {
  setup()
  const read = (data: usize, stamp: i32): i32 => {
    request.stamp = stamp
    call.failed = false
    const answered = refuse(call_indirect<usize>(<u32>data, changetype<usize>(call)))
    return call.failed ? -2 : answered
  }
  const allow = (data: usize): i32 => {
    request.stamp = 0
    return refuse(call_indirect<usize>(<u32>data, changetype<usize>(call)))
  }
  text.begin()
  text.put(pattern)
  host.select(text.at, text.length, follow, read.index, get.index, check === null ? -1 : allow.index, check === null ? 0 : check.index)
}

/**
 * A select that the plugin reads, whoever brings it: `const user = Select.resolve('@from.uri.user')` while the plugin registers itself or is configured;
 * one that is unknown fails the start. Then `user.get(r)` in handlers, filters, variables, selects and script functions.
 */
export class Select {
  /** The last `get` could not tell: an error, not null. */
  failed: bool = false

  private constructor(private readonly id: i32) {}

  static resolve(source: string): Select {
    text.begin()
    text.put(source)
    return new Select(host.select_resolve(text.at, text.length))
  }

  /** Its text on the message that the plugin was called for; null when there is none and when it cannot be told. */
  get(r: Request = request): string | null {
    text.begin()
    let n = host.select_get(this.id, text.room(), text.roomSize())
    if (text.short(n)) n = host.select_get(this.id, text.out, n)
    this.failed = n == -2
    return text.answered(n)
  }
}

import * as host from './vespid'
import { Bytes } from './bytes'
import { Answer, Ask, describe, words } from './waiting'

/** Bytes that are read at once. */
const size: i32 = 65536

/** The answer to a subrequest whose body is read piece by piece, so that it may be of any length. */
export class SubrequestStream {
  /** The body broke off before its end. */
  failed: bool = false
  private over: bool = false

  /** @internal */
  constructor(private answer: Answer) {}

  /** The answer's status. */
  get status(): i32 { return this.answer.status }
  /** A header by name in any case, or null. */
  header(name: string): string | null { return this.answer.header(name) }

  /** Waits for the next piece of the body, 64 KiB at most; null at its end. */
  read(): Bytes | null {
    if (this.over) return null
    const buffer = new ArrayBuffer(size)
    const n = host.subrequest_read(changetype<usize>(buffer), size)
    if (n > 0) return Bytes.of(buffer, n)
    this.over = true
    this.failed = n < 0
    return null
  }
}

const plain = new Ask()

/**
 * As `subrequest`, but waits only for the answer's head; the body is read with `read`. One at a time: another one ends it. What is not
 * read when the handler returns is dropped.
 */
export function subrequest_stream(uri: string, args: string = '', ask: Ask = plain): SubrequestStream {
  describe(uri, args, ask)
  return new SubrequestStream(Answer.read(host.subrequest_open(
    words[0], <i32>words[1], words[2], <i32>words[3], words[4], <i32>words[5], words[6], <i32>words[7], words[8], <i32>words[9],
  )))
}

/** Makes a subrequest that nobody waits for: the client has its answer before, and what comes of it is dropped. False when there are too many. */
export function subrequest_background(uri: string, args: string = '', ask: Ask = plain): bool {
  describe(uri, args, ask)
  return host.subrequest_background(
    words[0], <i32>words[1], words[2], <i32>words[3], words[4], <i32>words[5], words[6], <i32>words[7], words[8], <i32>words[9],
  ) == 0
}

/**
 * Puts a subrequest's output into the response (nginx's ordered subrequests). In a handler it stands before byte `at` of what `reply` is given, in a body
 * filter of what this part is passed on as; −1: behind it. Several stand in the order of their places, then in that of the calls. They run at the same time, their output
 * comes in order. It waits for nothing: they are made when the handler or filter has returned, and not at all when a handler then does not reply.
 * A body filter needs a response without Content-Length. False when there are too many.
 */
export function subrequest_ordered(uri: string, args: string = '', ask: Ask = plain, at: i32 = -1): bool {
  describe(uri, args, ask)
  return host.subrequest_ordered(
    words[0], <i32>words[1], words[2], <i32>words[3], words[4], <i32>words[5], words[6], <i32>words[7], words[8], <i32>words[9], at,
  ) == 0
}

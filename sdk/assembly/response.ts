import * as host from './vespid'
import * as text from './text'

/**
 * A header line that is the same in every response, made while the configuration is read: it crosses to the server as
 * two numbers.
 */
export class HeaderLine {
  /** The server's numbers for name and value; −1: it keeps no more of them, or the text is too long. */
  readonly nameId: i32
  readonly valueId: i32

  constructor(readonly name: string, readonly value: string) {
    this.nameId = text.intern(name)
    this.valueId = text.intern(value)
  }
}

/** The response while its head can still change: before the reply in handlers, and in header filters. */
export class Response {
  /** The status, 0 when nobody has decided. */
  get status(): i32 { return <i32>host.response_number(0) }
  set status(value: i32) { host.response_set_number(0, value) }
  /** Content-Length, −1 when the length is not known. */
  get contentLength(): i64 { return <i64>host.response_number(1) }
  set contentLength(value: i64) { host.response_set_number(1, <f64>value) }
  /** Last-Modified in seconds since the epoch, −1 for none. */
  get lastModified(): i64 { return <i64>host.response_number(2) }
  set lastModified(value: i64) { host.response_set_number(2, <f64>value) }

  /** The first value of a response header by name in any case, or null. */
  get(name: string): string | null {
    text.begin()
    text.putName(name)
    const at = text.at
    const length = text.length
    let n = host.response_header(at, length, text.room(), text.roomSize())
    if (text.short(n)) n = host.response_header(at, length, text.out, n)
    return text.answered(n)
  }

  /** Replaces every line of a header by one, `''` removes it; false when name or value cannot be a header's. */
  set(name: string, value: string): bool { return change(name, value, 0) }
  /** Adds a header line. */
  add(name: string, value: string): bool { return change(name, value, 1) }

  /** Adds a prepared header line. */
  addLine(line: HeaderLine): bool {
    if (line.nameId < 0 || line.valueId < 0) return change(line.name, line.value, 1)
    return host.response_header_set(line.nameId, -1, line.valueId, -1, 1) == 0
  }

  /**
   * Gives the response a trailer, sent behind a body in chunks. A header filter announces it, with its value or with
   * `''` when a body filter gives the value at the last part; one that stays empty is not sent. False when name or
   * value cannot be a header's.
   */
  trailer(name: string, value: string): bool {
    text.begin()
    text.putName(name)
    const at = text.at
    const length = text.length
    text.putName(value)
    return host.response_trailer(at, length, text.at, text.length) == 0
  }

  /**
   * In a header filter: the lines that it adds in this call it would add to every response with this status here, and do nothing else. The server
   * does it from then on, and the filter is not called for them any more.
   */
  repeatForStatus(): void { host.repeat() }

  /** Removes every line of a header; returns how many there were. */
  remove(name: string): i32 {
    text.begin()
    text.putName(name)
    return host.response_header_set(text.at, text.length, 0, 0, 2)
  }

  /**
   * How many header lines there are beside those that the server keeps apart (Content-Type, Content-Length,
   * Last-Modified, …).
   */
  get count(): i32 { return <i32>host.response_number(3) }
  /** The name of line `i`. */
  name(i: i32): string { return part(i, 0) }
  /** The value of line `i`. */
  value(i: i32): string { return part(i, 1) }
}

/** The one response object. */
export const response = new Response()

function change(name: string, value: string, mode: i32): bool {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  text.putName(value)
  return host.response_header_set(at, length, text.at, text.length, mode) == 0
}

function part(i: i32, which: i32): string {
  text.begin()
  let n = host.response_header_at(i, which, text.room(), text.roomSize())
  if (n < 0) throw new RangeError('Index out of range')
  if (text.short(n)) n = host.response_header_at(i, which, text.out, n)
  return text.decode(text.out, n)
}

import * as host from './host'
import * as text from './text'
import * as writer from './writer'
import { Address } from './address'
import { Bytes } from './bytes'
import { addFilter, requestTrailer, requestTrailerAt } from './filters'
import { Response, response } from './response'
import { LogLevel, Status } from './status'

/** Where `findHeader` found a value. */
let headerAt: usize = 0
/** The request that was asked for a header last. */
let askedStamp: i32 = 0

/**
 * Finds a header's value: its length, with its place in `headerAt`; −1 when there is none. The first header that is asked
 * for crosses alone; with the second the whole head is fetched, and the others cost no call.
 */
function findHeader(name: string, stamp: i32): i32 {
  const id = text.literal(name)
  if (id > 0 && id <= knownNames && askedStamp == stamp && hasHead(stamp)) {
    const line = known(id)
    if (line == 0) return -1
    if (line > 0) {
      headerAt = load<u32>(arena, 4) + load<u32>(line, 8)
      return load<i32>(line, 12)
    }
  }
  askedStamp = stamp
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  headerAt = text.room()
  const n = host.request_header(at, length, headerAt, text.roomSize())
  if (n <= text.roomSize()) return n
  headerAt = text.bigger(n)
  return host.request_header(at, length, headerAt, n)
}

/** One text from the host by a call that fills (pointer, capacity); null when there is none. */
// @ts-ignore: decorator
@inline
function answerOf(n: i32, from: usize): string | null {
  return n < 0 ? null : text.decode(from, n)
}

/** The request that the handler was called for. Valid until the handler returns: keep no reference to it. */
export class Request {
  /** Changes with the request, and with its head. */
  stamp: i32 = 0
  private addressStamp: i32 = 0
  private address: Address = new Address()

  /** `GET`, `POST`, … */
  get method(): string { return field(0) }
  set method(value: string) { setField(0, value) }
  /** Whether the method is this one. Makes no string of it. */
  hasMethod(name: string): bool {
    text.begin()
    const n = host.request_text(0, text.room(), text.roomSize())
    return n <= text.roomSize() && text.same(text.room(), n, name)
  }
  /** The path, decoded and normalised, without arguments. */
  get path(): string { return field(1) }
  /** nginx's name of `path`. */
  get uri(): string { return field(1) }
  /** Changes the path; in the rewrite phases the location is searched again. */
  set uri(value: string) { setField(1, value) }
  /** What stands behind `?`, as received; `''` when nothing does. */
  get args(): string { return field(2) }
  set args(value: string) { setField(2, value) }
  /** Path and arguments as received: `$request_uri`. */
  get unparsedUri(): string { return field(3) }
  /** The target as received: a path, or a whole URL. */
  get target(): string { return field(8) }
  /** The request line as received. */
  get line(): string { return field(4) }
  /** The name of the location that serves it: `/api/` of `location /api/ { … }`. */
  get location(): string { return field(7) }
  /** The host asked for, lower case, without port; `''` when none is named. */
  get host(): string { return field(5) }
  /** 1001 for HTTP/1.1, 1000 for HTTP/1.0, 9 for HTTP/0.9. */
  get version(): i32 { return <i32>host.request_number(0) }
  /** Content-Length, −1 when there is none. */
  get contentLength(): i64 { return <i64>host.request_number(2) }
  /** The request came from an internal redirect, not from the client. */
  get internal(): bool { return (<i32>host.request_number(4) & 1) != 0 }
  /** The place says `satisfy any`: another access handler may still allow what this one refuses. */
  get satisfyAny(): bool { return (<i32>host.request_number(4) & 64) != 0 }
  /** Serial number of the connection. */
  get connection(): i32 { return <i32>host.request_number(6) }
  /** Milliseconds since the epoch when the request began. */
  get startTime(): f64 { return host.request_number(5) }
  /** Bytes sent to the client so far; useful in log handlers. */
  get bytesSent(): i64 { return <i64>host.request_number(7) }

  /** The client's address, ready to compare with a Cidr. */
  get remoteAddress(): Address {
    const address = this.address
    if (this.addressStamp != this.stamp) {
      this.addressStamp = this.stamp
      address.family = host.remote_address(addressBytes)
      address.a = load<u32>(addressBytes)
      address.b = load<u32>(addressBytes, 4)
      address.c = load<u32>(addressBytes, 8)
      address.d = load<u32>(addressBytes, 12)
    }
    return address
  }

  /** A request header by name in any case: all its lines joined by `, ` (cookies by `; `), or null. */
  header(name: string): string | null {
    const n = findHeader(name, this.stamp)
    return n < 0 ? null : text.decode(headerAt, n)
  }

  /** Whether a request header is there and its value is just this ASCII text. Makes no string of the value. */
  headerIs(name: string, value: string): bool {
    const n = findHeader(name, this.stamp)
    return n >= 0 && text.same(headerAt, n, value)
  }

  /** How many header lines the request has. */
  get headerCount(): i32 { return <i32>host.request_number(1) }
  /** The name of header line `i`, as received. */
  headerName(i: i32): string { return headerPart(i, 0) }
  /** The value of header line `i`. */
  headerValue(i: i32): string { return headerPart(i, 1) }

  /**
   * Replaces every line of a request header by one, as later handlers see it; false when name or value cannot be one.
   */
  setHeader(name: string, value: string): bool { return change(name, value, 0) }
  /** Adds a line to the request's headers. */
  addHeader(name: string, value: string): bool { return change(name, value, 1) }
  /** Removes every line of a request header. */
  removeHeader(name: string): void { change(name, '', 2) }

  /** The value of a cookie, or null. */
  cookie(name: string): string | null {
    const all = this.header('cookie')
    if (all === null) return null
    let from = 0
    while (from < all.length) {
      let end = all.indexOf(';', from)
      if (end < 0) end = all.length
      while (from < end && all.charCodeAt(from) == 32) from++
      const equals = all.indexOf('=', from)
      if (equals > 0 && equals < end && equals - from == name.length && all.substr(from, name.length) == name) return all.substring(equals + 1, end)
      from = end + 1
    }
    return null
  }

  /** An argument of the query string by name, not decoded; null when it is not there. */
  arg(name: string): string | null { return this.variable(`arg_${name}`) }

  /** The value of a `$variable` by name (without `$`), or null. */
  variable(name: string): string | null {
    text.begin()
    text.putName(name)
    const at = text.at
    const length = text.length
    const n = host.variable_get(at, length, text.room(), text.roomSize())
    if (n <= text.roomSize()) return answerOf(n, text.room())
    const out = text.bigger(n)
    return answerOf(host.variable_get(at, length, out, n), out)
  }

  /** Gives a variable a value for this request; false when there is no such variable or it cannot be set. */
  setVariable(name: string, value: string): bool {
    text.begin()
    text.putName(name)
    const at = text.at
    const length = text.length
    text.put(value)
    return host.variable_set(at, length, text.at, text.length) == 0
  }

  /**
   * Waits until the request body is here: Status.Ok, or the status to answer when it cannot be had (413, 408, …): return it.
   * A handler that does not need to decide first says `Needs.Body` when it is registered, which costs less.
   */
  readBody(): Status {
    const status = host.read_body()
    return status == 0 ? Status.Ok : status
  }

  /** How many bytes of body were read. */
  get bodyLength(): i32 { return <i32>host.request_number(3) }

  /** The request body. Content handlers have it; others when they were registered with `Needs.Body`, or after `readBody`. */
  get body(): Bytes {
    const n = this.bodyLength
    const buffer = new ArrayBuffer(n)
    let got = 0
    while (got < n) {
      const more = host.body(got, changetype<usize>(buffer) + got, n - got)
      if (more <= 0) break
      got += more
    }
    return Bytes.of(buffer, got)
  }

  /** Puts a filter that is registered as `onDemand` into this request; false when it is too late for it. */
  addFilter(name: string): bool { return addFilter(name) }
  /** A trailer by name in any case, when the body has been read; or null. */
  trailer(name: string): string | null { return requestTrailer(name) }
  /** The name of trailer `i`, null behind the last. */
  trailerName(i: i32): string | null { return requestTrailerAt(i, 0) }
  /** The value of trailer `i`, null behind the last. */
  trailerValue(i: i32): string | null { return requestTrailerAt(i, 1) }

  /** The response to this request. */
  get response(): Response { return response }

  /** Answers the request: status, content type, and the body as UTF-8. Return what this returns. */
  reply(status: i32, type: string, body: string): Status {
    text.begin()
    text.putName(type)
    const at = text.at
    const length = text.length
    text.put(body)
    host.reply(status, at, length, text.at, text.length)
    return Status.Ok
  }

  /** Answers the request with bytes. Return what this returns. */
  replyBytes(status: i32, type: string, body: Uint8Array): Status {
    text.begin()
    text.putName(type)
    host.reply(status, text.at, text.length, body.dataStart, body.length)
    return Status.Ok
  }

  /**
   * Appends a text to the body of a reply, which `send` then sends: `return r.write('hello ').writePath().send(200, 'text/plain')`.
   * No strings are made on the way, as they are for `reply`.
   */
  write(value: string): Request {
    writer.open(this.stamp)
    writer.text(value)
    return this
  }

  /** Appends the path. */
  writePath(): Request {
    writer.open(this.stamp)
    writer.field(1)
    return this
  }

  /** Appends a whole number in decimal digits. */
  writeNumber(value: i64): Request {
    writer.open(this.stamp)
    writer.number(value)
    return this
  }

  /** Appends bytes. */
  writeBytes(bytes: Uint8Array): Request {
    writer.open(this.stamp)
    writer.bytes(bytes.dataStart, bytes.length)
    return this
  }

  /** Answers the request with what was written. Return what this returns. */
  send(status: i32, type: string): Status {
    writer.open(this.stamp)
    text.begin()
    text.putName(type)
    writer.send(status, text.at, text.length)
    return Status.Ok
  }

  /** Goes on with another URI of this server, or a named location `@name`. Return what this returns. */
  redirect(uri: string, args: string = ''): Status {
    text.begin()
    text.put(uri)
    const at = text.at
    const length = text.length
    text.put(args)
    host.redirect(at, length, text.at, text.length)
    return Status.Done
  }

  /** Writes a line to the error log of the request's location. */
  log(level: LogLevel, message: string): void { log(level, message) }
}

/** Writes a line to the error log. */
export function log(level: LogLevel, message: string): void {
  text.begin()
  text.put(message)
  host.log(level, text.at, text.length)
}

/** The one request object; handlers are called with it. */
export const request = new Request()

function field(i: i32): string {
  text.begin()
  const n = host.request_text(i, text.room(), text.roomSize())
  if (n <= text.roomSize()) return text.decode(text.room(), n)
  const out = text.bigger(n)
  host.request_text(i, out, n)
  return text.decode(out, n)
}

function setField(i: i32, value: string): void {
  text.begin()
  text.put(value)
  host.request_set(i, text.at, text.length)
}

function headerPart(i: i32, part: i32): string {
  text.begin()
  const n = host.request_header_at(i, part, text.room(), text.roomSize())
  if (n < 0) throw new RangeError('Index out of range')
  if (n <= text.roomSize()) return text.decode(text.room(), n)
  const out = text.bigger(n)
  host.request_header_at(i, part, out, n)
  return text.decode(out, n)
}

function change(name: string, value: string, mode: i32): bool {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  text.put(value)
  return host.request_header_set(at, length, text.at, text.length, mode) == 0
}

// --- the head in the arena (docs/abi.md, "The head")
// ---------------------------------------------------------------------------------

// @ts-ignore: builtin
const addressBytes: usize = memory.data(16, 4)
const arenaSize: i32 = 12288
// @ts-ignore: builtin
const arena: usize = memory.data(12288, 16)
let arenaGiven = false
let headStamp: i32 = 0
let headThere = false
/** Ids 1 to 31 are the well-known headers, in the table's own numbering. */
const knownNames: i32 = 31
const tableCount: i32 = 20 * 4
const tableKnown: i32 = 40 * 4
const tableHeaders: i32 = 72 * 4

/** Makes sure that the request's head is in the arena; false when it must be asked for by calls. */
function hasHead(stamp: i32): bool {
  if (headStamp == stamp) return headThere
  if (!arenaGiven) {
    host.arena(arena, arenaSize)
    arenaGiven = true
  }
  headStamp = stamp
  headThere = host.head() != 0
  return headThere
}

/** The only line of a well-known header: where its entry is, 0 when there is none, −1 when there are several. */
function known(id: i32): isize {
  const table = load<u32>(arena)
  const first = load<i32>(table + tableKnown + (id << 2))
  if (first < 0) return 0
  const count = load<i32>(table + tableCount)
  for (let i = first + 1; i < count; i++) if (<i32>(load<u32>(table + tableHeaders + (i << 4), 4) >>> 16) == id) return -1
  return table + tableHeaders + (first << 4)
}

import * as host from './vespid'
import * as text from './text'
import * as writer from './writer'
import { Address } from './address'
import { Bytes } from './bytes'
import { findHeader, headerAt } from './head'
import { addFilter, requestTrailer, requestTrailerAt } from './filters'
import { Response, response } from './response'
import { Field, LogLevel, Status } from './status'

// @ts-ignore: builtin
const addressBytes: usize = memory.data(16, 4)

/** The request that the handler was called for. Valid until the handler returns: keep no reference to it. */
export class Request {
  /** Changes with the request, and with its head. */
  stamp: i32 = 0
  private addressStamp: i32 = 0
  private address: Address = new Address()

  /** `GET`, `POST`, … */
  get method(): string { return field(Field.Method) }
  set method(value: string) { setField(Field.Method, value) }
  /** Whether the method is this one. Makes no string of it. */
  hasMethod(name: string): bool {
    text.begin()
    const n = host.request_text(Field.Method, text.room(), text.roomSize())
    return n <= text.roomSize() && text.same(text.out, n, name)
  }
  /** The path, decoded and normalised, without arguments. */
  get path(): string { return field(Field.Uri) }
  /** nginx's name of `path`. */
  get uri(): string { return field(Field.Uri) }
  /** Changes the path; in the rewrite phases the location is searched again. */
  set uri(value: string) { setField(Field.Uri, value) }
  /** What stands behind `?`, as received; `''` when nothing does. */
  get args(): string { return field(Field.Args) }
  set args(value: string) { setField(Field.Args, value) }
  /** Path and arguments as received: `$request_uri`. */
  get unparsedUri(): string { return field(Field.UnparsedUri) }
  /** The target as received: a path, or a whole URL. */
  get target(): string { return field(Field.Target) }
  /** The request line as received. */
  get line(): string { return field(Field.RequestLine) }
  /** The name of the location that serves it: `/api/` of `location /api/ { … }`. */
  get location(): string { return field(Field.Location) }
  /** The host asked for, lower case, without port; `''` when none is named. */
  get host(): string { return field(Field.Host) }
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
    let n = host.variable_get(at, length, text.room(), text.roomSize())
    if (text.short(n)) n = host.variable_get(at, length, text.out, n)
    return text.answered(n)
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
    writer.field(Field.Uri)
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

  /**
   * In a phase handler that goes on to return Ok or Declined: it would say the same to every request that this client makes here. On this connection it
   * is not asked again.
   */
  repeatForClient(): void { host.repeat() }

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

/** What the host calls for a function of request and conf that answers a verdict; `data` is the function. */
export function verdict(data: usize, stamp: i32, conf: usize): i32 {
  request.stamp = stamp
  return call_indirect<i32>(<u32>data, changetype<usize>(request), conf)
}

/** The same for one that answers nothing: the verdict is Ok. */
export function effect(data: usize, stamp: i32, conf: usize): i32 {
  request.stamp = stamp
  call_indirect(<u32>data, changetype<usize>(request), conf)
  return Status.Ok
}

function field(i: Field): string {
  text.begin()
  let n = host.request_text(i, text.room(), text.roomSize())
  if (text.short(n)) n = host.request_text(i, text.out, n)
  return text.decode(text.out, n)
}

function setField(i: Field, value: string): void {
  text.begin()
  text.put(value)
  host.request_set(i, text.at, text.length)
}

function headerPart(i: i32, part: i32): string {
  text.begin()
  let n = host.request_header_at(i, part, text.room(), text.roomSize())
  if (n < 0) throw new RangeError('Index out of range')
  if (text.short(n)) n = host.request_header_at(i, part, text.out, n)
  return text.decode(text.out, n)
}

function change(name: string, value: string, mode: i32): bool {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  text.put(value)
  return host.request_header_set(at, length, text.at, text.length, mode) == 0
}

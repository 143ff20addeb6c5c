import * as host from './vespid'
import * as text from './text'
import { Bytes } from './bytes'

/** The bytes that the last call that waited gave. */
export function result(part: i32 = 0): Bytes {
  const n = host.result_length(part)
  const buffer = new ArrayBuffer(n)
  if (n > 0) host.result(part, 0, changetype<usize>(buffer), n)
  return Bytes.of(buffer, n)
}

/** What somebody answered whom a plugin asked. */
export class Answer {
  /** The answer's status; 0 when there is no answer, and then `error` says why. */
  status: i32 = 0
  /** Why there is no answer; `''` when there is one. */
  error: string = ''
  /** The body's bytes. */
  body: Bytes = new Bytes()
  private head: string = ''

  /** Reads what the host keeps of the last call that waited. @internal */
  static read(status: i32): Answer {
    const answer = new Answer()
    if (status < 0) {
      answer.error = result().toString()
      return answer
    }
    answer.status = status
    answer.body = result()
    answer.head = result(1).toString()
    return answer
  }

  /** There is an answer, and its status is from 200 to 299. */
  get ok(): bool { return this.status >= 200 && this.status < 300 }

  /** The body read as UTF-8. */
  get text(): string { return this.body.toString() }

  /** A header by name in any case: all its lines joined by `, `; null when there is none. */
  header(name: string): string | null {
    const lower = name.toLowerCase() + ': '
    let value: string | null = null
    let from = 0
    while (from < this.head.length) {
      const end = this.head.indexOf('\n', from)
      if (this.head.substr(from, lower.length) == lower) {
        const one = this.head.substring(from + lower.length, end)
        value = value === null ? one : value + ', ' + one
      }
      from = end + 1
    }
    return value
  }

  /** All headers, a line each, `name: value`, names in lower case. */
  get headers(): string { return this.head }
}

/** What is asked for besides where; what is left out has its default. */
export class Ask {
  /** Default GET, POST when there is a body. */
  method: string = ''
  /** Request headers, `Name: value` each. */
  headers: string[] = []
  /** The body as text, sent as UTF-8. */
  body: string | null = null
  /** The body as bytes, in place of `body`. */
  bytes: Uint8Array | null = null
  /** Milliseconds until an answer must be complete; default 30000. */
  timeout: i32 = 0
  /** The most bytes of body that are taken; default 4 MiB. */
  limit: i32 = 0
  /** Redirects that are followed, each to where the plugin may go; default 0: a redirect is the answer. */
  redirects: i32 = 0
}

const plain = new Ask()

/**
 * Asks a URL (http: or https:) and waits for the answer. Other requests are served meanwhile; when the client goes
 * away, the call ends here. The configuration must allow it: `plugin NAME { allow net HOST:PORT; }`.
 */
export function fetch(url: string, ask: Ask = plain): Answer {
  text.begin()
  putMethod(ask)
  const method = text.at
  const methodLength = text.length
  text.put(url)
  const at = text.at
  const length = text.length
  text.put(ask.headers.join('\n'))
  const headers = text.at
  const headersLength = text.length
  putBody(ask)
  return Answer.read(host.fetch(
    method, methodLength, at, length, headers, headersLength, text.at, text.length, ask.timeout, ask.limit, ask.redirects,
  ))
}

/**
 * Asks a path of this server, as a client could, and waits for the answer: its location, its handlers, without access
 * control. `timeout`, `limit` and `redirects` do not count; the body is bounded by `subrequest_output_buffer_size`.
 */
export function subrequest(uri: string, args: string = '', ask: Ask = plain): Answer {
  describe(uri, args, ask)
  return Answer.read(host.subrequest(
    words[0], <i32>words[1], words[2], <i32>words[3], words[4], <i32>words[5], words[6], <i32>words[7], words[8], <i32>words[9],
  ))
}

/** Waits for a time in milliseconds, a day at most. Other requests are served meanwhile. */
export function sleep(milliseconds: f64): void {
  host.sleep(milliseconds)
}

/** What a subrequest is described by, pointers and lengths, in the order of the host's functions. @internal */
export const words = new StaticArray<usize>(10)

/** Puts it into `words`. @internal */
export function describe(uri: string, args: string, ask: Ask): void {
  text.begin()
  text.put(uri)
  keep(0)
  text.put(args)
  keep(2)
  putMethod(ask)
  keep(4)
  text.put(ask.headers.join('\n'))
  keep(6)
  putBody(ask)
  keep(8)
}

function keep(i: i32): void {
  words[i] = text.at
  words[i + 1] = <usize>text.length
}

function putMethod(ask: Ask): void {
  if (ask.method != '') text.putName(ask.method)
  else if (ask.body !== null || ask.bytes !== null) text.putName('POST')
  else text.putName('GET')
}

function putBody(ask: Ask): void {
  if (ask.bytes !== null) text.putBytes(ask.bytes!)
  else if (ask.body !== null) text.put(ask.body!)
  else text.putNone()
}

import * as host from './host'
import * as text from './text'
import { Json } from './json'
import { setup, word } from './conf'
import { Status } from './status'

/** One call of an RPC command: its parameters, and the answer under construction. */
export class RpcCall {
  /** How many positional parameters there are. */
  get count(): i32 { return host.argument_count() }

  /** Parameter `i` as text: strings as they are, everything else as JSON; `''` when it is not there. */
  text(i: i32): string { return word(i) }

  /** Parameter `i` as a number; NaN when it is none. */
  number(i: i32): f64 {
    const s = word(i)
    return s.length == 0 ? NaN : parseFloat(s)
  }

  /** All parameters as JSON: an array, an object, or null. */
  get params(): Json {
    text.begin()
    let out = text.room()
    const n = host.rpc_params(out, text.roomSize())
    if (n > text.roomSize()) {
      out = text.bigger(n)
      host.rpc_params(out, n)
    }
    return Json.parse(text.decode(out, n))!
  }

  /**
   * Adds a value to the answer: a string, a number, a bool or Json. One value is the answer itself, several are an
   * array.
   */
  add<T>(value: T): void {
    text.begin()
    if (isString<T>()) {
      text.put(changetype<string>(value))
      host.rpc_add(0, text.at, text.length)
    } else {
      if (isBoolean<T>()) text.put(value ? 'true' : 'false')
      else if (isInteger<T>()) text.put((<i64>value).toString())
      else if (isFloat<T>()) text.put(Json.of<f64>(<f64>value).toString())
      else text.put(changetype<Json>(value).toString())
      host.rpc_add(1, text.at, text.length)
    }
  }

  /** Answers with an error instead. */
  fail(message: string, code: i32 = -32000): void {
    text.begin()
    text.put(message)
    host.rpc_error(code, text.at, text.length)
  }
}

const call = new RpcCall()

/**
 * Registers a command. `usage` is its call form and what it does: `ban.add ADDRESS: refuse requests from ADDRESS`.
 * `reads`: it changes nothing.
 */
export function rpc(name: string, usage: string, run: (call: RpcCall) => void, reads: bool = false): void {
  setup()
  const enter = (data: usize): i32 => {
    call_indirect(<u32>data, changetype<usize>(call))
    return 0
  }
  text.begin()
  text.put(name)
  const at = text.at
  const length = text.length
  text.put(usage)
  host.command(at, length, text.at, text.length, reads ? 0 : 1, enter.index, run.index)
}

/**
 * Runs a whole JSON-RPC document and gives the answer's document, `''` when nothing is to be answered. Null: the
 * answer has to be waited for; return Status.Suspended, and the handler is called again when it is there. `k` counts
 * the questions of one handler call from 0. With a `readOnly` note commands that change the server are refused with
 * it; `batch` is the most calls of a batch, 0 for any number.
 */
export function rpc_dispatch(document: Uint8Array, k: i32 = 0, readOnly: string = '', batch: i32 = 0): string | null {
  text.begin()
  text.putName(readOnly)
  const note = text.at
  const noteLength = text.length
  let out = text.room()
  const n = host.rpc_dispatch(k, document.dataStart, document.length, batch, note, noteLength, out, text.roomSize())
  if (n < 0) return null
  if (n > text.roomSize()) {
    out = text.bigger(n)
    host.rpc_dispatch(k, document.dataStart, document.length, batch, note, noteLength, out, n)
  }
  return text.decode(out, n)
}

/**
 * Answers the request with the answer to the JSON-RPC document in its body: 200 with content type `type`, or 204 when
 * nothing is to be answered. Return what this returns. The document and the answer do not pass through strings.
 * `readOnly` and `batch` as with `rpc_dispatch`.
 */
export function rpc_reply(type: string, readOnly: string = '', batch: i32 = 0): Status {
  text.begin()
  text.putName(type)
  const typeAt = text.at
  const typeLength = text.length
  text.putName(readOnly)
  const note = text.at
  const noteLength = text.length
  let out = text.room()
  const n = host.rpc_dispatch(0, 0, -1, batch, note, noteLength, out, text.roomSize())
  if (n < 0) return Status.Suspended
  if (n == 0) return Status.NoContent
  if (n > text.roomSize()) {
    out = text.bigger(n)
    host.rpc_dispatch(0, 0, -1, batch, note, noteLength, out, n)
  }
  host.reply(200, typeAt, typeLength, out, n)
  return Status.Ok
}

/**
 * Runs one command with parameters as JSON text; the answer is `{"result":…}` or `{"error":…}`. Null as with
 * `rpc_dispatch`.
 */
export function rpc_call(method: string, params: string = '', k: i32 = 0): string | null {
  text.begin()
  text.put(method)
  const at = text.at
  const length = text.length
  text.put(params)
  const paramsAt = text.at
  const paramsLength = text.length
  let out = text.room()
  const n = host.rpc_call(k, at, length, paramsAt, paramsLength, out, text.roomSize())
  if (n < 0) return null
  if (n > text.roomSize()) {
    out = text.bigger(n)
    host.rpc_call(k, at, length, paramsAt, paramsLength, out, n)
  }
  return text.decode(out, n)
}

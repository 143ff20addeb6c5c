import * as host from './vespid'
import * as text from './text'
import { Json } from './json'
import { setup, word } from './conf'
import { Status } from './status'
import { result } from './waiting'

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
    let n = host.rpc_params(text.room(), text.roomSize())
    if (text.short(n)) n = host.rpc_params(text.out, n)
    return Json.parse(text.decode(text.out, n))!
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
 * `reads`: it changes nothing. `array`: it always answers an array, `[]` where it adds nothing.
 */
export function rpc(name: string, usage: string, run: (call: RpcCall) => void, reads: bool = false, array: bool = false): void {
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
  host.command(at, length, text.at, text.length, (reads ? 0 : 1) | (array ? 2 : 0), enter.index, run.index)
}

/**
 * Runs a whole JSON-RPC document, waits for its answer and gives that document, `''` when nothing is to be answered. With
 * a `readOnly` note commands that change the server are refused with it; `batch` is the most calls of a batch, 0 for any
 * number.
 */
export function rpc_dispatch(document: Uint8Array, readOnly: string = '', batch: i32 = 0): string {
  text.begin()
  text.putName(readOnly)
  host.rpc_dispatch(document.dataStart, document.length, batch, text.at, text.length)
  return result().toString()
}

/**
 * Answers the request with the answer to the JSON-RPC document in its body: 200 with content type `type`, or 204 when
 * nothing is to be answered. Return what this returns. The document and the answer never enter the plugin, and it does
 * not wait: the commands run when the handler has returned. `readOnly` and `batch` as with `rpc_dispatch`.
 */
export function rpc_reply(type: string, readOnly: string = '', batch: i32 = 0): Status {
  text.begin()
  text.putName(type)
  const at = text.at
  const length = text.length
  text.putName(readOnly)
  host.rpc_reply(at, length, batch, text.at, text.length)
  return Status.Ok
}

/**
 * Runs one command with parameters as JSON text and waits for its answer: `{"result":…}` or `{"error":…}`; `''` when it
 * is longer than `limit` bytes (0: none is).
 */
export function rpc_call(method: string, params: string = '', limit: i32 = 0): string {
  text.begin()
  text.put(method)
  const at = text.at
  const length = text.length
  text.put(params)
  host.rpc_call(at, length, text.at, text.length)
  if (limit > 0 && host.result_length(0) > limit) return ''
  return result().toString()
}

// What the module brings to routing scripts: jsonrpc_dispatch(), jsonrpc_exec(), $jsonrpl(), and the command jsonrpc.echo.
import {
  Inner, LogLevel, Outcome, Param, RpcCall, Script, log, pseudo_variable, rpc, rpc_exec, rpc_exec_argument, rpc_outcome, rpc_serve, script_function,
} from '@vespid/sdk'
import { isDigit, isLetter } from '@vespid/sdk/ascii'
import { Json } from '@vespid/sdk/json'
import { foreign, foreignNote } from './pages'
import { dialect, strict } from './settings'

/** Runs the request's body and answers with what comes of it; a message that is no HTTP request passes. */
script_function('jsonrpc_dispatch', 0, 0, [], (s: Script): i32 => {
  if (!s.hasRequest) return 1
  if (!strict && foreign(s.request)) {
    s.request.log(LogLevel.Error, 'json-rpc call from a web page without "Content-Type: application/json"')
    s.reply(415, 'Unsupported Media Type', 'text/plain', foreignNote)
    return 1
  }
  return rpc_serve(dialect)
})

/** Runs a document; safe: a call may also be written `stats.get_statistics('all')`. */
script_function('jsonrpc_exec', 1, 1, [Param.Text], (s: Script): i32 => {
  if (!strict) {
    const call = shortForm(s.text(0))
    if (call.length > 0) return rpc_exec(call, dialect)
  }
  const rc = rpc_exec_argument(0, dialect)
  if (rc < 0) log(LogLevel.Error, 'jsonrpc_exec: the argument is no JSON')
  return rc
})

/** The answer to the last document that this script has run. */
pseudo_variable('jsonrpl', Inner.Required, (s: Script): bool => {
  const key = s.text(0)
  return rpc_outcome(key == 'code' ? Outcome.Code : key == 'text' ? Outcome.Text : Outcome.Body)
}, null, 'code,text,body')

/** `NAME(ARGUMENT, …)` as a JSON-RPC document; `''` for anything else. Arguments are numbers, words, or texts in quotes. */
function shortForm(source: string): string {
  const text = source.trim()
  const open = text.indexOf('(')
  if (open <= 0 || !text.endsWith(')')) return ''
  for (let i = 0; i < open; i++) {
    const c = text.charCodeAt(i)
    if (!isLetter(c) && !isDigit(c) && c != 46 && c != 95) return ''
  }
  const params = Json.array()
  const end = text.length - 1
  let at = open + 1
  while (true) {
    at = skip(text, at)
    if (at >= end) break
    const quote = text.charCodeAt(at)
    if (quote == 39 || quote == 34) {
      const close = text.indexOf(String.fromCharCode(quote), at + 1)
      if (close < 0 || close >= end) return ''
      params.push(Json.of<string>(text.substring(at + 1, close)))
      at = close + 1
    } else {
      let stop = text.indexOf(',', at)
      if (stop < 0) stop = end
      const word = text.substring(at, stop).trim()
      params.push(isNumber(word) ? Json.of<f64>(parseFloat(word)) : Json.of<string>(word))
      at = stop
    }
    at = skip(text, at)
    if (at >= end) break
    if (text.charCodeAt(at) != 44) return ''
    at++
  }
  return '{"jsonrpc":"2.0","method":' + Json.of<string>(text.substring(0, open)).toString() + ',"params":' + params.toString() + ',"id":1}'
}

function skip(text: string, from: i32): i32 {
  let at = from
  while (text.charCodeAt(at) == 32) at++
  return at
}

function isNumber(word: string): bool {
  if (word.length == 0 || word.length > 15) return false
  for (let i = word.charCodeAt(0) == 45 && word.length > 1 ? 1 : 0; i < word.length; i++) {
    if (!isDigit(word.charCodeAt(i))) return false
  }
  return true
}

/** Kamailio's slots `*.Sd`: a text, or a number as one; then a number, 0 for what is none. */
rpc('jsonrpc.echo', 'jsonrpc.echo [TEXT [NUMBER]]: the same again', (call: RpcCall): void => {
  const params = call.params
  const first = params.length > 0 ? nth(params, 0) : null
  if (first !== null && (first.isString || first.isNumber)) {
    call.add<string>(first.isString ? first.text : (<u64><i64>first.number).toString())
    const second = params.length > 1 ? nth(params, 1) : null
    if (second !== null) call.add<i64>(second.isNumber ? <i64>second.number : second.bool ? 1 : 0)
  }
}, true, true)

function nth(params: Json, i: i32): Json | null {
  return params.isObject ? params.get(params.key(i)) : params.at(i)
}

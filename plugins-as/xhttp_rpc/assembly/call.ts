import { rpc_call } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'
import { Command, Parameter, textOf } from './catalog'

/** What became of a call. */
export class Outcome {
  /** HTTP's number and words for it. */
  status: i32 = 200
  reason: string = 'OK'
  result: Json = Json.none()
  /** What was probably meant, when the command said so. */
  suggestion: string = ''
}

/** A call that did not come to pass. */
export function failed(status: i32, reason: string): Outcome {
  const outcome = new Outcome()
  outcome.status = status
  outcome.reason = reason
  return outcome
}

/**
 * Calls a command with words as its parameters. `limit`: the longest answer, in bytes of JSON. `strict`: a word that is no
 * number fails as in Kamailio.
 */
export function run(command: Command, words: string[], limit: i32, strict: bool): Outcome {
  const params: string[] = []
  for (let i = 0; i < words.length; i++) {
    const parameter = parameterAt(command, i)
    const value = valueOf(parameter, words[i])
    if (value === null) {
      return failed(400, strict ? 'Invalid parameter value' : `parameter "${parameter!.name}" is a number, not "${words[i]}"`)
    }
    params.push(value)
  }
  const text = rpc_call(command.name, words.length == 0 ? '' : `[${params.join(',')}]`, limit)
  if (text.length == 0) {
    return failed(500, strict ? 'Internal Server Error' : `the answer is longer than ${limit} bytes (xhttp_rpc_buf_size)`)
  }
  const answer = Json.parse(text)
  if (answer === null) return failed(500, 'the answer is nested too deeply')
  const error = answer.get('error')
  if (error !== null) return faultOf(error)
  const outcome = new Outcome()
  outcome.result = answer.get('result')!
  return outcome
}

function faultOf(error: Json): Outcome {
  const number = error.get('code')
  const code = number === null ? 0 : <i32>number.number
  // JSON-RPC's own numbers (specification §5.1) have no meaning in HTTP.
  const status = code >= 400 && code <= 699 ? code : code == -32602 ? 400 : 500
  const outcome = failed(status, textOf(error, 'message'))
  outcome.suggestion = textOf(error.get('data'), 'suggestion')
  return outcome
}

function parameterAt(command: Command, i: i32): Parameter | null {
  const parameters = command.parameters
  if (i < parameters.length) return parameters[i]
  return parameters.length > 0 && parameters[parameters.length - 1].rest ? parameters[parameters.length - 1] : null
}

/** A word as JSON; null when it has to be a number and is none. */
function valueOf(parameter: Parameter | null, word: string): string | null {
  const type = parameter === null ? '' : parameter.type
  if (type == 'int') return wholeNumber(word)
  if (type == 'float') {
    const value = parseFloat(word)
    return isFinite(value) ? Json.of<f64>(value).toString() : null
  }
  return Json.of<string>(word).toString()
}

/** An integer as strtol reads it with base 0: `0x1f`, `010` (octal), `-5`. */
function wholeNumber(word: string): string | null {
  const negative = word.startsWith('-')
  let at = negative || word.startsWith('+') ? 1 : 0
  let base: i64 = 10
  if (word.length > at + 1 && word.charCodeAt(at) == 48) {
    const hex = word.charCodeAt(at + 1) == 120 || word.charCodeAt(at + 1) == 88
    base = hex ? 16 : 8
    at += hex ? 2 : 1
  }
  if (at >= word.length || word.length - at > 15) return null
  let value: i64 = 0
  for (; at < word.length; at++) {
    const c = word.charCodeAt(at) | 32
    const digit = c >= 97 ? c - 87 : word.charCodeAt(at) - 48
    if (digit < 0 || digit >= <i32>base) return null
    value = value * base + digit
  }
  return (negative ? -value : value).toString()
}

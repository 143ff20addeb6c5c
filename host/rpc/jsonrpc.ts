/** JSON-RPC 2.0 (https://www.jsonrpc.org/specification) as a function from a document to the answer's document, for any transport. */
import { ConfigError, PluginError } from '../core/errors.ts'
import type { CallContext, Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import type { Registry } from './registry.ts'
import { unknownCommand } from './registry.ts'
import { invalidRequest, parseError, readCall, readDocument, refusal, tooMany } from './request.ts'
import { readSimpleCall } from './simplecall.ts'

/** Told of failures that are ours, not the caller's: the command's name and what was thrown. */
export type OnFault = (command: string, error: unknown) => void

/**
 * Runs one JSON-RPC document, a call or a batch, given as UTF-8 bytes (`document[start…end)`). Returns the answer's text, `''` when nothing is to be
 * answered (notifications), or a promise of it when a command has to wait; never throws and never rejects. The calls of a batch
 * run one after another, and are answered in their order.
 */
export function dispatch(registry: Registry, document: Buffer, context: CallContext, onFault: OnFault, start = 0, end = document.length): string | Promise<string> {
  const simple = readSimpleCall(document, start, end)
  const command = simple === null ? undefined : registry.find(simple.method)
  if (command !== undefined && (command.effect !== 'write' || !context.readOnly)) return run(command, simple!.params, simple!.id, context, onFault)
  return dispatchAny(registry, document.subarray(start, end), context, onFault)
}

/** The same without a look at whether the document is a simple one. */
export function dispatchAny(registry: Registry, document: Buffer, context: CallContext, onFault: OnFault): string | Promise<string> {
  let value: unknown
  try {
    value = readDocument(document)
  } catch {
    return failure('null', parseError())
  }
  if (!Array.isArray(value)) return call(registry, value, context, onFault)
  const mistake = value.length === 0 ? invalidRequest() : tooMany(value.length, context.batch ?? 0)
  if (mistake !== null) return failure('null', mistake)
  return batch(registry, value, 0, [], context, onFault)
}

/** The calls of a batch from `start` on; goes on in the background of the first one that waits. */
function batch(registry: Registry, calls: unknown[], start: number, answers: string[], context: CallContext, onFault: OnFault): string | Promise<string> {
  for (let i = start; i < calls.length; i++) {
    const answer = call(registry, calls[i], context, onFault)
    if (typeof answer !== 'string') {
      return answer.then((text) => {
        if (text !== '') answers.push(text)
        return batch(registry, calls, i + 1, answers, context, onFault)
      })
    }
    if (answer !== '') answers.push(answer)
  }
  return answers.length === 0 ? '' : `[${answers.join(',')}]`
}

/** One call (§4): checks the request object, runs the command, words the answer. */
function call(registry: Registry, value: unknown, context: CallContext, onFault: OnFault): string | Promise<string> {
  const { method, params, id } = readCall(value)
  if (method === null) return failure(id ?? 'null', invalidRequest())
  const command = registry.find(method)
  if (command === undefined) return id !== null ? failure(id, unknownCommand(registry, method)) : ''
  const mistake = refusal(command, context.readOnly)
  if (mistake !== null) return id !== null ? failure(id, mistake) : ''
  return run(command, params, id, context, onFault)
}

/** Runs a command and words the answer; `id` is the id's JSON, null for a notification. */
function run(command: Command, params: unknown, id: string | null, context: CallContext, onFault: OnFault): string | Promise<string> {
  let result: unknown
  try {
    result = command.run(params, context)
  } catch (error) {
    return failed(command, id, error, onFault)
  }
  if (!(result instanceof Promise)) return id !== null ? success(id, result, command, onFault) : ''
  return result.then((late) => id !== null ? success(id, late, command, onFault) : '', (error: unknown) => failed(command, id, error, onFault))
}

/** A notification that failed answers nothing (§4.1), but a fault of ours is still told. */
function failed(command: Command, id: string | null, error: unknown, onFault: OnFault): string {
  const answer = asRpcError(command, error, onFault)
  return id !== null ? failure(id, answer) : ''
}

/** The last short text that was a result, and its JSON: answers repeat. */
let lastResult = ''
let lastJson = '""'

function textJson(text: string): string {
  if (text === lastResult) return lastJson
  const json = JSON.stringify(text)
  if (text.length <= 128) {
    lastResult = text
    lastJson = json
  }
  return json
}

function success(id: string, result: unknown, command: Command, onFault: OnFault): string {
  try {
    return `{"jsonrpc":"2.0","result":${typeof result === 'string' ? textJson(result) : JSON.stringify(result) ?? 'null'},"id":${id}}`
  } catch (error) {
    return failed(command, id, error, onFault)
  }
}

function failure(id: string, error: RpcError): string {
  return `{"jsonrpc":"2.0","error":${JSON.stringify(errorObject(error))},"id":${id}}`
}

/** The `error` member of an answer (§5.1). */
export function errorObject(error: RpcError): { code: number, message: string, data?: unknown } {
  return error.data === undefined ? { code: error.code, message: error.message } : { code: error.code, message: error.message, data: error.data }
}

/** What a command threw, as an error answer: its own RpcError, the sentence of a configuration or plugin error, else −32603. */
export function asRpcError(command: Command, error: unknown, onFault: OnFault): RpcError {
  if (error instanceof RpcError) {
    if (error.code !== RpcCode.InvalidParams || error.data !== undefined) return error
    return new RpcError(error.code, error.message, { usage: command.usage })
  }
  if (error instanceof ConfigError) return new RpcError(RpcCode.Failed, error.line, error.note === null ? undefined : { note: error.note })
  if (error instanceof PluginError) {
    return new RpcError(RpcCode.Failed, `${error.plugin}: ${error.message}`, error.note === null ? undefined : { note: error.note })
  }
  onFault(command.name, error)
  return new RpcError(RpcCode.InternalError, 'Internal error')
}

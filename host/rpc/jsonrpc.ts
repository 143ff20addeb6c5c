/** JSON-RPC 2.0 (https://www.jsonrpc.org/specification) as a function from a document to the answer's document, for any transport. */
import { ConfigError, PluginError } from '../core/errors.ts'
import type { CallContext, Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import type { Registry } from './registry.ts'
import { unknownCommand } from './registry.ts'
import { readSimpleCall } from './simplecall.ts'

/** The specification's sentences (§5.1), used as `message` when a command brings none of its own. */
const messages: Record<number, string> = {
  [RpcCode.ParseError]: 'Parse error',
  [RpcCode.InvalidRequest]: 'Invalid Request',
  [RpcCode.InternalError]: 'Internal error',
}

/** Told of failures that are ours, not the caller's: the command's name and what was thrown. */
export type OnFault = (command: string, error: unknown) => void

/** The source text proposal, which Node 26 has and TypeScript's library does not declare yet. */
const json = JSON as typeof JSON & { rawJSON(text: string): object, isRawJSON(value: unknown): boolean }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Runs one JSON-RPC document, a call or a batch, given as UTF-8 bytes (`document[start…end)`) or as text. Returns the answer's text, `''` when nothing is to be
 * answered (notifications), or a promise of it when a command has to wait; never throws and never rejects. The calls of a batch
 * run one after another, and are answered in their order.
 */
export function dispatch(registry: Registry, document: Buffer | string, context: CallContext, onFault: OnFault, start = 0, end = document.length): string | Promise<string> {
  const simple = typeof document === 'string' ? null : readSimpleCall(document, start, end)
  const command = simple === null ? undefined : registry.find(simple.method)
  if (command !== undefined && (command.effect !== 'write' || !context.readOnly)) return run(command, simple!.params, simple!.id, context, onFault)
  let value: unknown
  let text: string
  try {
    text = typeof document === 'string' ? document : utf8.decode(document.subarray(start, end))
    value = JSON.parse(text)
  } catch {
    return failure(undefined, new RpcError(RpcCode.ParseError, messages[RpcCode.ParseError]!))
  }
  if (hasWideId(value)) keepWideIds(value, text)
  if (!Array.isArray(value)) return call(registry, value, context, onFault)
  if (value.length === 0) return failure(undefined, new RpcError(RpcCode.InvalidRequest, messages[RpcCode.InvalidRequest]!))
  const { batch: most = 0 } = context
  if (most > 0 && value.length > most) {
    return failure(undefined, new RpcError(RpcCode.InvalidRequest, messages[RpcCode.InvalidRequest]!, { note: `a batch may hold at most ${most} calls, not ${value.length}` }))
  }
  const answers: (string | Promise<string>)[] = []
  return batch(registry, value, 0, answers as string[], context, onFault)
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
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return invalid(undefined)
  const request = value as { jsonrpc?: unknown, method?: unknown, params?: unknown, id?: unknown }
  const known = Object.hasOwn(request, 'id')
  const id = known ? request.id : undefined
  if (known && id !== null && typeof id !== 'string' && typeof id !== 'number' && !json.isRawJSON(id)) return invalid(undefined)
  if (!Object.hasOwn(request, 'jsonrpc') || request.jsonrpc !== '2.0') return invalid(id)
  if (!Object.hasOwn(request, 'method') || typeof request.method !== 'string') return invalid(id)
  const params = Object.hasOwn(request, 'params') ? request.params : undefined
  if (params !== undefined && (typeof params !== 'object' || params === null)) return invalid(id)

  const command = registry.find(request.method)
  if (command === undefined) return known ? failure(id, unknownCommand(registry, request.method)) : ''
  if (command.effect === 'write' && context.readOnly) return known ? failure(id, refused(command, context.readOnly)) : ''
  return run(command, params, known ? JSON.stringify(id) : null, context, onFault)
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

function failed(command: Command, id: string | null, error: unknown, onFault: OnFault): string {
  return id !== null ? failureText(id, asRpcError(command, error, onFault)) : silent(command, error, onFault)
}

function invalid(id: unknown): string {
  return failure(id, new RpcError(RpcCode.InvalidRequest, messages[RpcCode.InvalidRequest]!))
}

/** The answer to a command that changes the server where the transport is for reading only. */
function refused(command: Command, note: string): RpcError {
  return new RpcError(RpcCode.Failed, `command "${command.name}" changes the server and may not be called here`, { note })
}

/** A notification that failed answers nothing (§4.1), but a fault of ours is still told. */
function silent(command: Command, error: unknown, onFault: OnFault): string {
  asRpcError(command, error, onFault)
  return ''
}

function success(id: string, result: unknown, command: Command, onFault: OnFault): string {
  try {
    return `{"jsonrpc":"2.0","result":${JSON.stringify(result) ?? 'null'},"id":${id}}`
  } catch (error) {
    return failureText(id, asRpcError(command, error, onFault))
  }
}

function failure(id: unknown, error: RpcError): string {
  return failureText(id === undefined ? 'null' : JSON.stringify(id), error)
}

function failureText(id: string, error: RpcError): string {
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
  return new RpcError(RpcCode.InternalError, messages[RpcCode.InternalError]!)
}

/** Whether a call of the document has an id that a double cannot hold; the caller must get it back as it was (§5: "the same as the value"). */
function hasWideId(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => !Array.isArray(item) && hasWideId(item))
  if (typeof value !== 'object' || value === null) return false
  const id = (value as { id?: unknown }).id
  return typeof id === 'number' && !Number.isSafeInteger(id)
}

/** Reads the document again, this time with each id's own digits, and puts those ids in the place of the rounded ones. */
function keepWideIds(value: unknown, text: string): void {
  const exact = JSON.parse(text, (key: string, v: unknown, context?: { source?: string }) => {
    return key === 'id' && typeof v === 'number' ? json.rawJSON(context!.source!) : v
  })
  const calls: unknown[] = Array.isArray(value) ? value : [value]
  const exactCalls: unknown[] = Array.isArray(value) ? exact : [exact]
  calls.forEach((item, i) => {
    if (!Array.isArray(item) && hasWideId(item)) (item as { id: unknown }).id = (exactCalls[i] as { id: unknown }).id
  })
}

/**
 * JSON-RPC as Kamailio's clients speak it, for every transport of the plugin jsonrpcs. `strict` is Kamailio to the letter; else it is JSON-RPC 2.0,
 * of which three things are Kamailio's because its clients rely on them (kamailio.md §11): the layout, that a fault's code is the HTTP status, and
 * that a call without id is answered.
 */
import type { CallContext, Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import type { Dialect, Outcome } from './dialect.ts'
import { asRpcError, errorObject } from './jsonrpc.ts'
import type { OnFault } from './jsonrpc.ts'
import { layout, quoted } from './layout.ts'
import { LenientObject, plain, readLenient } from './lenient.ts'
import type { Registry } from './registry.ts'
import { unknownCommand } from './registry.ts'
import type { CallObject } from './request.ts'
import { invalidRequest, member, parseError, readCall, readDocument, refusal, tooMany } from './request.ts'
import { readSimpleCall } from './simplecall.ts'
import { stored } from './storepath.ts'

/** A call taken apart. */
interface Call {
  readonly command: Command
  readonly params: unknown
  /** The id's JSON text; null when it has none. */
  readonly id: string | null
  /** What `reply_name` and `store_path` say; null when they are not there. */
  readonly replyName: string | null
  readonly storePath: string | null
}

/** Everything that is the same for all calls of a document. */
interface Around {
  readonly registry: Registry
  readonly context: CallContext
  readonly dialect: Dialect
  readonly onFault: OnFault
}

const longestReason = 127

/**
 * Runs a document, `document[start…end)`, and gives its answer, or a promise of it when a command waits; never throws, never rejects. A document that
 * is not readable has no answer in a strict dialect, and error −32700 in the other.
 */
export function serveDocument(
  registry: Registry, document: Buffer, context: CallContext, dialect: Dialect, onFault: OnFault, start = 0, end = document.length,
): Outcome | Promise<Outcome> {
  const around: Around = { registry, context, dialect, onFault }
  if (!dialect.replyName) {
    const simple = readSimpleCall(document, start, end)
    const command = simple === null ? undefined : registry.find(simple.method)
    if (command !== undefined && (!dialect.strict || (simple!.id !== 'null' && !isObject(simple!.params)))) {
      return runCall(around, { command, params: simple!.params, id: simple!.id, replyName: null, storePath: null })
    }
  }
  const bytes = document.subarray(start, end)
  return dialect.strict ? strictly(around, readLenient(bytes)) : safely(around, bytes)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// --- Kamailio to the letter -----------------------------------------------------------------------------------------------------------

function strictly(around: Around, root: unknown): Outcome | Promise<Outcome> {
  const { registry, dialect } = around
  if (root === undefined) return unreadable
  const request = root instanceof LenientObject ? root : new LenientObject()
  const id = strictId(request.get('id'))
  const empty = (array: boolean, replyName: string | null): Outcome => success(dialect, array ? [] : {}, id, replyName)
  if (request.get('jsonrpc') !== '2.0') return empty(false, null)
  const name = request.get('reply_name')
  const replyName = typeof name === 'string' ? name : null
  if (dialect.replyName && replyName === null) return empty(false, null)
  const method = request.get('method')
  if (typeof method !== 'string') return empty(false, replyName)
  const command = registry.find(method)
  if (command === undefined) return fault(dialect, new RpcError(500, 'Method Not Found'), id, replyName)
  let params = request.get('params')
  if (params !== undefined && !Array.isArray(params) && !(params instanceof LenientObject)) return empty(command.array === true, replyName)
  params = params instanceof LenientObject ? params.values.map(plain) : plain(params)
  const path = request.get('store_path')
  return runCall(around, { command, params, id, replyName, storePath: typeof path === 'string' && path !== '' ? path : null })
}

/** §2.6. */
function strictId(id: unknown): string | null {
  if (id === undefined) return null
  return typeof id === 'string' ? quoted(id) : typeof id === 'number' ? layout(id, false) : id === true ? '1' : '0'
}

// --- JSON-RPC 2.0 ----------------------------------------------------------------------------------------------------------------------

function safely(around: Around, bytes: Buffer): Outcome | Promise<Outcome> {
  const { dialect } = around
  const root = readJson(bytes, dialect)
  if (root === undefined) return fault(dialect, parseError(), 'null', dialect.replyName ? nameIn(bytes) : null, 400, false)
  if (Array.isArray(root)) return batch(around, root)
  const replyName = replyNameOf(root)
  const asked = readCall(root)
  const call = prepare(around, root, asked, replyName)
  return call instanceof RpcError ? refused(dialect, call, asked, replyName) : runCall(around, call)
}

/** What a shell script sends may be JSON by Kamailio's rules only: kamctl writes `08`. */
function readJson(bytes: Buffer, dialect: Dialect): unknown {
  try {
    return readDocument(bytes)
  } catch {
    if (!dialect.replyName) return undefined
    const value = readLenient(bytes)
    return value instanceof LenientObject ? plain(value) : undefined
  }
}

/** The name to answer to in a document that is no JSON, so that its sender need not wait for ever. */
function nameIn(bytes: Buffer): string | null {
  return /"reply_name"\s*:\s*"([\w-]{1,120})"/.exec(bytes.latin1Slice(0, Math.min(65536, bytes.length)))?.[1] ?? null
}

function replyNameOf(root: unknown): string | null {
  const name = member(root, 'reply_name')
  return typeof name === 'string' ? name : null
}

/** A call as it is run, or why it cannot be. */
function prepare({ registry, dialect }: Around, root: unknown, { method, params, id }: CallObject, replyName: string | null): Call | RpcError {
  if (method === null) return invalidRequest()
  if (dialect.replyName && replyName === null) return invalidRequest('it has no "reply_name"')
  const command = registry.find(method)
  if (command === undefined) return unknownCommand(registry, method)
  const path = member(root, 'store_path')
  return { command, params, id, replyName, storePath: typeof path === 'string' && path !== '' ? path : null }
}

/** The answer to what cannot be called; the id is told where it can be. */
function refused(dialect: Dialect, error: RpcError, { id }: CallObject, replyName: string | null): Outcome {
  const invalid = error.code === RpcCode.InvalidRequest
  return fault(dialect, error, id ?? (invalid ? 'null' : null), replyName, invalid ? 400 : 0)
}

/** The calls of a batch one after another; of these, those without an id are not answered (specification §6). */
async function batch(around: Around, calls: readonly unknown[]): Promise<Outcome> {
  const { dialect, context } = around
  const replyName = dialect.replyName ? calls.map(replyNameOf).find((name) => name !== null) ?? null : null
  const mistake = calls.length === 0 ? invalidRequest('it is empty') : tooMany(calls.length, dialect.batch > 0 ? dialect.batch : context.batch ?? 0)
  if (mistake !== null) return fault(dialect, mistake, 'null', replyName, 400)
  const answers: string[] = []
  if (!dialect.replyName || replyName !== null) {
    for (const item of calls) {
      const asked = readCall(item)
      const call = prepare(around, item, asked, replyName)
      const { text } = call instanceof RpcError ? refused(dialect, call, asked, replyName) : await runCall(around, { ...call, storePath: null })
      if (asked.id !== null || asked.method === null) answers.push(text)
    }
  }
  const text = answers.length === 0 ? '' : `[${answers.join(dialect.pretty ? ', ' : ',')}]`
  return { text, code: 200, reason: 'OK', readable: true, replyName }
}

// --- running and answering -------------------------------------------------------------------------------------------------------------

function runCall(around: Around, call: Call): Outcome | Promise<Outcome> {
  const { context, dialect } = around
  const { command } = call
  const mistake = refusal(command, dialect.readOnly === '' ? context.readOnly : dialect.readOnly)
  if (mistake !== null) return fault(dialect, mistake, call.id, call.replyName)
  let result: unknown
  try {
    result = command.run(call.params, context)
  } catch (error) {
    return finish(around, call, failed(around, call, error))
  }
  if (!(result instanceof Promise)) return finish(around, call, answered(around, call, result))
  return result.then((late) => finish(around, call, answered(around, call, late)), (error: unknown) => finish(around, call, failed(around, call, error)))
}

function answered(around: Around, { command, id, replyName }: Call, result: unknown): Outcome {
  try {
    return success(around.dialect, result ?? (command.array === true ? [] : {}), id, replyName)
  } catch (error) {
    return fault(around.dialect, asRpcError(command, error, around.onFault), id, replyName)
  }
}

function failed({ dialect, onFault }: Around, { command, id, replyName }: Call, error: unknown): Outcome {
  return fault(dialect, asRpcError(command, error, onFault), id, replyName)
}

function finish({ dialect, context }: Around, call: Call, outcome: Outcome): Outcome {
  if (call.storePath === null || context.transport === 'http') return outcome
  return { ...outcome, text: stored(dialect.store, call.storePath, outcome.text, call.id) }
}

const unreadable: Outcome = { text: '', code: 0, reason: '', readable: false, replyName: null }

function success({ pretty }: Dialect, result: unknown, id: string | null, replyName: string | null): Outcome {
  const text = pretty
    ? `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t${layout(result, true, 1)}${id === null ? '' : `,\n\t"id":\t${id}`}\n}`
    : `{"jsonrpc":"2.0","result":${layout(result, false)}${id === null ? '' : `,"id":${id}`}}`
  return { text, code: 200, reason: 'OK', readable: true, replyName }
}

/** Kamailio's code and text of a fault are the HTTP status and its reason too (§2.5), unless `status` says another. */
function fault({ strict, pretty }: Dialect, error: RpcError, id: string | null, replyName: string | null, status = 0, readable = true): Outcome {
  const { code, message, data } = errorObject(error)
  const short = Buffer.byteLength(message) > longestReason && strict ? cut(message) : message === '' ? 'Unexpected Error' : message
  const body = { code: code === 0 ? RpcCode.Failed : code, message: short, ...(strict || data === undefined ? {} : { data }) }
  const text = pretty
    ? `{\n\t"jsonrpc":\t"2.0",\n\t"error":\t${layout(body, true, 1)}${id === null ? '' : `,\n\t"id":\t${id}`}\n}`
    : `{"jsonrpc":"2.0","error":${layout(body, false)}${id === null ? '' : `,"id":${id}`}}`
  return { text, code: status !== 0 ? status : code > 100 && code < 700 ? code : 500, reason: reasonOf(short), readable, replyName }
}

function cut(message: string): string {
  return Buffer.from(message).subarray(0, longestReason).toString('utf8').replace(/\ufffd+$/, '')
}

/** A reason phrase is one line of visible text. */
function reasonOf(message: string): string {
  // eslint-disable-next-line no-control-regex
  return cut(message).replace(/[\x00-\x1f\x7f]+/g, ' ').trim() || 'Error'
}

import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import type { Answer } from '../../module.ts'
import { ERROR } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Frame } from '../frame.ts'
import { RpcCode, RpcError } from '../../rpc/command.ts'
import type { CallContext, Command } from '../../rpc/command.ts'
import type { RpcReply } from '../frame.ts'
import { Kind, Wish, mayWaitIn } from '../frame.ts'
import { GuestFault, Trap, byteString, oneLine } from '../trap.ts'
import type { Services } from '../services.ts'
import { missingGrant } from '../../core/grants.ts'
import { bounds } from './abi.ts'
import type { HostFunctions } from './abi.ts'
import type { Registration } from './registration.ts'
import { Use } from './registration.ts'
import type { Waiting } from './waiting.ts'

const none = Buffer.alloc(0)

/** The functions that answer an RPC command, and those by which a handler has commands run. */
export function commandImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  // A handler's note is the same each time.
  let lastNote = ''
  let lastDecoded = ''
  return {
    rpc_params: (out, capacity) => {
      const frame = instance.expect(Kind.Command, 'rpc_params')
      return instance.give(byteString(JSON.stringify(frame.params ?? null)), out!, capacity!)
    },
    rpc_add: (kind, pointer, length) => {
      const frame = instance.expect(Kind.Command, 'rpc_add')
      const text = utf8(instance.text(pointer!, length!, kind === 0 ? bounds.body : bounds.json))
      frame.results ??= []
      if (frame.results.length >= 65536) throw new GuestFault('answered a command with more than 65536 values')
      frame.results.push(kind === 0 ? text : parseJson(text))
    },
    rpc_error: (code, pointer, length) => {
      const frame = instance.expect(Kind.Command, 'rpc_error')
      frame.failure = { code: code!, message: oneLine(utf8(instance.text(pointer!, length!, 4096)), 1024) }
    },
    rpc_call: instance.suspending((method: number, methodLength: number, params: number, paramsLength: number) => {
      const frame = instance.expect(mayWaitIn, 'rpc_call')
      const name = plugin.named(method, methodLength, bounds.name)
      const text = utf8(instance.text(params, paramsLength))
      const value = text === '' ? undefined : parseJson(text)
      const refusal = commandRefusal(plugin, name)
      if (refusal !== null) return answered(instance, frame, name, failure(new RpcError(RpcCode.Failed, refusal)))
      return answered(instance, frame, name, runCommand(plugin, frame, name, value))
    }),
    rpc_dispatch: instance.suspending((document: number, length: number, batch: number, note: number, noteLength: number) => {
      const frame = instance.expect(mayWaitIn, 'rpc_dispatch')
      const readOnly = plugin.named(note, noteLength, bounds.name)
      checkDispatch(plugin)
      const bytes = length === -1 && frame.request !== null ? frame.request.body.bytes() : guestDocument(instance, document, length)
      const { dispatch } = plugin.services
      const context = { ...callContext(frame), readOnly: utf8(readOnly), batch }
      return answered(instance, frame, 'commands', dispatch === undefined ? noRpc() : dispatch(bytes, context))
    }),
    rpc_reply: (type, typeLength, batch, note, noteLength) => {
      const frame = instance.expect(Kind.Handle, 'rpc_reply')
      if (frame.wish !== Wish.None) throw new GuestFault('called rpc_reply after a reply or a redirect')
      const contentType = plugin.field(type!, typeLength!, Use.Value)
      if (contentType === null) throw new GuestFault('replied with a content type that holds a line break')
      checkDispatch(plugin)
      frame.wish = Wish.Rpc
      const text = plugin.named(note!, noteLength!, bounds.name)
      if (text !== lastNote) {
        lastNote = text
        lastDecoded = utf8(text)
      }
      frame.rpcReply = { type: contentType, readOnly: lastDecoded, batch: batch! }
    },
  }
}

/** Whether the plugin may call a command: null, or why not. Its own it may, and those that shipped with vespid may call all. `GROUP.*` and `*` may be allowed. */
function commandRefusal(plugin: NativePlugin, name: string): string | null {
  const { registration, own, cycle } = plugin
  if (own || registration.commands.some((command) => command.name === name)) return null
  for (const grant of cycle?.grants.list(plugin.name, 'rpc') ?? []) {
    if (grant === name || (grant.endsWith('*') && name.startsWith(grant.slice(0, -1)))) return null
  }
  return `plugin "${plugin.name}" may not call "${name}"; ${missingGrant(plugin.name, 'rpc', name)}`
}

/** A fault unless the plugin may call every command: which ones a document calls is known when it is too late. */
export function checkDispatch(plugin: NativePlugin): void {
  if (plugin.own || plugin.cycle?.grants.has(plugin.name, 'rpc', '*') === true) return
  throw new GuestFault(`may not have documents of commands run; ${missingGrant(plugin.name, 'rpc', '*')}`)
}

/** A JSON-RPC document in the guest's memory, copied: the guest may change it while it waits. */
function guestDocument(instance: Instance, pointer: number, length: number): Buffer {
  if (length > bounds.body) throw new GuestFault(`dispatched a document of ${length} bytes; ${bounds.body} are allowed`)
  const at = instance.range(pointer, length)
  return Buffer.from(instance.bytes.subarray(at, at + length))
}

/** Hands the answer's document to the guest, at once or when it is there: the length. */
function answered(instance: Instance, frame: Frame, what: string, answer: string | Promise<string>): number | Promise<number> {
  const take = (text: string): number => {
    const body = Buffer.from(text, 'utf8')
    frame.result = { body, headers: none }
    return body.length
  }
  if (typeof answer === 'string') return take(answer)
  return instance.waiting!.wait(`rpc ${what}`, (done) => {
    answer.then((text) => done(take(text)), (error: unknown) => done(take(failure(error))))
  })
}

function runCommand(plugin: NativePlugin, frame: Frame, method: string, params: unknown): string | Promise<string> {
  const { call } = plugin.services
  const context = callContext(frame)
  if (call === undefined) return noRpc()
  if (context.within! > bounds.commands) return failure(new RpcError(RpcCode.Failed, 'commands call each other too deeply'))
  let result: unknown
  try {
    result = call(method, params, context)
  } catch (error) {
    return failure(error)
  }
  if (result instanceof Promise) return result.then(success)
  return success(result)
}

function callContext(frame: Frame): CallContext {
  const { request, context } = frame
  return { transport: 'http', caller: request?.remoteAddress ?? context?.caller ?? 'a plugin', within: (context?.within ?? 0) + 1 }
}

/** Answers a request with the answer to the JSON-RPC document in its body; 204 when nothing is to be answered. */
export function rpcReply(plugin: NativePlugin, r: Request, { type, readOnly, batch }: RpcReply): Answer {
  const { dispatch } = plugin.services
  const context = { transport: 'http', caller: r.remoteAddress, readOnly, batch }
  const answer = dispatch === undefined ? noRpc() : dispatchBody(dispatch, r, context)
  if (typeof answer === 'string') return replyText(r, type, answer)
  const { serial } = r
  return answer.then((text) => (r.finished || r.serial !== serial ? ERROR : replyText(r, type, text)))
}

/** Runs the document in a request's body, where it lies. */
function dispatchBody(dispatch: NonNullable<Services['dispatch']>, r: Request, context: CallContext): string | Promise<string> {
  const { body } = r
  const { held } = body
  return held === null ? dispatch(body.bytes(), context) : dispatch(held, context, body.heldAt, body.heldAt + body.length)
}

function replyText(r: Request, type: string, text: string): Answer {
  if (text === '') return 204
  // ASCII is written as it is.
  return r.respond(200, type, Buffer.byteLength(text, 'utf8') === text.length ? text : Buffer.from(text, 'utf8'))
}

function success(result: unknown): string {
  return JSON.stringify({ result: result ?? null })
}

function failure(error: unknown): string {
  if (error instanceof RpcError) return JSON.stringify({ error: { code: error.code, message: error.message, data: error.data } })
  return JSON.stringify({ error: { code: RpcCode.InternalError, message: 'Internal error' } })
}

function noRpc(): string {
  return JSON.stringify({ error: { code: RpcCode.InternalError, message: 'no commands can be called here' } })
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GuestFault('gave a text as JSON that is none')
  }
}

/** The plugin's RPC commands as the registry wants them. */
export function makeCommands(instance: Instance, registration: Registration, waiting: Waiting | null): Command[] {
  return registration.commands.map(({ name, usage, effect, array, run }) => ({
    name, usage: utf8(usage), effect, ...(array ? { array } : {}),
    run: run.waits && waiting !== null
      ? (params: unknown, context: CallContext) => waiting.command(run, (frame) => fill(frame, params, context), (frame) => outcome(frame.failure, frame.results, array), context)
      : (params: unknown, context: CallContext): unknown => callCommand(instance, run, params, context, array),
  }))
}

function fill(frame: Frame, params: unknown, context: CallContext): void {
  frame.params = params
  frame.context = context
  frame.args = positional(params)
}

/** What a command's function added, or the error that it gave; an array command answers an array however much it was. */
function outcome(failure: Frame['failure'], results: Frame['results'], array: boolean): unknown {
  if (failure !== null) throw new RpcError(failure.code, failure.message)
  if (array) return results ?? []
  return results === null ? null : results.length === 1 ? results[0] : results
}

/** Runs a command's function. A trap is the caller's −32603, with the plugin's name and the place. */
function callCommand(instance: Instance, f: GuestFunction, params: unknown, context: CallContext, array: boolean): unknown {
  try {
    const { failure, results } = instance.run(Kind.Command, f.label, (frame) => {
      fill(frame, params, context)
      f.calls++
      f.call(f.data)
      return { failure: frame.failure, results: frame.results }
    })
    return outcome(failure, results, array)
  } catch (error) {
    throw commandFailed(error, f)
  }
}

/** An error of a command's call as its caller is told it. */
export function commandFailed(error: unknown, f: GuestFunction): unknown {
  return error instanceof Trap ? new RpcError(RpcCode.InternalError, `plugin ${error.plugin} trapped in ${f.label}: ${error.text}`) : error
}

/** Positional parameters as byte strings: texts as they are, everything else as JSON. */
function positional(params: unknown): readonly string[] {
  if (!Array.isArray(params)) return []
  return params.map((p) => byteString(typeof p === 'string' ? p : JSON.stringify(p) ?? 'null'))
}

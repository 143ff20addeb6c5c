import type { GuestFunction, Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import type { Frame } from '../frame.ts'
import { RpcCode, RpcError } from '../../rpc/command.ts'
import type { CallContext, Command } from '../../rpc/command.ts'
import { Kind } from '../frame.ts'
import { GuestFault, Trap, byteString, oneLine } from '../trap.ts'
import { PENDING, bounds } from './abi.ts'
import type { Registration } from './registration.ts'

/** The functions that answer an RPC command, and those by which a handler has commands run. */
export function commandImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  return {
    rpc_params: (out, capacity) => {
      const frame = instance.expect(Kind.Command, 'rpc_params')
      return instance.give(byteString(JSON.stringify(frame.params ?? null)), out!, capacity!)
    },
    rpc_add: (kind, pointer, length) => {
      const frame = instance.expect(Kind.Command, 'rpc_add')
      const text = utf8(instance.text(pointer!, length!, bounds.body))
      frame.results ??= []
      if (frame.results.length >= 65536) throw new GuestFault('answered a command with more than 65536 values')
      frame.results.push(kind === 0 ? text : parseJson(text))
    },
    rpc_error: (code, pointer, length) => {
      const frame = instance.expect(Kind.Command, 'rpc_error')
      frame.failure = { code: code!, message: oneLine(utf8(instance.text(pointer!, length!, 4096)), 1024) }
    },
    rpc_call: (k, method, methodLength, params, paramsLength, out, capacity) => {
      const frame = instance.expect(Kind.Handle, 'rpc_call')
      const known = settled(frame, k!)
      if (known !== undefined) return known === null ? PENDING : instance.give(known, out!, capacity!)
      const name = plugin.named(method!, methodLength!, bounds.name)
      const text = utf8(instance.text(params!, paramsLength!))
      return ask(instance, frame, () => runCommand(plugin, frame, name, text === '' ? undefined : parseJson(text)), out!, capacity!)
    },
    rpc_dispatch: (k, document, length, batch, note, noteLength, out, capacity) => {
      const frame = instance.expect(Kind.Handle, 'rpc_dispatch')
      const known = settled(frame, k!)
      if (known !== undefined) return known === null ? PENDING : instance.give(known, out!, capacity!)
      const readOnly = plugin.named(note!, noteLength!, bounds.name)
      const bytes = length === -1 ? frame.request!.body.bytes() : guestDocument(instance, document!, length!)
      return ask(instance, frame, () => {
        const { dispatch } = plugin.services
        if (dispatch === undefined) return noRpc()
        const context = { transport: 'http', caller: frame.request!.remoteAddress, readOnly: utf8(readOnly), batch: batch! }
        return dispatch(bytes, context)
      }, out!, capacity!)
    },
  }
}

/** A JSON-RPC document in the guest's memory, copied: the command that it calls may enter the guest. */
function guestDocument(instance: Instance, pointer: number, length: number): Buffer {
  if (length > bounds.body) throw new GuestFault(`dispatched a document of ${length} bytes; ${bounds.body} are allowed`)
  const at = instance.range(pointer, length)
  return Buffer.from(instance.bytes.subarray(at, at + length))
}

/** The answer of the frame's k-th question: undefined when it is the next new one, null while it is open. */
function settled(frame: Frame, k: number): string | null | undefined {
  const list = frame.pending ??= []
  if (k < 0 || k > list.length || k >= bounds.pending) throw new GuestFault(`asked question ${k} when ${list.length} had been asked`)
  return k === list.length ? undefined : list[k]!.answer
}

/** Asks a new question: its answer at once when it does not have to wait. */
function ask(instance: Instance, frame: Frame, run: () => string | Promise<string>, out: number, capacity: number): number {
  const question = { answer: null as string | null, wait: null as Promise<void> | null }
  frame.pending!.push(question)
  const { depth } = instance
  const answer = run()
  if (instance.depth !== depth) throw new Error('unbalanced frames')
  if (typeof answer === 'string') {
    question.answer = byteString(answer)
    return instance.give(question.answer, out, capacity)
  }
  question.wait = answer.then((text) => { question.answer = byteString(text) }, (error: unknown) => { question.answer = byteString(failure(error)) })
  return PENDING
}

function runCommand(plugin: NativePlugin, frame: Frame, method: string, params: unknown): string | Promise<string> {
  const { call } = plugin.services
  if (call === undefined) return noRpc()
  let result: unknown
  try {
    result = call(method, params, callContext(frame))
  } catch (error) {
    if (error instanceof Trap) throw error
    return failure(error)
  }
  if (result instanceof Promise) return result.then(success)
  return success(result)
}

function callContext(frame: Frame): CallContext {
  return { transport: 'http', caller: frame.request!.remoteAddress }
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
export function makeCommands(instance: Instance, registration: Registration): Command[] {
  return registration.commands.map(({ name, usage, effect, run }) => ({
    name, usage: utf8(usage), effect,
    run: (params: unknown, context: CallContext): unknown => {
      const { faults } = instance
      if (faults.until !== 0 && faults.blocked()) throw new RpcError(RpcCode.Failed, `plugin ${instance.program.name} is in quarantine`)
      const outcome = callCommand(instance, run, params, context)
      if (outcome.failure !== null) throw new RpcError(outcome.failure.code, outcome.failure.message)
      const { results } = outcome
      return results === null ? null : results.length === 1 ? results[0] : results
    },
  }))
}

/**
 * Runs a command's function: what it added, or the error it gave. A trap is the caller's −32603, with the plugin's
 * name and the place.
 */
function callCommand(instance: Instance, f: GuestFunction, params: unknown, context: CallContext): Pick<Frame, 'failure' | 'results'> {
  try {
    return instance.run(Kind.Command, f.label, (frame) => {
      frame.params = params
      frame.context = context
      frame.args = positional(params)
      f.calls++
      f.call(f.data)
      return { failure: frame.failure, results: frame.results }
    })
  } catch (error) {
    if (error instanceof Trap) throw new RpcError(RpcCode.InternalError, `plugin ${error.plugin} trapped in ${f.label}: ${error.text}`)
    throw error
  }
}

/** Positional parameters as byte strings: texts as they are, everything else as JSON. */
function positional(params: unknown): readonly string[] {
  if (!Array.isArray(params)) return []
  return params.map((p) => byteString(typeof p === 'string' ? p : JSON.stringify(p) ?? 'null'))
}

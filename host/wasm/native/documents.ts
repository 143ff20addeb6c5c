import type { CallContext } from '../../rpc/command.ts'
import type { Outcome } from '../../rpc/dialect.ts'
import type { ReturnCode, ScriptRunView } from '../../script/contract.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { Kind } from '../frame.ts'
import { GuestFault, byteString } from '../trap.ts'
import { bounds } from './abi.ts'
import { checkDispatch } from './commands.ts'
import { scriptText } from './scripting.ts'

const unanswered: Outcome = { text: '', code: 0, reason: '', readable: false, replyName: null }

/** What documents that scripts had run were answered with: by run, and as Kamailio has it, the last one of the whole thread. */
const outcomes = new WeakMap<ScriptRunView, Outcome>()
const last = new Map<string, Outcome>()

/** Runs a JSON-RPC document in a dialect (host/rpc/dialect.ts has the words). */
export function serve(plugin: NativePlugin, document: Buffer, context: CallContext, words: string, start?: number, end?: number): Outcome | Promise<Outcome> {
  if (words !== lastWords) {
    lastWords = words
    lastDialect = utf8(words)
  }
  return plugin.services.serve?.(document, context, lastDialect, start, end) ?? unanswered
}

/** The dialect that was asked for last: a plugin has few, and decoding one costs more than a call. */
let lastWords = ''
let lastDialect = ''

/** The functions by which a script has documents run and sees what came of it. */
export function documentImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    rpc_exec: instance.suspending((pointer: number, length: number, words: number, wordsLength: number) => {
      const { script, request, context } = instance.expect(Kind.Script | Kind.Message, 'rpc_exec')
      checkDispatch(plugin)
      const dialect = plugin.named(words, wordsLength, 4096)
      const text = length === -2 ? scriptText(instance.frame, pointer) ?? '' : instance.text(pointer, length, bounds.text)
      const caller = { transport: 'script', caller: request?.remoteAddress ?? 'a script', within: (context?.within ?? 0) + 1 }
      const take = (outcome: Outcome): number => {
        if (!outcome.readable) return -1
        if (script !== null) outcomes.set(script, outcome)
        if (dialect.startsWith('strict')) last.set(plugin.name, outcome)
        return 1
      }
      const outcome = serve(plugin, Buffer.from(text, 'latin1'), caller, dialect)
      if (!(outcome instanceof Promise)) return take(outcome)
      return instance.waiting!.wait('rpc', (done) => { outcome.then((late) => done(take(late)), () => done(-1)) })
    }),
    rpc_outcome: (part) => {
      const frame = instance.expect(Kind.Look | Kind.Peek, 'rpc_outcome')
      const outcome = (frame.script === null ? undefined : outcomes.get(frame.script)) ?? last.get(plugin.name)
      if (part! < 0 || part! > 2) throw new GuestFault(`asked for part ${part} of an outcome`)
      if (part === 0) frame.number = outcome?.code ?? 0
      else if (outcome !== undefined) frame.answer = byteString(part === 1 ? outcome.reason : outcome.text)
      return part === 0 || outcome !== undefined ? 1 : 0
    },
  }
}

/** Answers the request that a script runs on with the answer to the document in its body: 1, or −1 when it is no JSON and nothing was answered. */
export function serveReply(plugin: NativePlugin, run: ScriptRunView, words: string): ReturnCode {
  const { subject } = run
  const r = subject.request!
  const { body } = r
  const context = { transport: 'http', caller: r.remoteAddress }
  const outcome = body.held === null ? serve(plugin, body.bytes(), context, words) :
    serve(plugin, body.held, context, words, body.heldAt, body.heldAt + body.length)
  if (outcome instanceof Promise) return subject.replyLater?.(outcome.then(replyOf)) === true ? 1 : -1
  if (!outcome.readable && outcome.text === '') return -1
  const { code, reason, type, body: text } = replyOf(outcome)
  return subject.reply(code, reason, type, text) ? 1 : -1
}

function replyOf({ code, reason, text }: Outcome): { code: number, reason: string, type: string, body: string } {
  if (text === '') return { code: 204, reason: 'No Content', type: '', body: '' }
  return { code, reason: reason === 'OK' ? reason : byteString(reason), type: 'application/json', body: byteString(text) }
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

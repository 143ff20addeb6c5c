/** Mutations of the recorded messages, for the fuzzing test and for long runs of it. */
import type { CompiledSelect } from '../../host/expr/select/compile.ts'
import type { Message } from '../../host/sip/message.ts'
import { ConfigError } from '../../host/core/errors.ts'
import { compile, fromBase64, recorded } from '../unit/select-kit.ts'

/** Numbers below a bound, the same for the same seed. */
export function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor(seed / 0x100000000 * below)
  }
}

/** The recorded messages that were written for the recordings. */
export function ownMessages(): string[] {
  return recorded<{ b64: string }>('messages.jsonl').map(({ b64 }) => fromBase64(b64))
}

/** Every select of the recordings that resolves. */
export function allSelects(): CompiledSelect[] {
  const found: CompiledSelect[] = []
  for (const text of new Set(recorded('vectors.jsonl.gz').map(({ select }) => select))) {
    const select = compile(text)
    if (!(select instanceof ConfigError)) found.push(select)
  }
  return found
}

const pieces = ['\r\n', '\n', '\r', ' ', '\t', ';', ',', ':', '"', '\\', '<', '>', '@', '=', '?', '&', '[', ']', '(', ')', '/', '\0', '\xff', 'sip:', 'tel:', 'user=phone', 'tag=', 'v:', '*', '65536', '%00']

/** One message with a few changes: bytes, pieces, cuts, doubles, parts of another message. */
export function mutated(messages: readonly string[], next: (below: number) => number): string {
  let text = messages[next(messages.length)]!
  for (let n = 1 + next(6); n > 0; n--) {
    const at = next(text.length + 1)
    const to = Math.min(text.length, at + next(20))
    const kind = next(7)
    if (kind === 0) text = text.slice(0, at) + String.fromCharCode(next(256)) + text.slice(at + 1)
    else if (kind === 1) text = text.slice(0, at) + pieces[next(pieces.length)]! + text.slice(at)
    else if (kind === 2) text = text.slice(0, at) + text.slice(to)
    else if (kind === 3) text = text.slice(0, to) + text.slice(at)
    else if (kind === 4) text = text.slice(0, at) + pieces[next(pieces.length)]!.repeat(next(50)) + text.slice(at)
    else if (kind === 5) text = text.slice(0, at)
    else text = text.slice(0, at) + messages[next(messages.length)]!.slice(next(400))
  }
  return text
}

const reading = [
  '@method', '@ruri.user', '@ruri.params.x', '@ruri.params["a_b"]', '@ruri.transport', '@from.uri.user', '@from.params.zz', '@to.params.zz', '@contact.params.zz', '@via[-1].params.zz',
  '@via[2].comment', '@rr.params.zz', '@refer_to.params.zz', '@cseq.num', '@event', '@authorization["r"].nonce', '@msg.header.x_h[-1]', '@msg.header.x_h.nameaddr.uri.params.zz',
  '@msg.header.x_h.params.zz', '@hf_value.x_h', '@hf_value.x_h[-1].uri', '@hf_value.x_h.name', '@hf_value.x_h.p.zz', '@hf_value.contact[2].uri.user', '@hf_value2.x_h[-1].zz', '@hf_value2.authorization.zz',
  '@hf_value_exists.x_h.zz', '@msg.body.sdp', '@msg.body.sdp.line.c', '@nathelper.rewrite_contact[2]', '@xmlrpc.method', '@msg.header', '@msg.body',
]

/** Evaluates the selects that read most of a message. */
export function readEverything(m: Message): void {
  for (const text of reading) {
    const select = compile(text)
    if (select instanceof ConfigError) throw select
    select.evaluate(m)
  }
  for (const contact of m.parsed.contacts) contact?.param('zz')
}

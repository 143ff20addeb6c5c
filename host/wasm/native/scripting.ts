import type { ScriptRunView, ScriptValue } from '../../script/contract.ts'
import type { Frame } from '../frame.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { Kind, withRequest } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { ABSENT, ValueKind, bounds } from './abi.ts'
import { textField } from './request.ts'

/** Longest text of a variable's name, with all that stands in it. */
const longestSource = 1024
/** Values that are handed to one call of another script function. */
const mostArguments = 64
const decimal = /^[+-]?\d+$/
const inScript = Kind.Script | Kind.Message | Kind.Look | Kind.Peek

/** What `argument` gives of a script's value: ints in decimal, undefined for none. */
export function scriptText(frame: Frame, i: number): string | undefined {
  const value = frame.values[i]
  return value === null || value === undefined ? undefined : typeof value === 'string' ? value : String(value)
}

/** A value as an int, by Kamailio's rule: decimal or 0x… as a whole, else 0 (kamailio.md §9.5). */
function toInt(value: ScriptValue | undefined): number {
  if (typeof value === 'number') return value | 0
  if (value === null || value === undefined) return 0
  if (decimal.test(value)) return Number(value) | 0
  return /^[+-]?0x[0-9a-f]+$/i.test(value) ? Number(value.replace(/^[+-]/, '')) * (value.startsWith('-') ? -1 : 1) | 0 : 0
}

/**
 * The functions that a plugin uses while a routing script runs it: its arguments and answer, variables, the reply,
 * other functions.
 */
export function scriptingImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  const running = (kinds: number, call: string): ScriptRunView => {
    const { script } = instance.expect(kinds, call)
    if (script === null) throw new GuestFault(`called ${call}, which may be called only while a script runs it`)
    return script
  }
  const inFunction = (call: string): ScriptRunView => running(Kind.Script | Kind.Message, call)
  const source = (id: number): string => {
    const text = plugin.scriptTexts[id]
    if (text === undefined) throw new GuestFault(`read variable ${id}, which it has not resolved`)
    return text
  }
  return {
    argument_kind: (i) => {
      const value = instance.frame.values[i!]
      return typeof value === 'number' ? ValueKind.Int : typeof value === 'string' ? ValueKind.Text : ValueKind.Null
    },
    argument_int: (i) => toInt(instance.frame.values[i!]),
    answer_int: (value) => { instance.expect(Kind.Look | Kind.Peek, 'answer_int').number = value! },
    answer_field: (field) => {
      const frame = instance.expect(withRequest, 'answer_field')
      frame.answer = textField(frame.request!, field!)
    },
    pv: (pointer, length) => {
      const text = instance.text(pointer!, length!, longestSource)
      const known = plugin.scriptTexts.indexOf(text)
      if (known >= 0) return known
      if (plugin.scriptTexts.length >= bounds.names) throw new GuestFault(`resolved more than ${bounds.names} variables`)
      return plugin.scriptTexts.push(text) - 1
    },
    pv_get: (id, out, capacity) => {
      const value = running(inScript, 'pv_get').get(source(id!))
      return value === null ? ABSENT : instance.give(typeof value === 'string' ? value : String(value), out!, capacity!)
    },
    pv_int: (id) => toInt(running(inScript, 'pv_int').get(source(id!))),
    pv_set: (id, kind, pointer, length) => inFunction('pv_set').set(source(id!), valueOf(instance, kind!, pointer!, length!)) ? 0 : ABSENT,
    script_reply: (code, reason, reasonLength, type, typeLength, body, bodyLength) => {
      const { subject } = inFunction('script_reply')
      if (code! < 100 || code! > 999) throw new GuestFault(`replied with code ${code}`)
      const text = (pointer: number, length: number, limit: number): string => given(plugin, instance, pointer, length, limit)
      const phrase = text(reason!, reasonLength!, bounds.text)
      const contentType = text(type!, typeLength!, bounds.text)
      return subject.reply(code!, phrase, contentType, text(body!, bodyLength!, bounds.body)) ? 0 : ABSENT
    },
    script_header: (pointer, length) => {
      const { subject } = inFunction('script_header')
      return subject.appendReplyHeader(given(plugin, instance, pointer!, length!, bounds.text)) ? 0 : ABSENT
    },
    script_close: () => inFunction('script_close').subject.closeAfterReply(),
    script_argument: (kind, pointer, length) => {
      inFunction('script_argument')
      const { callArguments } = instance.frame
      if (callArguments.length >= mostArguments) throw new GuestFault(`gave a script function more than ${mostArguments} arguments`)
      callArguments.push(valueOf(instance, kind!, pointer!, length!))
    },
    script_call: instance.suspending((pointer: number, length: number) => {
      const run = inFunction('script_call')
      const name = plugin.named(pointer, length, bounds.name)
      const args = instance.frame.callArguments.splice(0)
      const code = run.call(name, args)
      if (typeof code === 'number') return code
      return instance.waiting!.wait(`function ${name}`, (done) => { code.then(done, () => done(-1)) })
    }),
    regex: (pointer, length, flags) => plugin.regexes.add(instance.text(pointer!, length!, 65536), flags!),
    regex_test: (id, pointer, length) => plugin.regexes.test(id!, given(plugin, instance, pointer!, length!, bounds.text)) ? 1 : 0,
  }
}

/**
 * A text from (pointer, length); length −1: the interned name, −2: the argument of that number, −3: the request's text
 * of that number (`request_text`).
 */
function given(plugin: NativePlugin, instance: Instance, pointer: number, length: number, limit: number): string {
  if (length === -2) return scriptText(instance.frame, pointer) ?? ''
  if (length === -3) return textField(instance.expect(withRequest, 'a text of the request').request!, pointer)
  return length === -1 ? plugin.named(pointer, length) : instance.text(pointer, length, limit)
}

function valueOf(instance: Instance, kind: number, pointer: number, length: number): ScriptValue {
  if (kind === ValueKind.Null) return null
  if (kind === ValueKind.Int) return pointer
  if (kind !== ValueKind.Text) throw new GuestFault(`gave a value of kind ${kind}`)
  return instance.text(pointer, length)
}

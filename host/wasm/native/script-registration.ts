import type { ParameterKind } from '../../script/contract.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { Registration } from './registration.ts'
import { Kind } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { ArgumentKind, Inner, bounds } from './abi.ts'

/** What a plugin brings to the routing language, as it registered it. */
export interface FunctionEntry {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  readonly parameters: readonly ParameterKind[]
  readonly call: GuestFunction
}
export interface PseudoVariableEntry {
  readonly name: string
  readonly inner: (typeof Inner)[number]
  /** What may stand in the parentheses; empty: anything. */
  readonly keys: readonly string[]
  readonly get: GuestFunction
  readonly set: GuestFunction | null
}
export interface TransformationEntry {
  readonly class: string
  readonly operation: string
  readonly minimum: number
  readonly maximum: number
  readonly call: GuestFunction
}
export interface ParameterEntry {
  readonly name: string
  readonly type: 'int' | 'string' | 'int|string'
  readonly conf: number
  readonly set: GuestFunction
}
export interface EventRouteEntry {
  readonly name: string
  readonly required: boolean
  readonly conf: number
  readonly admit: GuestFunction | null
  /** Tells the address of the route's own server, by a conf of class `conf`. */
  server: { readonly conf: number, readonly call: GuestFunction } | null
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const transformationName = /^([a-z][a-z0-9_]*)\.([a-z0-9_.]+)$/
const eventName = /^[A-Za-z0-9_]+:[A-Za-z0-9_-]+$/
const parameterTypes = ['int', 'string', 'int|string'] as const

/** The registration functions for the routing language: each checks what it is given and records it. */
export function scriptRegistrationImports(instance: Instance, to: Registration): Record<string, (...args: number[]) => unknown> {
  const begin = (call: string): void => {
    instance.expect(Kind.Register, call)
    to.add()
  }
  const name = (pointer: number, length: number, pattern: RegExp, what: string): string => {
    const text = instance.text(pointer, length, bounds.name)
    if (!pattern.test(text)) throw new GuestFault(`registered ${what === 'event route' ? 'an' : 'a'} ${what} named "${text}"`)
    return text
  }
  const conf = (index: number, what: string): number => {
    const entry = to.confs[index]
    if (index !== -1 && (entry === undefined || entry.level !== 'main')) throw new GuestFault(`gave conf ${index} for ${what}, which is none of level 0`)
    return index
  }
  const range = (what: string, minimum: number, maximum: number): void => {
    if (minimum < 0 || maximum < minimum || maximum > 64) throw new GuestFault(`registered ${what} with ${minimum} to ${maximum} arguments`)
  }
  return {
    script_function: (pointer, length, minimum, maximum, kinds, call, data) => {
      begin('script_function')
      const text = name(pointer!, length!, identifier, 'function')
      range(`function "${text}"`, minimum!, maximum!)
      to.functions.push({
        name: text, minimum: minimum!, maximum: maximum!, parameters: parameterKinds(text, kinds!),
        call: instance.required(call!, data!, `function ${text}`),
      })
    },
    pseudo_variable: (pointer, length, inner, keys, keysLength, get, getData, set, setData) => {
      begin('pseudo_variable')
      const text = name(pointer!, length!, identifier, 'pseudo-variable')
      const kind = Inner[inner!]
      if (kind === undefined) throw new GuestFault(`registered pseudo-variable "${text}" with parentheses of kind ${inner}`)
      const list = instance.text(keys!, keysLength!, 4096)
      to.pseudoVariables.push({
        name: text, inner: kind, keys: list === '' ? [] : list.split(','), get: instance.required(get!, getData!, `variable $${text}`),
        set: instance.function(set!, setData!, `variable $${text}`),
      })
    },
    transformation: (pointer, length, minimum, maximum, call, data) => {
      begin('transformation')
      const text = name(pointer!, length!, transformationName, 'transformation')
      range(`transformation "${text}"`, minimum!, maximum!)
      const [, family, operation] = transformationName.exec(text)!
      to.transformations.push({
        class: family!, operation: operation!, minimum: minimum!, maximum: maximum!,
        call: instance.required(call!, data!, `transformation {${text}}`),
      })
    },
    parameter: (pointer, length, type, confIndex, set, data) => {
      begin('parameter')
      const text = name(pointer!, length!, identifier, 'parameter')
      const kind = parameterTypes[type!]
      if (kind === undefined) throw new GuestFault(`registered parameter "${text}" of type ${type}`)
      const label = `parameter "${text}"`
      to.parameters.push({ name: text, type: kind, conf: conf(confIndex!, label), set: instance.required(set!, data!, label) })
    },
    event_route: (pointer, length, flags, confIndex, admit, data) => {
      begin('event_route')
      const text = name(pointer!, length!, eventName, 'event route')
      if ((flags! & ~1) !== 0) throw new GuestFault(`registered event route "${text}" with flags ${flags}`)
      to.eventRoutes.push({
        name: text, required: (flags! & 1) !== 0, conf: conf(confIndex!, `event route "${text}"`),
        admit: instance.function(admit!, data!, `event_route[${text}]`),
        server: null,
      })
    },
    event_server: (pointer, length, confIndex, call, data) => {
      begin('event_server')
      const text = name(pointer!, length!, eventName, 'event route')
      const event = to.eventRoutes.find((e) => e.name === text)
      if (event === undefined) throw new GuestFault(`registered a server for event route "${text}", which it has not registered`)
      event.server = { conf: conf(confIndex!, `event route "${text}"`), call: instance.required(call!, data!, `event_route[${text}]`) }
    },
  }
}

/** Four bits for each kind, from the lowest. */
function parameterKinds(name: string, kinds: number): ParameterKind[] {
  const list: ParameterKind[] = []
  for (let rest = kinds >>> 0; rest !== 0; rest >>>= 4) {
    const kind = ArgumentKind[rest & 15]
    if (kind === undefined || kind === '') throw new GuestFault(`registered function "${name}" with argument kind ${rest & 15}`)
    list.push(kind)
  }
  return list
}

import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { Kind, withRequest } from '../frame.ts'
import { GuestFault, oneLine } from '../trap.ts'
import { scriptText } from './scripting.ts'
import { compileTemplate } from '../../expr/template.ts'
import { ABSENT, ActivityNumber } from './abi.ts'

/**
 * The functions that every callback may use: its arguments, its answer, warnings, templates, log, time, random bytes.
 */
export function callbackImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  return {
    argument_count: () => instance.frame.script === null && instance.frame.values.length === 0 ? instance.frame.args.length : instance.frame.values.length,
    argument: (i, out, capacity) => {
      const { frame } = instance
      const text = frame.script === null && frame.values.length === 0 ? frame.args[i!] : scriptText(frame, i!)
      return text === undefined ? ABSENT : instance.give(text, out!, capacity!)
    },
    answer: (pointer, length) => {
      const frame = instance.expect(Kind.Configure | Kind.Look | Kind.Life | Kind.Peek, 'answer')
      frame.answer = instance.text(pointer!, length!)
    },
    warn: (pointer, length) => {
      const { cf } = instance.expect(Kind.Configure, 'warn')
      const message = oneLine(instance.text(pointer!, length!, 4096), 1024)
      cf!.warn(message)
    },
    template: (pointer, length) => {
      const { cf } = instance.expect(Kind.Configure, 'template')
      if (plugin.templates.length >= 65536) throw new GuestFault('compiled more than 65536 templates')
      plugin.templates.push(compileTemplate(cf!, instance.text(pointer!, length!)))
      return plugin.templates.length - 1
    },
    expand: (id, out, capacity) => {
      const { request } = instance.expect(withRequest, 'expand')
      const template = plugin.templates[id!]
      if (template === undefined) throw new GuestFault(`expanded template ${id}, which it has not compiled`)
      return instance.give(template.evaluate(request!), out!, capacity!)
    },
    log: (level, pointer, length) => {
      if (level! < 1 || level! > 8) throw new GuestFault(`logged at level ${level}`)
      plugin.log(level!, oneLine(instance.text(pointer!, length!), 2048))
    },
    activity: (field) => {
      const name = ActivityNumber[field!]
      if (name === undefined) throw new GuestFault(`asked for activity number ${field}`)
      return plugin.services.activity?.()[name] ?? 0
    },
    now: () => Date.now(),
    random: (pointer, length) => {
      if (length! > 65536) throw new GuestFault(`asked for ${length} random bytes; 65536 are allowed`)
      const at = instance.range(pointer!, length!)
      crypto.getRandomValues(instance.bytes.subarray(at, at + length!) as Buffer<ArrayBuffer>)
    },
  }
}


import type { Instance } from '../instance.ts'
import { Level } from '../../core/log.ts'
import { byteString, oneLine } from '../trap.ts'

/**
 * Module `env`: what AssemblyScript's standard library imports by itself, so that `console.log`, `trace`, `Date.now`
 * and `Math.random` work in any plugin. `abort` is the loader's, which decodes it.
 */
export function environmentImports(instance: Instance, log: (level: number, message: string) => void): Record<string, (...args: number[]) => unknown> {
  const say = (level: number) => (pointer: number): void => log(level, guestString(instance, pointer))
  return {
    trace: (pointer, count, ...values) => {
      const numbers = values.slice(0, Math.max(0, Math.min(count!, values.length))).join(', ')
      log(Level.notice, `trace: ${guestString(instance, pointer!)}${numbers === '' ? '' : ` ${numbers}`}`)
    },
    seed: () => Math.random() * 2 ** 52,
    'Date.now': () => Date.now(),
    'performance.now': () => performance.now(),
    'console.log': say(Level.notice), 'console.info': say(Level.info), 'console.debug': say(Level.debug),
    'console.warn': say(Level.warn), 'console.error': say(Level.error),
  }
}

/**
 * An AssemblyScript string: UTF-16 with its byte length in the word before it. Never reads outside of the memory; cut
 * at 2048 bytes.
 */
function guestString(instance: Instance, pointer: number): string {
  const at = pointer >>> 0
  if (at < 4) return ''
  instance.range(at - 4, 4)
  const size = Math.min(instance.bytes.readUInt32LE(at - 4), 4096)
  instance.range(at, size)
  return oneLine(byteString(instance.bytes.toString('utf16le', at, at + (size & ~1))), 2048)
}

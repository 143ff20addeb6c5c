/** Plugins in WebAssembly text for the tests of docs/abi.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import wabt from 'wabt'
import { engine } from '../unit/engine-kit.ts'
import type { Engine } from '../unit/engine-kit.ts'
import { imports } from '../../host/wasm/native/abi.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import type { PluginSettings } from '../../host/wasm/limits/settings.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { describeSignature } from '../../host/wasm/binary.ts'
import type { NativeModule } from '../../host/wasm/native/module.ts'
import { instantiate } from '../../host/wasm/plugins.ts'
import type { Services } from '../../host/wasm/services.ts'

const tools = await wabt()

const features = { simd: true, bulk_memory: true, mutable_globals: true, tail_call: true, exceptions: true, reference_types: true }

/** The bytes of a module in text form. */
export function assemble(text: string): Uint8Array {
  const module = tools.parseWat('plugin.wat', text, features)
  try {
    return new Uint8Array(module.toBinary({}).buffer)
  } finally {
    module.destroy()
  }
}

/** `(import "vespid" "NAME" (func $NAME (param …) (result …)))` for each function that a text calls. */
export function importsFor(text: string): string {
  const called = new Set([...text.matchAll(/\(call \$(\w+)/g)].map((m) => m[1]!))
  return Object.entries(imports).filter(([name]) => called.has(name)).map(([name, signature]) => {
    const [params, result] = describeSignature(signature).split(' -> ')
    const inner = params!.slice(1, -1).replaceAll(',', '')
    return `(import "vespid" "${name}" (func $${name}${inner === '' ? '' : ` (param ${inner})`}${result === '()' ? '' : ` (result ${result})`}))`
  }).join('\n')
}

/**
 * A module of functions, data and a registration; memory, table and imports are added. Functions that are to be
 * handed over: `table`.
 */
export function plugin(parts: { register?: string, functions?: string, table?: readonly string[], data?: string, globals?: string }): string {
  const { register = '', functions = '', table = [], data = '', globals = '' } = parts
  return `(module
${importsFor(register + functions)}
(memory (export "memory") 1)
(table (export "table") ${Math.max(table.length, 1)} funcref)
${table.length === 0 ? '' : `(elem (i32.const 0) ${table.join(' ')})`}
${globals}
${data}
${functions}
(func (export "vespid_abi_1") ${register}))`
}

/** Compiles and registers a plugin from text. */
export function load(text: string, name = 'probe', services: Services = {}, settings: Partial<PluginSettings> = {}): NativeModule {
  return instantiate(compilePlugin(`${name}.wasm`, assemble(text)), services, false, { ...defaultSettings, ...settings })
}

/** A server that is tested, with what its error log says. */
export interface Served extends Engine {
  /** The log's lines as `[level] text`, without time, process and client. */
  log(): string[]
}

/** Starts an engine with these plugins; `conf` is the inside of a server block, `http` and `main` are what goes before it. */
export async function serve(t: TestContext, conf: string, modules: NativeModule[], http = '', main = ''): Promise<Served> {
  const server = await engine(t, conf, modules, `error_log probe.log info; ${http}`, main)
  const log = (): string[] => readFileSync(join(server.prefix, 'probe.log'), 'latin1').split('\n').filter((line) => line !== '')
    .map((line) => line.replace(/^\S+ \S+ (\[\w+\]) \S+ (\*\d+ )?/, '$1 ').replace(/, client: .*/, ''))
  return { ...server, log }
}

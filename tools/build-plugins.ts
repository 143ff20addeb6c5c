/**
 * Compiles every plugin in plugins-as/ into build/plugins/NAME.wasm, those only whose sources (their own, the SDK's,
 * the compiler's version) have changed, and writes build/plugins/index.json: what each of them registers. vespid
 * finds by it which plugin brings a directive.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BuildError, buildPlugin, summary } from '../host/cli/build.ts'
import type { PluginFacts } from '../host/wasm/plugins.ts'
import { pluginStamp } from './stamp.ts'

const root = join(import.meta.dirname, '..')
const out = join(root, 'build/plugins')
const stampFile = join(out, '.stamps.json')

/** What the index keeps of a plugin: its facts without the file's place. */
type Entry = Omit<PluginFacts, 'file'>

function readJson<T>(path: string, otherwise: T): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return otherwise
  }
}

const source = join(root, 'plugins-as')
const names = existsSync(source) ? readdirSync(source).filter((name) => existsSync(join(source, name, 'assembly/index.ts'))).sort() : []
const stamps = readJson<Record<string, string>>(stampFile, {})
const index = readJson<Record<string, Entry>>(join(out, 'index.json'), {})
const newStamps: Record<string, string> = {}
const newIndex: Record<string, Entry> = {}
mkdirSync(out, { recursive: true })
let failed = false
for (const name of names) {
  const file = join(out, `${name}.wasm`)
  const stamp = pluginStamp(join(source, name, 'assembly'))
  if (stamps[name] === stamp && index[name] !== undefined && existsSync(file)) {
    newStamps[name] = stamp
    newIndex[name] = index[name]
    continue
  }
  try {
    const { facts, warnings } = await buildPlugin(join(source, name), file)
    if (warnings !== '') process.stderr.write(`${warnings}\n`)
    process.stderr.write(`vespid: built ${summary(facts)}\n`)
    const { file: _, ...entry } = facts
    newStamps[name] = stamp
    newIndex[name] = entry
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    process.stderr.write(`vespid: plugin "${name}" does not build\n${error.message}\n`)
    failed = true
  }
}
for (const name of readdirSync(out)) {
  const plugin = /^([^.].*)\.wasm(\.map)?$/.exec(name)?.[1]
  if (plugin !== undefined && !names.includes(plugin)) rmSync(join(out, name))
}
writeFileSync(join(out, 'index.json'), `${JSON.stringify(newIndex, null, 2)}\n`)
writeFileSync(stampFile, `${JSON.stringify(newStamps)}\n`)
if (failed) process.exitCode = 1

/**
 * Compiles every plugin in plugins-as/ into build/plugins/NAME.wasm, those only whose sources (their own, the SDK's,
 * the compiler's version) have changed, and writes build/plugins/index.json: what each of them registers. vespid
 * finds by it which plugin brings a directive.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BuildError, buildPlugin, summary } from '../host/cli/build.ts'
import { ascOptions } from '../host/cli/asc.ts'
import type { PluginFacts } from '../host/wasm/plugins.ts'

const root = join(import.meta.dirname, '..')
const out = join(root, 'build/plugins')
const stampFile = join(out, '.stamps.json')

/** What the index keeps of a plugin: its facts without the file's place. */
type Entry = Omit<PluginFacts, 'file'>

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && statSync(path).isFile()).sort()
}

function stampOf(directories: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more)
  for (const directory of directories) for (const path of filesBelow(directory)) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path))
  return hash.digest('hex')
}

/** The folders of other plugins that one imports from. */
function neighbours(name: string): string[] {
  const found = new Set<string>()
  for (const path of filesBelow(join(source, name, 'assembly'))) {
    for (const [, other] of readFileSync(path, 'utf8').matchAll(/from '\.\.\/\.\.\/(\w+)\/assembly\//g)) found.add(join(source, other!, 'assembly'))
  }
  return [...found].sort()
}

function readJson<T>(path: string, otherwise: T): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T
  } catch {
    return otherwise
  }
}

const source = join(root, 'plugins-as')
const names = existsSync(source) ? readdirSync(source).filter((name) => existsSync(join(source, name, 'assembly/index.ts'))).sort() : []
const compiler = readJson<{ version?: string }>(join(root, 'node_modules/assemblyscript/package.json'), {}).version ?? ''
const abi = readFileSync(join(root, 'host/wasm/native/abi.ts'), 'utf8')
const stamps = readJson<Record<string, string>>(stampFile, {})
const index = readJson<Record<string, Entry>>(join(out, 'index.json'), {})
const newStamps: Record<string, string> = {}
const newIndex: Record<string, Entry> = {}
mkdirSync(out, { recursive: true })
let failed = false
for (const name of names) {
  const file = join(out, `${name}.wasm`)
  const stamp = stampOf([join(source, name, 'assembly'), ...neighbours(name), join(root, 'sdk/assembly')], `${compiler} ${ascOptions.join(' ')} ${abi}`)
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

/** `vespid build [DIR] [-o FILE]`: compiles a plugin and says what it registers. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PluginError } from '../core/errors.ts'
import { compilePlugin } from '../wasm/compile.ts'
import type { PluginFacts } from '../wasm/plugins.ts'
import { factsOf, instantiate } from '../wasm/plugins.ts'
import { compile, entryOf, folderName } from './asc.ts'
import { registered } from './facts.ts'

const usage = 'usage: vespid build [DIRECTORY] [-o FILE]'

/** What was built: the file, its facts, and the compiler's warnings. */
export interface BuildResult {
  readonly file: string
  readonly facts: PluginFacts
  readonly warnings: string
}

/** A plugin that does not compile or does not load; the message is the compiler's frames or ours, ready to print. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
}

/**
 * Compiles the plugin in `directory` into `out` (default `build/NAME.wasm` below it), and loads it once to see what
 * it registers.
 */
export async function buildPlugin(directory: string, out?: string): Promise<BuildResult> {
  const entry = entryOf(directory)
  if (entry === null) throw new BuildError(`${directory}: has neither assembly/index.ts nor index.ts\n  note: "vespid new NAME" makes a folder to begin with`)
  const { wasm, map, messages } = await compile(resolve(directory), entry)
  if (wasm === null) throw new BuildError(messages)
  const file = out ?? join(directory, 'build', `${folderName(directory)}.wasm`)
  const facts = tryOut(file, wasm)
  mkdirSync(dirname(resolve(file)), { recursive: true })
  if (map !== null) writeFileSync(`${file}.map`, map)
  // Written aside and renamed: a server that watches the directory never sees half a file.
  writeFileSync(`${file}.tmp`, wasm)
  renameSync(`${file}.tmp`, file)
  return { file, facts, warnings: messages }
}

function tryOut(file: string, wasm: Uint8Array): PluginFacts {
  try {
    const compiled = compilePlugin(file, wasm)
    return factsOf(compiled, instantiate(compiled, {}))
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    throw new BuildError(error.message + (error.note === null ? '' : `\n  note: ${error.note}`))
  }
}

/** `hello.wasm 4.2 kB: handler hello`: a plugin's file and what it registers, on one line. */
export function summary(facts: PluginFacts): string {
  const file = facts.file.slice(facts.file.lastIndexOf('/') + 1)
  const parts: string[] = []
  const handlers = facts.handlers ?? []
  const plain = (facts.directives ?? []).filter((d) => !handlers.includes(d))
  const say = (one: string, names: readonly string[] | number): void => {
    if (typeof names === 'number') parts.push(names > 1 ? `${names} ${one}s` : one)
    else if (names.length > 0) parts.push(`${one}${names.length > 1 ? 's' : ''} ${names.join(' ')}`)
  }
  say('handler', handlers)
  say('directive', plain)
  for (const [one, names] of registered(facts)) say(one, names)
  return `${file} ${(facts.size / 1000).toFixed(1)} kB: ${parts.length === 0 ? 'registers nothing' : parts.join(', ')}`
}

/** The command: 0 when the plugin was built, 1 when it was not, 2 for a wrong command line. */
export async function buildCommand(args: readonly string[]): Promise<number> {
  let directory: string | undefined
  let out: string | undefined
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '-o' && args[i + 1] !== undefined) out = args[++i]
    else if (args[i]!.startsWith('-') || directory !== undefined) return wrong(args[i]!)
    else directory = args[i]
  }
  try {
    const { facts, warnings } = await buildPlugin(directory ?? '.', out)
    if (warnings !== '') process.stderr.write(`${warnings}\n`)
    process.stdout.write(`${summary(facts)}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof BuildError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function wrong(word: string): number {
  if (word !== '-h' && word !== '--help') process.stderr.write(`vespid: unexpected "${word}"\n`)
  process.stderr.write(`${usage}\n`)
  return 2
}

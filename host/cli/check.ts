/** `vespid check FILE.wasm`: explains a plugin file: its ABI, what it registers, what it lacks and the fix. */
import { readFileSync } from 'node:fs'
import { PluginError, errnoText } from '../core/errors.ts'
import { readOutline } from '../wasm/binary.ts'
import { grantKinds } from '../core/grants.ts'
import { compilePlugin, pluginName } from '../wasm/compile.ts'
import type { Need } from '../wasm/needs.ts'
import { needsOf } from '../wasm/needs.ts'
import type { PluginFacts } from '../wasm/plugins.ts'
import { factsOf, instantiate } from '../wasm/plugins.ts'
import { registered } from './facts.ts'

const usage = 'usage: vespid check [--json] FILE.wasm'

/** The command: 0 when vespid can load the file, 1 when not, 2 for a wrong command line. */
export async function checkCommand(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const files = args.filter((a) => a !== '--json')
  if (files.length !== 1 || files[0]!.startsWith('-')) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  const file = files[0]!
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    process.stderr.write(`vespid: open() "${file}" failed (${errnoText(error as NodeJS.ErrnoException)})\n`)
    return 1
  }
  try {
    const compiled = compilePlugin(file, bytes)
    const plain = factsOf(compiled, instantiate(compiled, {}))
    const needs = needsOf(bytes, readOutline(bytes), plain.zones ?? [])
    const facts: PluginFacts & { needs?: readonly Need[] } = needs.length === 0 ? plain : { ...plain, needs }
    process.stdout.write(json ? `${JSON.stringify(facts, null, 2)}\n` : report(facts, needs, bytes))
    return 0
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    if (json) process.stdout.write(`${JSON.stringify({ name: pluginName(file), error: error.message, note: error.note }, null, 2)}\n`)
    else process.stderr.write(`${error.message}\n${error.note === null ? '' : `  note: ${error.note}\n`}`)
    return 1
  }
}

/** What has to be allowed, with the line for it where that is known. */
function asked({ kind, calls, named }: Need): string {
  const by = calls.length === 0 ? '' : ` (${calls.join(', ')})`
  const line = `allow ${kind} ${named.length === 0 ? grantKinds[kind] : named.join(' ')};`
  const rest = kind === 'net' ? (named.length === 0 ? ', for each server that it asks' : ', and for others that it is told of')
    : kind === 'rpc' && named.length === 0 ? ', for each command that is not its own' : ''
  return `${kind}${by}: "${line}"${rest}`
}

/** One line per fact. */
function report(facts: PluginFacts, needs: readonly Need[], bytes: Uint8Array): string {
  const lines = [`${facts.file}: a plugin for ABI ${facts.abi}, ${(facts.size / 1000).toFixed(1)} kB, sha256 ${facts.hash.slice(0, 16)}`]
  const handlers = facts.handlers ?? []
  const used = readOutline(bytes).imports.filter((i) => i.module === 'vespid').map((i) => i.name)
  if (facts.directives !== undefined) lines.push(`  directives: ${facts.directives.map((d) => (handlers.includes(d) ? `${d} (content handler)` : d)).join(' ')}`)
  for (const [one, names] of registered(facts)) lines.push(`  ${one}s: ${typeof names === 'number' ? names : names.join(' ')}`)
  if (used.includes('transport')) lines.push('  transports: those that its configuration names; "plugin.show" tells which')
  if (facts.state !== undefined) lines.push(`  state: version ${facts.state}, handed over when it is replaced`)
  if (facts.asks_for !== undefined) lines.push(`  asks for "${facts.asks_for.join('; ')};"`)
  for (const need of needs) lines.push(`  needs ${asked(need)}`)
  lines.push(`  host calls: ${used.length === 0 ? 'none' : used.join(' ')}`)
  if (lines.length === 2) lines.push('  it registers nothing: call directive, content, phase … at the top level of its source')
  return `${lines.join('\n')}\n`
}

/** What the configuration tests share: a plugin set, building a cycle from texts, random numbers that can be repeated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { buildCycle } from '../../host/conf/build.ts'
import type { Built } from '../../host/conf/build.ts'
import { ErrorLog } from '../../host/core/logfile.ts'
import type { Module } from '../../host/module.ts'
import { mainModules } from '../../host/modules/main/list.ts'
import type { PluginSet } from '../../host/wasm/plugins.ts'

/** A plugin set without plugins; members of `over` replace its own. */
export function pluginSet(over: Partial<PluginSet> = {}): PluginSet {
  return { loadDirectory: () => [], loadFile: () => [], loadFor: () => null, providerOf: () => null, ...over }
}

/** A temporary directory with `logs/` and these files, which is removed after the test; its path ends in `/`. */
export function folder(t: TestContext, files: Record<string, string> = {}): string {
  const path = join(mkdtempSync(join(tmpdir(), 'vespid-conf-')), '/')
  t.after(() => rmSync(path, { recursive: true }))
  mkdirSync(path + 'logs')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(path + name), { recursive: true })
    writeFileSync(path + name, text)
  }
  return path
}

/** How a configuration is built in a test. */
export interface Setup {
  readonly modules?: readonly Module[]
  readonly plugins?: Partial<PluginSet>
  readonly globals?: string
  readonly files?: Record<string, string>
}

/** A built cycle with its directory and its problems as `[level] message in FILE:LINE`, the directory written `<P>/`. */
export interface Result extends Built {
  readonly prefix: string
  readonly messages: string[]
  readonly notes: (string | null)[]
}

/** Builds the cycle of a configuration text with the main modules and those given. */
export function build(t: TestContext, text: string, setup: Setup = {}): Result {
  const prefix = folder(t, { 'v.conf': text, ...setup.files })
  const options = { prefix, confFile: `${prefix}v.conf`, errorLog: 'stderr', globals: setup.globals ?? '', test: true }
  const built = buildCycle(options, [...mainModules, ...setup.modules ?? []], pluginSet(setup.plugins), new ErrorLog())
  t.after(() => built.cycle.openFiles.closeAll())
  const messages = built.cycle.problems.map(({ level, error }) => `[${level}] ${error.line}`.replaceAll(prefix, '<P>/'))
  return { ...built, prefix, messages, notes: built.cycle.problems.map(({ error }) => error.note) }
}

/** Numbers from 0 up to `below`, always the same for one seed (mulberry32). */
export function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * below)
  }
}

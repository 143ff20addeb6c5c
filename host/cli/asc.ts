import { readFileSync } from 'node:fs'
import { basename, isAbsolute, join, resolve } from 'node:path'
import type { Transform } from 'assemblyscript/asc'
import { packageRoot } from '../core/install.ts'
import { limitsSection } from '../wasm/limits/asked.ts'

/** What a compilation gave: the module and its source map, or the compiler's messages (with their frames). */
export interface AscResult {
  readonly wasm: Uint8Array | null
  readonly map: string | null
  readonly messages: string
}

/** The SDK's AssemblyScript sources: in a checkout and in the package alike. */
const sdkSources = join(packageRoot, 'sdk/assembly')

/**
 * The compiler options of every plugin: SIMD for the SDK's string conversion, the runtime that collects when the host
 * says so, registration as an export, the function table exported. `pedantic` knobs stay off: an author chooses
 * nothing.
 */
const ascOptions: readonly string[] = [
  '-O3', '--runtime', 'minimal', '--exportStart', 'vespid_abi_1', '--exportTable', '--enable', 'simd', '--sourceMap', '--noColors',
]

/** Sources that were read in this process: the SDK's own are read once for all plugins. */
const sources = new Map<string, string | null>()

/**
 * Compiles `entry` (relative to `directory`) with the AssemblyScript compiler in this process: about a second the
 * first time, a fifth of one later. `@vespid/sdk` is vespid's own, wherever the plugin's folder is.
 */
export async function compile(directory: string, entry: string): Promise<AscResult> {
  const { main, libraryFiles: standardFiles } = await import('assemblyscript/asc')
  showAllocated(standardFiles)
  let wasm: Uint8Array | null = null
  let map: string | null = null
  const limits = new Limits()
  const { error, stderr } = await main([entry, '--outFile', 'plugin.wasm', ...ascOptions], {
    readFile: (name: string, base: string) => read(isAbsolute(name) ? name : join(directory, base, name), name),
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (name.endsWith('.wasm')) wasm = contents as Uint8Array
      else if (name.endsWith('.map')) map = withoutSources(contents as string)
    },
    listFiles: () => [],
    transforms: [limits as unknown as Transform],
  })
  const messages = limits.mistake + stderr.toString().trimEnd()
  return error === null && limits.mistake === '' ? { wasm, map, messages } : { wasm: null, map: null, messages: messages === '' ? String(error) : messages }
}

/** What the compiler's tree of a source is looked at for. */
interface Tree {
  readonly normalizedPath: string
  readonly statements: readonly {
    readonly path?: { readonly value: string }
    readonly declarations?: readonly { readonly foreignName?: { readonly text: string }, readonly name: { readonly text: string } }[] | null
    readonly expression?: { readonly expression?: { readonly text?: string }, readonly args?: readonly { readonly value?: unknown }[] }
  }[]
}

/**
 * Puts what a plugin says by the SDK's `limits('…')` into a section of its file: vespid must know it before it runs anything of the plugin. So it is
 * read from the source, where it has to be a call at the top level with its text in it.
 */
class Limits {
  /** What is wrong with the calls; '' nothing. */
  mistake = ''
  private readonly texts: string[] = []

  afterParse({ sources }: { readonly sources: readonly Tree[] }): void {
    for (const { statements, normalizedPath } of sources) {
      const imported = statements.filter(({ path }) => path?.value === '@vespid/sdk').flatMap(({ declarations }) => declarations ?? [])
      const name = imported.find(({ foreignName }) => foreignName?.text === 'limits')?.name.text
      if (name === undefined) continue
      const texts = statements.filter(({ expression }) => expression?.expression?.text === name).map(({ expression }) => expression!.args?.[0]?.value)
      if (texts.length === 1 && typeof texts[0] === 'string') this.texts.push(texts[0])
      else this.mistake = `ERROR: limits() is called once, at the top level, with a text that stands there, like limits('time_limit 1s')\n in ${normalizedPath}`
    }
  }

  afterCompile(module: { addCustomSection(name: string, content: Uint8Array): void }): void {
    if (this.texts.length > 0) module.addCustomSection(limitsSection, Buffer.from(this.texts.join('; '), 'latin1'))
  }
}

/**
 * Lets the SDK see how many bytes the minimal runtime has allocated, so that it collects when that is worth while and
 * not by the clock. The runtime keeps the number to itself.
 */
function showAllocated(standardFiles: Record<string, string>): void {
  const runtime = standardFiles['rt/tcms']
  if (runtime === undefined || !runtime.includes('let total: usize') || runtime.includes('__allocated')) return
  standardFiles['rt/tcms'] = `${runtime}\n// @ts-ignore: decorator\n@global export function __allocated(): usize { return total }\n`
}

/** A source map without the sources' texts, which are nine tenths of it: only places are looked up. */
function withoutSources(map: string): string {
  const { sourcesContent: _, ...rest } = JSON.parse(map) as Record<string, unknown>
  return JSON.stringify(rest)
}

/** A source file's text, or null. A plugin's folder may hold `node_modules`, but its SDK is always ours. */
function read(path: string, name: string): string | null {
  const own = /(?:^|\/)node_modules\/@vespid\/sdk\/(.*)$/.exec(name)
  if (own === null) return name.endsWith('asconfig.json') ? null : readOrNull(path)
  if (own[1]!.startsWith('..')) return null
  const file = join(sdkSources, own[1]!)
  if (!sources.has(file)) sources.set(file, readOrNull(file))
  return sources.get(file)!
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** The plugin's entry below a directory: `assembly/index.ts`, else `index.ts`; null when neither is there. */
export function entryOf(directory: string): string | null {
  for (const entry of ['assembly/index.ts', 'index.ts']) if (readOrNull(join(directory, entry)) !== null) return entry
  return null
}

/** The name of a plugin's folder: what its file is called. */
export function folderName(directory: string): string {
  const name = basename(resolve(directory))
  return name === '' ? 'plugin' : name
}

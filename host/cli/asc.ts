import { readFileSync } from 'node:fs'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { packageRoot } from '../core/install.ts'

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
export const ascOptions: readonly string[] = [
  '-O3', '--runtime', 'minimal', '--exportStart', 'vespid_abi_1', '--exportTable', '--enable', 'simd', '--sourceMap', '--noColors',
]

/** Sources that were read in this process: the SDK's own are read once for all plugins. */
const sources = new Map<string, string | null>()

/**
 * Compiles `entry` (relative to `directory`) with the AssemblyScript compiler in this process: about a second the
 * first time, a fifth of one later. `@vespid/sdk` is vespid's own, wherever the plugin's folder is.
 */
export async function compile(directory: string, entry: string): Promise<AscResult> {
  const asc = await import('assemblyscript/asc')
  showAllocated(asc.libraryFiles)
  let wasm: Uint8Array | null = null
  let map: string | null = null
  const { error, stderr } = await asc.main([entry, '--outFile', 'plugin.wasm', ...ascOptions], {
    readFile: (name: string, base: string) => read(isAbsolute(name) ? name : join(directory, base, name), name),
    writeFile: (name: string, contents: Uint8Array | string) => {
      if (name.endsWith('.wasm')) wasm = contents as Uint8Array
      else if (name.endsWith('.map')) map = withoutSources(contents as string)
    },
    listFiles: () => [],
  })
  const messages = stderr.toString().trimEnd()
  return error === null ? { wasm, map, messages } : { wasm: null, map: null, messages: messages === '' ? String(error) : messages }
}

/**
 * Lets the SDK see how many bytes the minimal runtime has allocated, so that it collects when that is worth while and
 * not by the clock. The runtime keeps the number to itself.
 */
function showAllocated(library: Record<string, string>): void {
  const runtime = library['rt/tcms']
  if (runtime === undefined || !runtime.includes('let total: usize') || runtime.includes('__allocated')) return
  library['rt/tcms'] = `${runtime}\n// @ts-ignore: decorator\n@global export function __allocated(): usize { return total }\n`
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

import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = 'host/http/framing/assembly'
const output = 'build/core/head.wasm'
/** memory.ts's staticBytes: the table begins there. */
const staticBytes = 4096

/** Whether the output is newer than everything that it is made of. */
function isFresh(): boolean {
  const sources = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
  const made = statSync(join(root, output), { throwIfNoEntry: false })
  if (made === undefined) return false
  const all = [...sources, 'host/http/framing/table.ts', 'tools/build-core.ts']
  return all.every((path) => statSync(join(root, path)).mtimeMs < made.mtimeMs)
}

/**
 * Compiles the head parser (host/http/framing/assembly) to build/core/head.wasm unless that is up to date. Returns
 * whether it compiled; throws with the compiler's messages when the source is wrong.
 */
export async function buildCore(): Promise<boolean> {
  if (isFresh()) return false
  let wasm: Uint8Array | null = null
  let messages = ''
  const write = { write(text: string | Uint8Array) { messages += String(text); return true } }
  const { error } = await asc.main([
    `${folder}/head.ts`, '--outFile', 'head.wasm', '-O3', '--converge', '--enable', 'simd', '--runtime', 'stub',
    '--importMemory', '--use', 'abort=', '--noAssert', '--initialMemory', '1',
  ], {
    stdout: write,
    stderr: write,
    readFile: (name: string) => read(name),
    writeFile: (_name: string, contents: string | Uint8Array) => { wasm = contents as Uint8Array },
    listFiles: () => [],
  })
  if (error !== null || wasm === null) throw new Error(`cannot compile ${folder}/head.ts\n${messages}`)
  check(wasm)
  mkdirSync(join(root, 'build/core'), { recursive: true })
  // Tests that run side by side may both compile: each puts a whole file in place.
  const partial = join(root, `${output}.${process.pid}`)
  writeFileSync(partial, wasm)
  renameSync(partial, join(root, output))
  return true
}

function read(name: string): string | null {
  try {
    return readFileSync(join(root, name), 'utf8')
  } catch {
    return null
  }
}

/** The parser may import only its memory, and must leave the table alone with its static data. */
function check(wasm: Uint8Array): void {
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>)
  const imports = WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`)
  if (imports.join() !== 'env.memory') {
    throw new Error(`head.wasm imports ${imports.join(', ')}; it may import only env.memory`)
  }
  const memory = new WebAssembly.Memory({ initial: 1 })
  const before = new Uint8Array(memory.buffer).slice(staticBytes)
  new WebAssembly.Instance(module, { env: { memory } })
  if (!new Uint8Array(memory.buffer).subarray(staticBytes).every((byte, i) => byte === before[i])) {
    throw new Error(`head.wasm has more than ${staticBytes} bytes of static data`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildCore()

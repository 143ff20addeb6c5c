/**
 * Makes the host a bundle for the package (`npm pack`): dist/main.js for the command, dist/worker.js and dist/unixreader.js for its threads, with the parts they
 * share. Node.js does not strip types below node_modules, so a package cannot run from the sources as a checkout does. An argument names
 * another directory than dist.
 */
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

const outdir = resolve(root, process.argv[2] ?? 'dist')

rmSync(outdir, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: { main: 'host/main.ts', worker: 'host/worker.ts', 'sqlite-thread': 'host/db/sqlite-thread.ts', unixreader: 'host/net/transports/unixreader.ts' },
  outdir, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node26', packages: 'external',
  chunkNames: 'part-[hash]', sourcemap: false, legalComments: 'none', logLevel: 'warning',
})

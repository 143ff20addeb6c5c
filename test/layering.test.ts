import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const host = fileURLToPath(new URL('../host', import.meta.url))

/** The layers of DESIGN §4: a folder may import from itself and from those before it. What is named together is one layer. */
const layers = [['core'], ['conf'], ['expr'], ['net', 'db', 'http', 'sip', 'script'], ['wasm'], ['rpc'], ['modules'], ['worker'], ['master'], ['cli']]
/** The contracts, which name types of every layer, and the entry points. */
const above: Record<string, string> = { 'worker.ts': 'worker', 'master.ts': 'master', 'main.ts': 'cli' }
const contracts = ['module.ts', 'cycle.ts', 'rpc/command.ts']

function sources(): string[] {
  return readdirSync(host, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.split('/').includes('assembly'))
}

function layerOf(path: string): number {
  const folder = above[path] ?? path.split('/')[0]!
  return layers.findIndex((names) => names.includes(folder))
}

/** Imports of a file that remain at run time, with `import type` left out. */
function imports(path: string): string[] {
  const text = readFileSync(join(host, path), 'utf8')
  const found = [...text.matchAll(/^(?:import|export) (?!type )[^'"]*?from '(\.[^']*)'|^import '(\.[^']*)'|\bimport\('(\.[^']*)'\)/gm)]
  return found.map((match) => relative(host, resolve(host, dirname(path), match[1] ?? match[2] ?? match[3]!)))
}

test('a folder is a layer, and imports go down only', () => {
  const wrong: string[] = []
  for (const path of sources()) {
    if (contracts.includes(path)) continue
    if (layerOf(path) < 0) wrong.push(`host/${path} is in no layer`)
    for (const target of imports(path)) {
      if (contracts.includes(target)) continue
      if (target.startsWith('..')) wrong.push(`host/${path} imports ${target} from outside of host/`)
      else if (layerOf(target) > layerOf(path)) wrong.push(`host/${path} imports host/${target}, which is above it`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('core imports nothing of ours but core', () => {
  const wrong = sources().filter((path) => path.startsWith('core/')).flatMap((path) =>
    imports(path).filter((target) => !target.startsWith('core/')).map((target) => `host/${path} imports ${target}`))
  assert.deepEqual(wrong, [])
})

test('no default exports, no barrels, no utils', () => {
  const wrong: string[] = []
  for (const path of sources()) {
    const text = readFileSync(join(host, path), 'utf8')
    if (/^export default/m.test(text)) wrong.push(`host/${path} has a default export`)
    if (/(^|\/)(utils?|helpers?)(\.ts$|\/)/.test(path)) wrong.push(`host/${path} says by its name what it is not`)
    if (/^export (\*|\{[^}]*\}) from/m.test(text)) wrong.push(`host/${path} exports what is another file's`)
  }
  assert.deepEqual(wrong, [])
})

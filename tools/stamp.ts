/** What a thing that is built from sources depends on, as one number: whoever keeps the built thing compares it. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The TypeScript files below a directory, absolute, in the order of their names; tests are not among them. */
function sourcesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort().map((name) => join(directory, name))
}

/** SHA-256 in hex of `more`, and of the names (below their directory) and contents of the sources in these directories. */
export function stampOf(directories: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more)
  for (const directory of directories) {
    for (const path of sourcesBelow(directory)) hash.update(path.slice(directory.length)).update('\0').update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

let shared: string | null = null

/** What every plugin depends on: the SDK, the ABI, the compiler and how it is called. Read once. */
function sharedStamp(): string {
  const text = (path: string): string => existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''
  const { version } = JSON.parse(text('node_modules/assemblyscript/package.json')) as { version: string }
  return shared ??= stampOf([join(root, 'sdk/assembly')], `${version} ${text('host/cli/asc.ts')} ${text('host/wasm/native/abi.ts')}`)
}

/** The stamp of a plugin: of its folder's sources, of those of the plugins in `plugins-as` that it imports from, and of what all depend on. */
export function pluginStamp(directory: string): string {
  const found = new Set<string>()
  for (const path of sourcesBelow(directory)) {
    for (const [, other] of readFileSync(path, 'utf8').matchAll(/from '\.\.\/\.\.\/(\w+)\/assembly\//g)) found.add(join(root, 'plugins-as', other!, 'assembly'))
  }
  return stampOf([directory, ...[...found].sort()], sharedStamp())
}

/** The stamp of a plugin whose only source is this text. */
export function textStamp(text: string): string {
  return stampOf([], `${sharedStamp()} ${text}`)
}

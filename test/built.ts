/**
 * What tests need built, kept in build/test/ under names that tell the content of the sources: the host as a bundle, and plugins. Whoever is
 * first builds; two runs at once do not disturb each other.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pluginStamp, stampOf, textStamp } from '../tools/stamp.ts'

const root = join(import.meta.dirname, '..')
const kept = join(root, 'build/test')

/** The kept directory of this kind and stamp; `make` fills it when it is not there. */
async function keep(kind: string, stamp: string, make: (directory: string) => void | Promise<void>): Promise<string> {
  const directory = join(kept, `${kind}-${stamp.slice(0, 16)}`)
  if (existsSync(directory)) {
    const now = new Date()
    utimesSync(directory, now, now)
    return directory
  }
  sweep()
  const aside = `${directory}.${process.pid}`
  mkdirSync(aside, { recursive: true })
  await make(aside)
  try {
    renameSync(aside, directory)
  } catch (error) {
    // Another run was first: what it made is the same.
    if (!existsSync(directory)) throw error
    rmSync(aside, { recursive: true })
  }
  return directory
}

/** Removes what no run has used for an hour. */
function sweep(): void {
  if (!existsSync(kept)) return
  for (const name of readdirSync(kept)) {
    const path = join(kept, name)
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - used > 3_600_000) rmSync(path, { recursive: true, force: true })
  }
}

let command: Promise<string> | null = null

/**
 * The path of the command, as an installed package has it: one bundle. A process with its threads that loads the sources file by file takes
 * three times the processor time to start.
 */
export function vespid(): Promise<string> {
  return command ??= bundled()
}

async function bundled(): Promise<string> {
  // Under coverage the bundle says which sources its code comes from.
  const maps = process.env.NODE_V8_COVERAGE !== undefined
  const stamp = stampOf([join(root, 'host'), join(root, 'tools')], String(maps))
  const home = await keep(maps ? 'covered' : 'host', stamp, (directory) => {
    mkdirSync(join(directory, 'host'))
    cpSync(join(root, 'host/vespid'), join(directory, 'host/vespid'))
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    execFileSync(process.execPath, [join(root, 'tools/bundle.ts'), join(directory, 'dist'), ...maps ? ['maps'] : []])
  })
  return join(home, 'host/vespid')
}

/** Compiles the plugin in `directory` into the file `out`, with its source map beside it. Throws BuildError. */
export function builtPlugin(directory: string, out: string): Promise<void> {
  return compiled(pluginStamp(directory), () => directory, out)
}

/** As `builtPlugin`, for a plugin of one file with this text. */
export function builtText(text: string, out: string): Promise<void> {
  return compiled(textStamp(text), (aside) => {
    mkdirSync(join(aside, 'assembly'))
    writeFileSync(join(aside, 'assembly/index.ts'), text)
    return aside
  }, out)
}

async function compiled(stamp: string, source: (aside: string) => string, out: string): Promise<void> {
  const made = await keep('plugin', stamp, async (aside) => {
    // The compiler is loaded only where it is needed.
    const { buildPlugin } = await import('../host/cli/build.ts')
    await buildPlugin(source(aside), join(aside, 'plugin.wasm'))
  })
  mkdirSync(dirname(out), { recursive: true })
  for (const end of ['', '.map']) copyFileSync(join(made, `plugin.wasm${end}`), out + end)
}

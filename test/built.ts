/**
 * What tests need built, kept in build/test/ under names that tell the content of the sources: the host as a bundle, and plugins. Whoever is
 * first builds; two runs at once do not disturb each other.
 */
import { execFileSync } from 'node:child_process'
import {
  accessSync, chmodSync, constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pluginStamp, stampOf, textStamp } from '../tools/stamp.ts'

const root = join(import.meta.dirname, '..')
const kept = join(root, 'build/test')

/** Whether this user may keep anything: a checkout may be somebody else's. */
function mayKeep(): boolean {
  try {
    mkdirSync(kept, { recursive: true })
    accessSync(kept, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The kept directory of this kind and stamp; `make` fills it when it is not there. Who may keep nothing gets one that ends with the process. */
async function keep(kind: string, stamp: string, make: (directory: string) => void | Promise<void>): Promise<string> {
  const directory = join(kept, `${kind}-${stamp.slice(0, 16)}`)
  if (existsSync(directory)) {
    touch(directory)
    return directory
  }
  if (!mayKeep()) {
    const own = mkdtempSync(join(tmpdir(), 'vespid-built-'))
    process.once('exit', () => rmSync(own, { recursive: true, force: true }))
    await make(own)
    return own
  }
  sweep()
  const aside = mkdtempSync(`${directory}.`)
  await make(aside)
  chmodSync(aside, 0o755)
  try {
    renameSync(aside, directory)
  } catch (error) {
    // Another run was first: what it made is the same.
    if (!existsSync(directory)) throw error
    rmSync(aside, { recursive: true })
  }
  return directory
}

/** Says that a directory is in use. */
function touch(directory: string): void {
  const now = new Date()
  try {
    utimesSync(directory, now, now)
  } catch (error) {
    // Only its owner may say so.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}

/** Removes what no run has used for an hour. */
function sweep(): void {
  for (const name of readdirSync(kept)) {
    const path = join(kept, name)
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - used > 3_600_000) rmSync(path, { recursive: true, force: true })
  }
}

let command: Promise<string> | null = null

/**
 * The path of the command, as an installed package has it: one bundle. To load the sources file by file, in the process and in each of its
 * threads, takes twice the processor time of a start. Under coverage it is the checkout's, so that the report tells of the sources,
 * and also where nothing may be kept.
 */
export function vespid(): Promise<string> {
  return command ??= bundled()
}

async function bundled(): Promise<string> {
  const launcher = join(root, 'host/vespid')
  if (process.env.NODE_V8_COVERAGE !== undefined || !mayKeep()) return launcher
  const home = await keep('host', stampOf([join(root, 'host'), join(root, 'tools')], readFileSync(launcher, 'latin1')), (directory) => {
    mkdirSync(join(directory, 'host'))
    copyFileSync(launcher, join(directory, 'host/vespid'))
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    execFileSync(process.execPath, [join(root, 'tools/bundle.ts'), join(directory, 'dist')])
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
  // The file's name is the plugin's, which its registration may depend on.
  const file = basename(out)
  const made = await keep(file, stamp, async (aside) => {
    // The compiler is loaded only where it is needed.
    const { buildPlugin } = await import('../host/cli/build.ts')
    await buildPlugin(source(aside), join(aside, file))
  })
  mkdirSync(dirname(out), { recursive: true })
  for (const end of ['', '.map']) copyFileSync(join(made, file + end), out + end)
}

import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { compactXml, readXml, textsOf } from '../../conf/xml.ts'
import { systemFailure } from '../../core/errors.ts'
import { missingGrant } from '../../core/grants.ts'
import { bytesOf, textOf } from '../../core/text.ts'
import { TimerBoard } from '../timerboard.ts'
import { Kind } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { ABSENT } from './abi.ts'

/** How a file is given, a bit set: an XML document in its compact form instead of bytes; read anew, and not remembered. */
const Format = { Xml: 1, Fresh: 2 } as const
const largestFile = 4 << 20
/** Files that are remembered for one plugin. */
const mostFiles = 16

/** What a plugin has read; its texts are in the byte form. */
export class PluginFiles {
  /**
   * Words that the configuration gave to the plugin, and the texts of the documents that it was told to read. What stands there a plugin that is
   * shipped may read and open: whoever wrote the configuration has named it.
   */
  readonly named = new Set<string>()
  /** Why the last `file_read` or `db_open` failed. */
  reason = ''
  private readonly read = new Map<string, { readonly generation: number, readonly text: string }>()

  /** A file's content, read once for each generation; throws Error that says why not. */
  content(plugin: NativePlugin, path: string, format: number): string {
    if ((format & Format.Fresh) !== 0) return this.load(plugin, path, format)
    const generation = generationOf(plugin, 0)
    const key = `${format} ${path}`
    const known = this.read.get(key)
    if (known !== undefined && known.generation === generation) return known.text
    const text = this.load(plugin, path, format)
    if (this.read.size >= mostFiles) this.read.clear()
    this.read.set(key, { generation, text })
    return text
  }

  private load(plugin: NativePlugin, path: string, format: number): string {
    const { cycle } = plugin
    if (cycle === null) throw new GuestFault('read a file before the configuration was begun')
    const full = resolve(textOf(cycle.options.prefix), textOf(path))
    const shown = bytesOf(full)
    if (!(plugin.own && this.named.has(path)) && !granted(plugin, full)) {
      throw new Error(`plugin "${plugin.name}" may not read ${shown}; ${missingGrant(plugin.name, 'file', shown)}`)
    }
    let bytes: Buffer
    try {
      const { size } = statSync(full)
      if (size > largestFile) throw new Error(`${shown} has ${size} bytes; ${largestFile} are allowed`)
      bytes = readFileSync(full)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      throw new Error(systemFailure(`open() "${shown}"`, error), { cause: error })
    }
    if ((format & Format.Xml) === 0) return bytes.toString('latin1')
    try {
      const root = readXml(bytes.toString('utf8'))
      // Only what the configuration says: a file that is read again later names nothing new.
      if (plugin.instance.frame.kind === Kind.Configure) textsOf(root, (text) => this.named.add(bytesOf(text)))
      return bytesOf(compactXml(root))
    } catch (error) {
      throw new Error(`${shown}: ${bytesOf((error as Error).message)}`, { cause: error })
    }
  }
}

/** `allow file PATH`: the file itself, or everything below a directory whose name ends in "/". */
function granted(plugin: NativePlugin, full: string): boolean {
  const cycle = plugin.cycle!
  for (const grant of cycle.grants.list(plugin.name, 'file')) {
    const allowed = resolve(textOf(cycle.options.prefix), textOf(grant))
    if (allowed === full) return true
    if (!grant.endsWith('/')) continue
    try {
      // A link must not lead out of the directory.
      if (realpathSync(full).startsWith(`${realpathSync(allowed)}/`)) return true
    } catch { /* Not there: not granted by this one. */ }
  }
  return false
}

/** Adds to the number that all instances of a plugin in all workers share, and returns it. */
function generationOf(plugin: NativePlugin, add: number): number {
  return new TimerBoard(plugin.instance.program.timers).generation(add)
}

const anywhere = ~(Kind.Register | Kind.Idle)

/** The functions that read files, and tell other instances that they have changed. */
export function fileImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  return {
    file_read: (pointer, length, format, out, capacity) => {
      instance.expect(anywhere, 'file_read')
      if (format! < 0 || format! > 3) throw new GuestFault(`read a file as format ${format}`)
      try {
        return instance.give(plugin.files.content(plugin, instance.text(pointer!, length!, 4096), format!), out!, capacity!)
      } catch (error) {
        if (error instanceof GuestFault) throw error
        plugin.files.reason = bytesOf((error as Error).message)
        return ABSENT
      }
    },
    generation: (add) => {
      if (add !== 0 && add !== 1) throw new GuestFault(`added ${add} to its generation`)
      return generationOf(plugin, add)
    },
    reason: (out, capacity) => instance.give(plugin.files.reason, out!, capacity!),
  }
}

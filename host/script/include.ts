/** How the preprocessor comes by the files that `include_file` names. */
import { readFileSync, statSync } from 'node:fs'
import { errnoText } from '../core/errors.ts'
import { bytesOf, textOf } from '../core/text.ts'
import type { Surroundings } from './preprocess.ts'

/** A file that was read; name and text are byte strings. */
export interface ScriptText {
  readonly name: string
  readonly text: string
}

/** The bytes of a file (absolute path) as a byte string; null when there is none; throws otherwise. */
export type ReadFile = (path: string) => string | null

/** Reads what the master has read, from the texts that it has handed to this worker; without them from disk. */
export function readerOf(snapshot: { readonly files: ReadonlyMap<string, string> } | undefined): ReadFile {
  return snapshot === undefined ? readBytes : (path) => snapshot.files.get(bytesOf(path)) ?? null
}

/**
 * Opens files: a relative name is looked for below `directory` (ends in `/`), then beside the file that names it. What is read is added to `texts`, and what is
 * there already is not read again.
 */
export function opener(directory: string, read: ReadFile, texts: ScriptText[]): Surroundings['open'] {
  const fetch = (path: string): ScriptText | null => {
    const name = bytesOf(path)
    const known = texts.find((one) => one.name === name)
    if (known !== undefined) return known
    const text = read(path)
    if (text === null) return null
    const made = { name, text }
    texts.push(made)
    return made
  }
  return (name, from) => {
    try {
      for (const path of candidates(textOf(name), textOf(from ?? ''), directory)) {
        const found = fetch(path)
        if (found !== null) return found
      }
      return null
    } catch (error) {
      return `open() "${name}" failed (${errnoText(error as NodeJS.ErrnoException)})`
    }
  }
}

function candidates(name: string, from: string, directory: string): string[] {
  if (name.startsWith('/')) return [name]
  return [...new Set([directory + name, from.slice(0, from.lastIndexOf('/') + 1) + name])]
}

/** No configuration is longer. */
const LONGEST = 1 << 28

/** Reads a file from disk. */
export function readBytes(path: string): string | null {
  try {
    const info = statSync(path)
    // A device may never end.
    if (info.isCharacterDevice() || info.isBlockDevice()) throw Object.assign(new Error('a device'), { code: 'EINVAL' })
    if (info.size > LONGEST) throw Object.assign(new Error('too long'), { code: 'EFBIG' })
    return readFileSync(path, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

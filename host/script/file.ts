/** Reads a whole Kamailio file (kamailio.md §9): preprocessor, settings, modules, routes. */
import { readFileSync, statSync } from 'node:fs'
import { ConfigError, errnoText } from '../core/errors.ts'
import { bytesOf, textOf } from '../core/text.ts'
import type { ScriptFile } from './ast.ts'
import { FileBuilder } from './filebuilder.ts'
import { Parser, Problems } from './parser.ts'
import type { ScriptProblem } from './parser.ts'
import { Preprocessor } from './preprocess.ts'
import { parseFile } from './toplevel.ts'

/** Where the text of a file comes from. */
export interface ReadOptions {
  /** `-A NAME=VALUE`. */
  readonly defines?: readonly (readonly [string, string])[]
  /** For `#!defenv`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A relative name of an included file is looked for here first (the prefix; ends in `/`), then beside the file that includes it. */
  readonly prefix: string
  /** The bytes of a file (absolute path) as a byte string; null when there is none; throws otherwise. Default: read from disk. */
  readonly read?: (path: string) => string | null
}

/** What a file says and what is wrong with it; nothing is to be done with `file` when an error is among the problems. */
export interface ScriptFileRead {
  readonly file: ScriptFile
  readonly problems: readonly ScriptProblem[]
  /** Every file that was read, with its bytes, the first first; names and texts are byte strings. */
  readonly texts: readonly { readonly name: string, readonly text: string }[]
}

/** Words that every file finds defined: the release that is followed, and which server reads it. */
const predefined = ['KAMAILIO_5', 'KAMAILIO_5_6', 'KAMAILIO_5_6_3', 'VESPID']

/** Reads `path` (absolute) and what it includes. Mistakes are in `problems`, never thrown. */
export function readScriptFile(path: string, options: ReadOptions): ScriptFileRead {
  const problems = new Problems()
  const texts: { name: string, text: string }[] = []
  const read = options.read ?? readBytes
  const fetch = (candidate: string): { name: string, text: string } | null => {
    const name = bytesOf(candidate)
    const known = texts.find((one) => one.name === name)
    if (known !== undefined) return known
    const text = read(candidate)
    if (text === null) return null
    texts.push({ name, text })
    return texts[texts.length - 1]!
  }
  const open = (name: string, from: string | null): { name: string, text: string } | string | null => {
    try {
      for (const candidate of candidates(textOf(name), textOf(from ?? ''), options.prefix)) {
        const found = fetch(candidate)
        if (found !== null) return found
      }
      return null
    } catch (error) {
      return `open() "${name}" failed (${errnoText(error as NodeJS.ErrnoException)})`
    }
  }
  const tokens = new Preprocessor({ open, env: options.env ?? {} }, (message, place, note, level) => {
    problems.add(new ConfigError(message, place, note ?? null), level)
    if (problems.full) tokens.stop()
  })
  for (const name of predefined) tokens.defines.set(name, '')
  for (const [name, value] of options.defines ?? []) tokens.defines.set(name, value)
  const builder = new FileBuilder()
  const main = open(bytesOf(path), null)
  if (main === null || typeof main === 'string') {
    problems.add(new ConfigError(main ?? `open() "${bytesOf(path)}" failed (2: No such file or directory)`))
  } else {
    tokens.enter(main.text, main.name)
    parseFile(new Parser(tokens, problems), builder)
  }
  const file = { path: bytesOf(path), ...builder, defines: tokens.defines, files: texts.map(({ name }) => name) }
  return { file, problems: problems.list, texts }
}

function candidates(name: string, from: string, prefix: string): string[] {
  if (name.startsWith('/')) return [name]
  return [...new Set([prefix + name, from.slice(0, from.lastIndexOf('/') + 1) + name])]
}

/** No configuration is longer. */
const LONGEST = 1 << 28

function readBytes(path: string): string | null {
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

/** Reads a whole Kamailio file (kamailio.md §9): preprocessor, settings, modules, routes. */
import { ConfigError } from '../core/errors.ts'
import { bytesOf } from '../core/text.ts'
import type { ScriptFile } from './ast.ts'
import { FileBuilder } from './filebuilder.ts'
import { opener, readBytes } from './include.ts'
import type { ReadFile, ScriptText } from './include.ts'
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
  /** Default: read from disk. */
  readonly read?: ReadFile
}

/** What a file says and what is wrong with it; nothing is to be done with `file` when an error is among the problems. */
export interface ScriptFileRead {
  readonly file: ScriptFile
  readonly problems: readonly ScriptProblem[]
  /** Every file that was read, the first first. */
  readonly texts: readonly ScriptText[]
}

/** Reads `path` (absolute) and what it includes. Mistakes are in `problems`, never thrown. */
export function readScriptFile(path: string, options: ReadOptions): ScriptFileRead {
  const problems = new Problems()
  const texts: ScriptText[] = []
  const open = opener(options.prefix, options.read ?? readBytes, texts)
  const tokens = new Preprocessor({ open, env: options.env ?? {} }, (message, place, note, level) => {
    problems.add(new ConfigError(message, place, note ?? null), level)
    if (problems.full) tokens.stop()
  })
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

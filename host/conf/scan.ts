/**
 * Looks through the main context of a configuration before it is read: some directives say how plugins are to be
 * loaded, and hold wherever in the main context they stand, also behind the directive that loads the plugin.
 */
import { readFileSync } from 'node:fs'
import { bytesOf, textOf } from '../core/text.ts'
import type { CycleOptions } from '../cycle.ts'
import { expandGlob, isGlob } from './glob.ts'
import { Ending, Lexer } from './lexer.ts'

/** A statement that was found: its words, and those of the statements in its block. */
export interface Scanned {
  readonly words: readonly string[]
  readonly block: readonly (readonly string[])[]
}

/** Blocks that are not nginx's language. */
const rawBlock = /^(\w+_)?route(\[|$)/

const deepest = 100

/**
 * The statements of the main context for whose name `wanted` answers true, in their order; `include` is followed. Never
 * fails: what cannot be read is reported when the configuration is read.
 */
export function scanMain(options: CycleOptions, wanted: (name: string) => boolean): Scanned[] {
  const found: Scanned[] = []
  const directory = options.confFile.slice(0, options.confFile.lastIndexOf('/') + 1)
  const text = (path: string): string => {
    const known = options.snapshot?.files.get(bytesOf(path))
    if (known !== undefined) return known
    try {
      return readFileSync(path, 'latin1')
    } catch {
      return ''
    }
  }
  const include = (name: string, depth: number): void => {
    const given = textOf(name)
    const path = given.startsWith('/') ? given : directory + given
    if (depth >= deepest) return
    const paths = !isGlob(path) ? [path] : options.snapshot?.globs.get(path) ?? expandGlob(path)
    for (const file of paths) scan(text(file), file, depth + 1)
  }
  const scan = (source: string, file: string | null, depth: number): void => {
    const lexer = new Lexer(source, file, () => {})
    for (;;) {
      const ending = lexer.next()
      if (ending === Ending.End || ending === Ending.Close) return
      const { words } = lexer
      const [name = ''] = words
      if (ending === Ending.Simple) {
        if (wanted(name)) found.push({ words, block: [] })
        else if (name === 'include' && words.length === 2) include(words[1]!, depth)
      } else if (wanted(name)) found.push({ words, block: readBlock(lexer) })
      else if (!rawBlock.test(name)) lexer.skipBlock()
      else if (lexer.rawBlock() === null) return
    }
  }
  if (options.globals !== '') scan(bytesOf(options.globals), null, 0)
  if (options.script === undefined) scan(text(options.confFile), options.confFile, 0)
  return found
}

function readBlock(lexer: Lexer): string[][] {
  const statements: string[][] = []
  for (;;) {
    const ending = lexer.next()
    if (ending === Ending.End || ending === Ending.Close) return statements
    statements.push(lexer.words)
    if (ending === Ending.Open) lexer.skipBlock()
  }
}

/** One tree, two readers: a cycle is built from nginx's language, or from a Kamailio file (`-f`). */
import { buildCycle } from '../../conf/build.ts'
import type { Built } from '../../conf/build.ts'
import { Ending, Lexer } from '../../conf/lexer.ts'
import type { Reader } from '../../conf/reader.ts'
import { ConfigError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { bytesOf } from '../../core/text.ts'
import type { CycleOptions } from '../../cycle.ts'
import type { Module } from '../../module.ts'
import { readScriptFile } from '../../script/file.ts'
import type { ScriptFileRead } from '../../script/file.ts'
import { readerOf } from '../../script/include.ts'
import type { PluginSet } from '../../wasm/plugins.ts'
import { checkSettings } from './check.ts'
import { kamailioModules } from './module.ts'
import { StatementLexer } from './statements.ts'
import { makeConfiguration } from './tree.ts'

/** As `buildCycle`, for both languages: `options.script` says which one the file is in. */
export function buildConfiguration(options: CycleOptions, modules: readonly Module[], plugins: PluginSet, log: Log, number = 1): Built {
  if (options.script === undefined) return buildCycle(options, modules, plugins, log, number)
  const read = readFile(options, options.script.defines)
  return buildCycle(options, [...modules, ...kamailioModules(read.file)], plugins, log, number, (reader) => enter(reader, read, options))
}

/** Workers read what the master read. */
function readFile(options: CycleOptions, defines: readonly (readonly [string, string])[]): ScriptFileRead {
  const { snapshot, prefix, confFile } = options
  return readScriptFile(confFile, { defines, env: process.env, prefix, read: readerOf(snapshot) })
}

function enter(reader: Reader, { file, problems, texts }: ScriptFileRead, options: CycleOptions): void {
  reader.cycle.script = file
  reader.cycle.files.push(...texts)
  const wrong = checkSettings(file)
  for (const { level, error } of problems) reader.problem(level, error)
  for (const error of wrong) reader.problem('emerg', error)
  if (texts.length === 0) return
  const { main, http, warnings } = makeConfiguration(file, options, mainDirectives(options.globals))
  for (const { message, place, note } of warnings) reader.problem('warn', new ConfigError(message, place, note))
  reader.readStatements(new StatementLexer(main, file.path))
  // With a statement or a module missing, what follows would only make up other mistakes.
  if (reader.errors === 0) reader.readStatements(new StatementLexer([http], file.path))
}

/** The names of the directives that `-g` gives. */
function mainDirectives(globals: string): Set<string> {
  const lexer = new Lexer(bytesOf(globals), null, () => {})
  const names = new Set<string>()
  while (lexer.next() === Ending.Simple) names.add(lexer.words[0]!)
  return names
}

/** The body of one route as it stands in an nginx-style configuration. */
import type { Place } from '../core/place.ts'
import { ConfigError } from '../core/errors.ts'
import type { Statement } from './ast.ts'
import { Parser, Problems } from './parser.ts'
import type { ScriptProblem } from './parser.ts'
import { Preprocessor } from './preprocess.ts'
import type { Surroundings } from './preprocess.ts'
import { parseStatements } from './statement.ts'
import { Kind } from './token.ts'

/** The statements of a route and what is wrong with them, in the order found. */
export interface RouteText {
  readonly body: readonly Statement[]
  readonly problems: readonly ScriptProblem[]
}

/** What the text is read in: how files are opened, the environment, and the words that are defined before it. */
export interface RouteSurroundings extends Surroundings {
  readonly defines?: ReadonlyMap<string, string>
}

/**
 * Parses the text between the braces of `route[NAME] { … }`, which begins at `place` (`Cf.rawBlock`). An empty text is an empty route.
 * Preprocessor words work in it.
 */
export function parseRouteText(text: string, place: Place, around: RouteSurroundings): RouteText {
  const problems = new Problems()
  const tokens = new Preprocessor(around, (message, at, note, level) => {
    problems.add(new ConfigError(message, at, note), level)
    if (problems.full) tokens.stop()
  })
  for (const [name, value] of around.defines ?? []) tokens.defines.set(name, value)
  tokens.enter(text, place.file, place)
  const parser = new Parser(tokens, problems)
  const body: Statement[] = []
  while (parser.token.kind !== Kind.End) {
    try {
      for (const statement of parseStatements(parser, () => parser.at('}'))) body.push(statement)
    } catch (error) {
      parser.report(error)
      parser.recover()
    }
    if (!parser.at('}')) continue
    // The reader has matched the braces, so this one closes what a mistake has opened.
    if (problems.list.length === 0) problems.add(new ConfigError('unexpected "}"', parser.token.place, 'no block is open here'))
    parser.next()
  }
  return { body, problems: problems.list }
}

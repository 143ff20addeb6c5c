import { formatProblems } from '../conf/report.ts'
import type { Problem } from '../conf/report.ts'
import { ConfigError } from '../core/errors.ts'
import { textOf } from '../core/text.ts'
import { RpcCode, RpcError } from '../rpc/command.ts'
import { BindFailure } from './bind.ts'

/** A problem without a place. */
export function problem(message: string, note: string | null = null): Problem {
  return { level: 'emerg', error: new ConfigError(message, null, note) }
}

/** What was thrown while a configuration was taken into use, as problems; anything unknown is thrown on. */
export function problemsOf(error: unknown): Problem[] {
  if (error instanceof BindFailure) return error.failures.map(({ message, note }) => problem(message, note))
  if (error instanceof ConfigError) return [{ level: 'emerg', error }]
  throw error
}

/**
 * The RPC answer for a configuration that was refused: the first error as the message; in `data` every problem with its place, and
 * `report`, the text with frames that `-s reload` prints.
 */
export function refusal(problems: readonly Problem[]): RpcError {
  const first = problems.find(({ level }) => level === 'emerg') ?? problems[0]!
  return new RpcError(RpcCode.Failed, textOf(first.error.line), {
    problems: problems.map(({ level, error }) => ({
      level, message: textOf(error.message),
      ...(error.place === null ? {} : { file: error.place.file === null ? null : textOf(error.place.file), line: error.place.line, column: error.place.column }),
      ...(error.note === null ? {} : { note: textOf(error.note) }),
    })),
    report: formatProblems(problems),
  })
}

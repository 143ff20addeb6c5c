/**
 * Turns the problems of a configuration into text for a terminal: nginx's line, then the source line with a caret, then
 * one note.
 */
import type { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { textOf } from '../core/text.ts'

/** How problems are shown. */
export interface ReportOptions {
  /** The first word of each line; default `vespid`. */
  readonly program?: string
  /** Show source line, caret and note below nginx's line; default true. */
  readonly frame?: boolean
  /** Escape sequences for colours; see `wantsColor`. Default false. */
  readonly color?: boolean
  /** At most this many errors are shown, the rest is counted; default 20. Warnings are not counted. */
  readonly limit?: number
}

/** One problem as `Cycle.problems` holds it. */
export interface Problem {
  readonly level: 'warn' | 'emerg'
  readonly error: ConfigError
}

const WIDEST = 110
const RED = '\x1b[1;31m', YELLOW = '\x1b[1;33m', DIM = '\x1b[2m', PLAIN = '\x1b[0m'

/** True when text for this stream may be coloured: it is a terminal and NO_COLOR is not set (no-color.org). */
export function wantsColor(stream: { isTTY?: boolean }, env: Record<string, string | undefined>): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** All problems as lines that end in a line feed; the empty string when there are none. */
export function formatProblems(problems: readonly Problem[], options: ReportOptions = {}): string {
  const limit = options.limit ?? 20
  let errors = 0
  let out = ''
  for (const problem of problems) {
    if (problem.level === 'emerg' && ++errors > limit) continue
    out += formatProblem(problem, options)
  }
  const hidden = errors - limit
  if (hidden <= 0) return out
  return `${out}${options.program ?? 'vespid'}: ${hidden} more ${hidden === 1 ? 'error is' : 'errors are'} not shown\n`
}

/** One problem: `vespid: [emerg] MESSAGE in FILE:LINE`, then its frame. */
export function formatProblem({ level, error }: Problem, options: ReportOptions = {}): string {
  const paint = (color: string, text: string): string => options.color === true ? color + text + PLAIN : text
  const color = level === 'emerg' ? RED : YELLOW
  let out = `${options.program ?? 'vespid'}: ${paint(color, `[${level}]`)} ${printable(textOf(error.line))}\n`
  if (options.frame === false) return out
  if (error.place !== null) {
    const { source, caret } = frame(error.place)
    const number = String(error.place.line).padStart(4)
    out += `${paint(DIM, `${number} |`)} ${source}\n${paint(DIM, '     |')} ${paint(color, caret)}\n`
  }
  if (error.note !== null) out += `  note: ${printable(textOf(error.note))}\n`
  return out
}

/** The source line, cut to fit around the word, and the carets below it; columns are recounted in characters. */
function frame(place: Place): { source: string, caret: string } {
  const before = printable(textOf(place.text.slice(0, place.column - 1)), true)
  const word = textOf(place.text.slice(place.column - 1, place.column - 1 + place.length))
  const after = textOf(place.text.slice(place.column - 1 + place.length))
  const from = Math.max(0, before.length - WIDEST / 2)
  const lead = (from > 0 ? '…' : '') + before.slice(from)
  const shown = printable(word, true).slice(0, WIDEST / 2)
  const source = lead + shown + printable(after, true)
  const carets = '^'.repeat(Math.max(1, [...shown].length))
  return {
    source: source.length > WIDEST ? `${source.slice(0, WIDEST)}…` : source.trimEnd(),
    // Tabs stay tabs, so that the carets stand below the word whatever a tab is worth.
    caret: [...lead].map((c) => c === '\t' ? c : ' ').join('') + carets,
  }
}

/** Control characters as `\xHH`, so that a text keeps its line and cannot command a terminal; tabs may stay. */
function printable(text: string, tabs = false): string {
  return text.replace(/[^ -~\u00a0-\uffff]/g, (c) =>
    tabs && c === '\t' ? c : `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

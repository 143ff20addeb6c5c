import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseRouteText } from '../../host/script/parse.ts'
import type { RouteText } from '../../host/script/parse.ts'
import { readScriptFile } from '../../host/script/file.ts'
import type { ReadOptions, ScriptFileRead } from '../../host/script/file.ts'
import type { ScriptProblem } from '../../host/script/parser.ts'

/** One record of test/golden/kamailio. */
export interface Recorded {
  readonly id: string
  readonly version: string
  readonly config: string
  readonly input: string
  readonly output: string
}

/** The records of one file in test/golden/kamailio. */
export function recorded(name: string): Recorded[] {
  const path = fileURLToPath(new URL(`../golden/kamailio/${name}`, import.meta.url))
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
}

/** Files that the recorded configurations include. */
export const included: Readonly<Record<string, string>> = {
  '/etc/inc.cfg': '#!define FROMINC "inc-value"\nroute[INCR] { return 3; }\n',
  '/etc/sub/nest.cfg': 'include_file "deep.cfg"\n',
  '/etc/sub/deep.cfg': 'route[INC2] { return 4; }\n',
}

/** Reads a Kamailio file `/etc/t.cfg` of this text; `files` are others, by path. */
export function readFile(text: string, options: Partial<ReadOptions> & { files?: Readonly<Record<string, string>> } = {}): ScriptFileRead {
  const files: Record<string, string> = { ...included, ...options.files, '/etc/t.cfg': Buffer.from(text, 'utf8').toString('latin1') }
  return readScriptFile('/etc/t.cfg', { prefix: '/nowhere/', read: (path) => files[path] ?? null, env: { MYENV: '123' }, ...options })
}

/** The statements of a route's body, which begins in line 1, column 1 of `f`. */
export function parse(text: string, defines: ReadonlyMap<string, string> = new Map()): RouteText {
  return parseRouteText(text, { file: 'f', line: 1, column: 1, length: 1, text: text.split('\n')[0]! }, { open: () => null, env: {}, defines })
}

/** The errors among problems as `LINE:COLUMN MESSAGE (NOTE)`. */
export function told(problems: readonly ScriptProblem[], level: 'warn' | 'emerg' = 'emerg'): string[] {
  return problems.filter((problem) => problem.level === level).map(({ error }) =>
    `${error.place?.line}:${error.place?.column} ${error.message}${error.note === null ? '' : ` (${error.note})`}`)
}

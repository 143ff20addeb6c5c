import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { formatProblems, wantsColor } from '../../host/conf/report.ts'
import type { ReportOptions } from '../../host/conf/report.ts'
import { ConfigError } from '../../host/core/errors.ts'
import { build } from './conf-support.ts'

function report(t: TestContext, text: string, options: ReportOptions = {}): string {
  const { cycle, prefix } = build(t, text)
  return formatProblems(cycle.problems, options).replaceAll(prefix, '<P>/')
}

test('nginx\'s line first, then the source line with a caret, then a note', (t) => {
  assert.equal(report(t, 'events {\n\tworker_conections 5;\n\tworker_connections "ü" x;\n\tworker_connections a\n\t;}\n'), `\
vespid: [emerg] unknown directive "worker_conections" in <P>/v.conf:2
   2 | \tworker_conections 5;
     | \t^^^^^^^^^^^^^^^^^
  note: did you mean "worker_connections"?
vespid: [emerg] invalid number of arguments in "worker_connections" directive in <P>/v.conf:3
   3 | \tworker_connections "ü" x;
     | \t^^^^^^^^^^^^^^^^^^
  note: it takes 1 argument
vespid: [emerg] invalid number "a" in <P>/v.conf:5
   4 | \tworker_connections a
     | \t                   ^
`)
})

test('columns are counted in characters, not in bytes', (t) => {
  assert.equal(report(t, 'events {} pid "üü" "ä"x;'), `\
vespid: [emerg] unexpected "x" in <P>/v.conf:1
   1 | events {} pid "üü" "ä"x;
     |                       ^
  note: a blank or ";" must follow the closing "
`)
})

test('without frames, in colour, with another name', (t) => {
  assert.equal(report(t, 'x;', { frame: false, program: 'v' }), 'v: [emerg] unknown directive "x" in <P>/v.conf:1\n')
  assert.equal(report(t, 'x;', { color: true }),
    'vespid: \x1b[1;31m[emerg]\x1b[0m unknown directive "x" in <P>/v.conf:1\n\x1b[2m   1 |\x1b[0m x;\n\x1b[2m     |\x1b[0m \x1b[1;31m^\x1b[0m\n')
  assert.equal(wantsColor({ isTTY: true }, {}), true)
  assert.equal(wantsColor({ isTTY: true }, { NO_COLOR: '1' }), false)
  assert.equal(wantsColor({ isTTY: true }, { TERM: 'dumb' }), false)
  assert.equal(wantsColor({}, {}), false)
})

test('a text from a file cannot command the terminal or forge a line', (t) => {
  assert.equal(report(t, '"\x1b[2Ja\nb" x;').split('\n')[0], 'vespid: [emerg] unknown directive "\\x1B[2Ja\\x0Ab" in <P>/v.conf:2')
  assert.equal(report(t, '"\x1b[2J" x;').split('\n')[1], '   1 | "\\x1B[2J" x;')
})

test('long lines are cut around the word', (t) => {
  const out = report(t, `${'events {} '.repeat(1)}${' '.repeat(300)}nonsense ${'x '.repeat(200)};`).split('\n')
  assert.ok(out[1]!.length < 130 && out[2]!.length < 130)
  const at = out[2]!.indexOf('^^^^^^^^')
  assert.equal(out[1]!.slice(at, at + 8), 'nonsense')
})

test('errors beyond the limit are counted, warnings are not limited', () => {
  const problem = (level: 'warn' | 'emerg', n: number): { level: 'warn' | 'emerg', error: ConfigError } => ({ level, error: new ConfigError(`m${n}`) })
  const problems = [problem('emerg', 1), problem('emerg', 2), problem('warn', 3), problem('emerg', 4)]
  assert.equal(formatProblems(problems, { limit: 2 }),
    'vespid: [emerg] m1\nvespid: [emerg] m2\nvespid: [warn] m3\nvespid: 1 more error is not shown\n')
  assert.equal(formatProblems([]), '')
})

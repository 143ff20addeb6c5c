/** The PCRE2 dialect against what PCRE2 10.42 (8 bit, no UTF) answered: test/golden/pcre2/table.jsonl, `[pattern, caseless, error | matches]`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConfigError } from '../../host/core/errors.ts'
import { PatternError } from '../../host/expr/pcre/ast.ts'
import { Machine } from '../../host/expr/pcre/machine.ts'
import { parsePattern } from '../../host/expr/pcre/parse.ts'
import { compileProgram } from '../../host/expr/pcre/program.ts'
import { MatchLimitError, Regex, compileRegex } from '../../host/expr/regex.ts'
import type { Request } from '../../host/http/request.ts'

type Groups = (string | null)[] | null
type Row = [pattern: string, caseless: boolean, result: [string, number] | [string, Groups][]]

const table = readFileSync(new URL('../golden/pcre2/table.jsonl', import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Row)

function isError(result: Row[2]): result is [string, number] {
  return typeof result[0] === 'string'
}

/** PCRE2's error of a pattern, or null. */
function errorOf(pattern: string, caseless: boolean): [string, number] | null {
  try {
    parsePattern(pattern, caseless)
    return null
  } catch (error) {
    assert.ok(error instanceof PatternError, String(error))
    return [error.message, error.offset]
  }
}

function plain(groups: readonly (string | undefined)[] | null, count: number): Groups {
  return groups === null ? null : Array.from({ length: count + 1 }, (_, i) => groups[i] ?? null)
}

test('each pattern is refused as PCRE2 refuses it, or accepted', () => {
  for (const [pattern, caseless, result] of table) {
    assert.deepEqual(errorOf(pattern, caseless), isError(result) ? result : null, JSON.stringify(pattern))
  }
})

test('both engines match what PCRE2 matches, with its groups', () => {
  let onV8 = 0
  for (const [pattern, caseless, result] of table) {
    if (isError(result)) continue
    const regex = new Regex(pattern, caseless)
    const { root, captures } = parsePattern(pattern, caseless)
    const machine = new Machine(compileProgram(root, captures))
    if (regex.engine === 'v8') onV8++
    for (const [subject, groups] of result) {
      const where = `${JSON.stringify(pattern)} on ${JSON.stringify(subject)}`
      assert.deepEqual(plain(regex.groups(subject), captures), groups, `${regex.engine}: ${where}`)
      assert.deepEqual(plain(machine.match(subject), captures), groups, `machine: ${where}`)
      assert.equal(regex.test(subject), groups !== null, where)
    }
  }
  assert.ok(onV8 > 300, `only ${onV8} patterns ran on V8`)
})

function message(pattern: string): string {
  try {
    compileRegex(pattern, false)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return 'compiled'
}

test('errors are worded as nginx words them', () => {
  assert.equal(message('^('), 'pcre2_compile() failed: missing closing parenthesis in "^("')
  assert.equal(message('a**b'), 'pcre2_compile() failed: quantifier does not follow a repeatable item in "a**b" at "*b"')
  assert.equal(message('a)b'), 'pcre2_compile() failed: unmatched closing parenthesis in "a)b" at ")b"')
  assert.equal(message('[a'), 'pcre2_compile() failed: missing terminating ] for character class in "[a"')
  assert.equal(message('a\\'), 'pcre2_compile() failed: \\ at end of pattern in "a\\"')
})

test('what PCRE2 can and we cannot is named', () => {
  for (const [pattern, what] of [
    ['a(?R)?', '(?R)'], ['(?1)(a)', '(?1)'], ['(a)?(?(1)b)', '(?(1)'], ['(*UTF8)a', '(*UTF8)'], ['a(*SKIP)b', '(*SKIP)'], ['(?C1)a', '(?C1)'],
    ['(?<n>a)(?P>n)', '(?P>n)'], ['(a)\\g<1>', '\\g<1>'],
  ] as const) assert.equal(message(pattern), `"${what}" is not supported in the regex "${pattern}"`)
  assert.equal(message('(*NO_JIT)(*LIMIT_MATCH=10)a'), 'compiled')
})

test('counted repetitions cannot make a pattern arbitrarily large', () => {
  assert.equal(message('(a{1,1000}){1,1000}'),
    'pcre2_compile() failed: regular expression is too large in "(a{1,1000}){1,1000}" at "(a{1,1000}){1,1000}"')
  assert.equal(message('('.repeat(300)), `pcre2_compile() failed: parentheses are too deeply nested in "${'('.repeat(300)}" at "${'('.repeat(50)}"`)
})

test('no pattern runs away: it answers, or gives up with MatchLimitError', () => {
  const subject = `${'a'.repeat(2000)}!`
  const answers = ['^(a+)+$', '^(a|aa)+$', '(?i)^(a+)+$', '(.*)(.*)(.*)(.*)z', '^(a+)+(?=$)', '^(a+)+\\1$', '(a*)*b', '^(a{1,20}){1,20}$'].map((pattern) => {
    try {
      return new Regex(pattern, false).test(subject)
    } catch (error) {
      assert.ok(error instanceof MatchLimitError)
      assert.equal(error.message, `match limit exceeded on "${subject}" using "${pattern}"`)
      return 'limit'
    }
  })
  assert.deepEqual(answers, [false, false, false, false, 'limit', 'limit', 'limit', 'limit'])
})

test('a match leaves captures and named values in the request, a failure leaves both', () => {
  const regex = new Regex('^/(?<first>[^/]+)(?:/(?<second>.+))?$', false)
  const r = { captures: null, variables: [] as unknown[] } as unknown as Request
  regex.names.forEach((name, index) => { name.variable = { index } as never })
  assert.equal(regex.exec(r, '/a'), true)
  assert.deepEqual([r.captures![1], r.captures![2], ...r.variables], ['a', undefined, 'a', ''])
  assert.equal(regex.exec(r, 'nothing'), false)
  assert.deepEqual([r.captures![1], ...r.variables], ['a', 'a', ''])
  assert.equal(new Regex('nothing', false).exec(r, 'nothing'), true)
  assert.equal(r.captures![1], undefined)
})

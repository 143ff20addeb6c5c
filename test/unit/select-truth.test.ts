import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompareOperator, TruthMode } from '../../host/expr/select/truth.ts'
import type { Selected } from '../../host/expr/select/table.ts'
import { compileRegex } from '../../host/expr/regex.ts'
import { compareSelect, matchSelect, selectIsDefined, selectIsTrue, selectText } from '../../host/expr/select/truth.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { evaluate, recorded, recordedBytes } from './select-kit.ts'

interface Expression {
  readonly expr: string
  readonly form: string
  readonly select: string
  readonly state: 'value' | 'null' | 'error'
  readonly value: string | null
  readonly select2?: string
  readonly state2?: string
  readonly value2?: string | null
  readonly kamailio563: boolean
  readonly seed?: boolean
}

const words: Record<string, CompareOperator> = { '==': '==', '!=': '!=', '=~': '=~', 'eq': '==', 'ne': '!=' }
/** Pseudo-variables of the recorded forms that have a text. */
const texts: Record<string, string> = { $rU: 'bob', $rm: 'INVITE' }

/** What a recorded form says of two selects; null for forms that are the script's business (casts, keywords, undefined variables). */
function form(text: string, a: Selected, b: Selected, mode: TruthMode): boolean | null {
  const negated = /^!\((.*)\)$/.exec(text)
  if (negated !== null) return not(form(negated[1]!, a, b, mode))
  const joined = /^\((@S .*)\) (\|\||&&) \((@S .*)\)$/.exec(text)
  if (joined !== null) {
    const left = form(joined[1]!, a, b, mode)!
    const right = form(joined[3]!, a, b, mode)!
    return joined[2] === '||' ? left || right : left && right
  }
  const simple: Record<string, () => boolean> = {
    '@S': () => selectIsTrue(a, mode), '(@S)': () => selectIsTrue(a, mode), 'defined @S': () => selectIsDefined(a), '!defined @S': () => !selectIsDefined(a),
    '@S == $null': () => !selectIsDefined(a), '@S != $null': () => selectIsDefined(a), 'strempty(@S)': () => selectText(a) === '',
    '!strempty(@S)': () => selectText(a) !== '', '("x" + @S) == "xbob"': () => `x${selectText(a)}` === 'xbob', '(@S + "x") == "bobx"': () => `${selectText(a)}x` === 'bobx',
  }
  if (simple[text] !== undefined) return simple[text]()
  return comparison(text, a, b, mode)
}

const not = (value: boolean | null): boolean | null => value === null ? null : !value

function comparison(text: string, a: Selected, b: Selected, mode: TruthMode): boolean | null {
  const match = /^(@[AS]|"[^"]*"|\$r[Um]) (==|!=|=~|eq|ne) (@[BS]|"[^"]*"|\d+|\$rU)$/.exec(text)
  if (match === null) return null
  const operand = (word: string): Selected => word === '@B' ? b : word.startsWith('@') ? a : texts[word] ?? word.replaceAll('"', '')
  return compareSelect(words[match[2]!]!, operand(match[1]!), operand(match[3]!), mode)
}

const rows = recorded<Expression>('expressions.jsonl.gz')
const m = new SipMessage(recordedBytes('expressions.message.b64'))

test('operands evaluate to the recorded states', () => {
  for (const { select, state, value, select2, state2, value2 } of rows) {
    assert.equal(evaluate(select, m), state === 'value' ? value : state === 'null' ? null : undefined, select)
    if (select2 !== undefined) assert.equal(evaluate(select2, m), state2 === 'value' ? value2 : state2 === 'null' ? null : undefined, select2)
  }
})

test('recorded comparisons: Kamailio\'s column in its mode, the article\'s in the other', () => {
  const count = { kamailio: 0, seed: 0, differ: 0, others: 0 }
  for (const row of rows) {
    const a = evaluate(row.select, m)
    const b = row.select2 === undefined ? null : evaluate(row.select2, m)
    const found = form(row.form, a, b, 'kamailio')
    if (found === null) {
      count.others++
      continue
    }
    assert.equal(found, row.kamailio563, row.expr)
    count.kamailio++
    if (row.seed === undefined) continue
    assert.equal(form(row.form, a, b, 'seed'), row.seed, row.expr)
    count.seed++
    if (row.seed !== row.kamailio563) count.differ++
  }
  assert.deepEqual(count, { kamailio: 3480, seed: 2115, differ: 265, others: 446 })
})

test('a pattern compiled at start-up, and one that is malformed at run time', () => {
  const regex = compileRegex('^B.b$', true)
  assert.equal(matchSelect('bob', regex, 'seed'), true)
  assert.equal(matchSelect(null, compileRegex('^$', true), 'seed'), false)
  assert.equal(matchSelect(undefined, compileRegex('^$', true), 'kamailio'), true)
  assert.equal(compareSelect('=~', '(', '(', 'seed'), false)
  assert.equal(compareSelect('!~', 'x', 'y', 'seed'), true)
  assert.equal(compareSelect('!~', null, 'y', 'seed'), false)
})

test('truth of a bare select', () => {
  const seed = (value: Selected): boolean => selectIsTrue(value, 'seed')
  const kamailio = (value: Selected): boolean => selectIsTrue(value, 'kamailio')
  assert.deepEqual(['1', '0', '-7', '+42', '0x1F', '00', '', 'x', '4 2', null, undefined].map(seed), [true, false, true, true, true, false, false, false, false, false, false])
  assert.deepEqual(['1', '0', '-7', '+42', '0x1F', '00', '', '42abc', '4294967338', null, undefined].map(kamailio),
    [true, false, false, true, true, false, false, false, false, false, false])
})

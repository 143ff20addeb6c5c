import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TruthMode } from '../../host/expr/select/truth.ts'
import type { Selected } from '../../host/expr/select/table.ts'
import { compareSelect, selectIsTrue } from '../../host/expr/select/truth.ts'
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

/** Operators of the recorded forms. */
const operators: Record<string, '==' | '!='> = { '==': '==', '!=': '!=', 'eq': '==', 'ne': '!=' }

/** What the forms that compare a select with a text say; null for the others, which are the routing language's (select-script.test.ts). */
function comparison({ form }: Expression, left: Selected, mode: TruthMode): boolean | null {
  const match = /^@[AS] (==|!=|eq|ne) "([^"]*)"$/.exec(form)
  return match === null ? null : compareSelect(operators[match[1]!]!, left, match[2]!, mode)
}

const rows = recorded<Expression>('expressions.jsonl.gz')
const m = new SipMessage(recordedBytes('expressions.message.b64'))

test('operands evaluate to the recorded states', () => {
  for (const { select, state, value, select2, state2, value2 } of rows) {
    assert.equal(evaluate(select, m), state === 'value' ? value : state === 'null' ? null : undefined, select)
    if (select2 !== undefined) assert.equal(evaluate(select2, m), state2 === 'value' ? value2 : state2 === 'null' ? null : undefined, select2)
  }
})

test('recorded comparisons with a text: Kamailio\'s column in its mode, the article\'s in the other', () => {
  const count = { kamailio: 0, seed: 0, differ: 0 }
  for (const row of rows) {
    const value = evaluate(row.select, m)
    const found = comparison(row, value, 'kamailio')
    if (found === null) continue
    assert.equal(found, row.kamailio563, row.expr)
    count.kamailio++
    if (row.seed === undefined) continue
    assert.equal(comparison(row, value, 'seed'), row.seed, row.expr)
    count.seed++
    if (row.seed !== row.kamailio563) count.differ++
  }
  assert.deepEqual(count, { kamailio: 350, seed: 320, differ: 24 })
})

test('truth of a bare select', () => {
  const seed = (value: Selected): boolean => selectIsTrue(value, 'seed')
  const kamailio = (value: Selected): boolean => selectIsTrue(value, 'kamailio')
  assert.deepEqual(['1', '0', '-7', '+42', '0x1F', '00', '', 'x', '4 2', null, undefined].map(seed), [true, false, true, true, true, false, false, false, false, false, false])
  assert.deepEqual(['1', '0', '-7', '+42', '0x1F', '00', '', '42abc', '4294967338', null, undefined].map(kamailio),
    [true, false, false, true, true, false, false, false, false, false, false])
})

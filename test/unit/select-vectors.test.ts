import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Selected } from '../../host/expr/select/table.ts'
import type { Recorded } from './select-kit.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { Tally, TestState, evaluate, fromBase64, loopback, recorded } from './select-kit.ts'

/** Why an evaluation differs from Kamailio 5.6.3 in well-formed messages; docs/selects.md gives the reasons. Null: it may not differ. */
function cause(v: Recorded): string | null {
  const { select, message } = v
  if (select.endsWith('x_many[0]')) return 'index 0'
  if (v.quirk !== undefined) return v.quirk
  if (message === 'ruri-tels') return 'tels-not-parsed'
  if (message === 'xheaders2' && select.startsWith('@msg.h["x-h"].nameaddr')) return 'header-index-lost-before-nameaddr'
  if (message === 'compact-all' && select.startsWith('@refer_to')) return 'sips with user=phone'
  if (message === 'compact-all' && select === '@identity_info') return 'short form n'
  if (message === 'token-display' && select === '@to') return 'trailing blank'
  if (message === 'token-display' && /^@hf_value.x_h(\[1\])?.name$/.test(select)) return 'first word of a display name'
  if (message === 'token-display' && select === '@hf_value["X-h"].params["a"]') return 'parameters behind a display name'
  if (message === 'ruri-userparams' && select.startsWith('@hf_value.contact')) return 'comma in angle brackets'
  if (message === 'body-sdp-min' && select.startsWith('@msg.body.sdp.line')) return 'last SDP line without end'
  if (message === 'reply-noreason' && select === '@msg.first_line') return 'empty reason phrase'
  return null
}

const messages = new Map(recorded<{ id: string, b64: string }>('messages.jsonl').map(({ id, b64 }) => [id, fromBase64(b64)]))
const vectors = recorded('vectors.jsonl.gz')

function replay(of: 'must' | 'may', explain: (v: Recorded, got: Selected) => string | null): Tally {
  const tally = new Tally()
  let m: SipMessage | null = null
  let id = ''
  for (const v of vectors) {
    if (v.class !== of) continue
    if (m === null || id !== v.message) {
      m = new SipMessage(messages.get(id = v.message)!, loopback)
      m.state = new TestState()
    }
    tally.note(v, evaluate(v.select, m), explain)
  }
  return tally
}

test('selects on well-formed SIP messages say what Kamailio says, but for the listed causes', () => {
  const tally = replay('must', cause)
  assert.deepEqual(tally.unexplained, [])
  assert.deepEqual({ passed: tally.passed, ...tally.causes }, {
    'passed': 17588, 'via-negative-index': 123, 'index 0': 82, 'hf-param-needs-index': 45, 'tels-not-parsed': 37, 'last-contact': 19,
    'header-index-lost-before-nameaddr': 8, 'comma in angle brackets': 3, 'sips with user=phone': 2, 'first word of a display name': 2,
    'header-nonpositive-index': 1, 'duplicate-param-last-wins': 1, 'underscore-maps-to-dash': 1, 'short form n': 1, 'trailing blank': 1,
    'parameters behind a display name': 1, 'last SDP line without end': 1, 'empty reason phrase': 1,
  })
})

test('selects on malformed SIP messages: each header is understood on its own', () => {
  const tally = replay('may', () => 'differs')
  assert.deepEqual({ passed: tally.passed, ...tally.causes }, { passed: 5773, differs: 782 })
})

test('a message gives the same answers in any order and in a second reading', () => {
  const text = messages.get('quoted-escapes')!
  const selects = [...new Set(vectors.map((v) => v.select))].filter((select) => !select.startsWith('@msg.id') && !select.startsWith('@sys'))
  const once = selects.map((select) => evaluate(select, new SipMessage(text, loopback)))
  const m = new SipMessage(text, loopback)
  const backwards = selects.toReversed().map((select) => evaluate(select, m)).reverse()
  assert.deepEqual(backwards, once)
  assert.deepEqual(selects.map((select) => evaluate(select, m)), once)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Template, isTrue, splitTemplate } from '../../host/expr/template.ts'
import type { TemplatePiece } from '../../host/expr/template.ts'
import { VariableTable } from '../../host/expr/variables.ts'
import type { Request } from '../../host/http/request.ts'
import { random } from './conf-support.ts'

interface Fake { variables: (string | null | undefined)[], captures: string[] | null, quotedUri: boolean, plusInUri: boolean, logged: string[] }

function request(over: Partial<Fake> = {}): Request & Fake {
  const fake = { variables: [], captures: null, quotedUri: false, plusInUri: false, logged: [] as string[], ...over }
  return { ...fake, log: (_level: number, text: string) => fake.logged.push(text) } as unknown as Request & Fake
}

function failure(text: string, captures = true): string {
  try {
    splitTemplate(text, captures)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

test('a text is split at variables, braces and captures', () => {
  assert.deepEqual(splitTemplate('a$B_1-${c}d$1$0'),
    [{ text: 'a' }, { variable: 'b_1' }, { text: '-' }, { variable: 'c' }, { text: 'd' }, { capture: 1 }, { variable: '0' }])
  assert.deepEqual(splitTemplate(''), [])
  assert.deepEqual(splitTemplate('$12'), [{ capture: 1 }, { text: '2' }])
  assert.deepEqual(splitTemplate('${1}'), [{ variable: '1' }])
  assert.deepEqual(splitTemplate('$1', false), [{ variable: '1' }])
})

test('malformed texts are refused with nginx\'s words', () => {
  for (const text of ['$', 'a$ b', '${', '${}', '$-', 'x$'])
    assert.equal(failure(text), 'invalid variable name', text)
  assert.equal(failure('${abc'), 'the closing bracket in "abc" variable is missing')
  assert.equal(failure('${a-b}'), 'the closing bracket in "a" variable is missing')
})

/** Puts pieces back into a text that splits into the same pieces, as far as there is one (a lone `$` cannot be written). */
function joinTemplate(pieces: readonly TemplatePiece[]): string {
  let text = ''
  for (const piece of pieces) {
    if ('text' in piece) text += piece.text
    else if ('capture' in piece) text += `$${piece.capture}`
    else text += `\${${'select' in piece ? piece.select : piece.variable}}`
  }
  return text
}

test('what is joined splits into the same pieces', () => {
  const next = random(7)
  const alphabet = 'ab{}?_1 -\\"\xe9'
  for (let round = 0; round < 2000; round++) {
    const pieces: TemplatePiece[] = []
    for (let i = next(6); i > 0; i--) {
      const kind = next(3)
      if (kind === 0 && !('text' in (pieces.at(-1) ?? {}))) {
        pieces.push({ text: Array.from({ length: 1 + next(4) }, () => alphabet[next(alphabet.length)]).join('') })
      } else if (kind === 1) pieces.push({ variable: `v${next(100)}` })
      else pieces.push({ capture: 1 + next(9) })
    }
    assert.deepEqual(splitTemplate(joinTemplate(pieces)), pieces)
  }
})

test('any text is split or refused, and a split text keeps every byte', () => {
  const next = random(8)
  const alphabet = '$$${}a1_-\xff'
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: next(8) }, () => alphabet[next(alphabet.length)]).join('')
    const why = failure(text)
    if (why === 'none') {
      const braces = splitTemplate(text).map((p) => 'text' in p ? p.text : 'capture' in p ? `$${p.capture}` : 'select' in p ? p.select : p.variable).join('')
      assert.equal(braces.replaceAll(/[${}]/g, ''), text.replaceAll(/[${}]/g, ''))
    } else assert.match(why, /^(invalid variable name|the closing bracket in "\w*" variable is missing)$/)
  }
})

test('a template is evaluated, constants at once', () => {
  const table = new VariableTable()
  table.define({ name: 'a', get: () => 'A' })
  table.define({ name: 'none', get: () => null })
  const a = table.reference('a')
  const none = table.reference('NONE')
  assert.equal(new Template('x', ['x']).constant, 'x')
  assert.equal(new Template('', []).constant, '')
  const template = new Template('', ['<', a, none, 2, '>'])
  assert.equal(template.constant, null)
  assert.equal(template.evaluate(request()), '<A>')
  assert.equal(template.evaluate(request({ captures: ['', 'x', 'b c'] })), '<Ab c>')
  assert.equal(template.evaluateQuoted(request({ captures: ['', 'x', 'b c'] })), '<Ab c>')
  assert.equal(template.evaluateQuoted(request({ captures: ['', 'x', 'b c&'], quotedUri: true })), '<Ab%20c%26>')
})

test('values are kept for the request unless nocache; assigned values stay', () => {
  const table = new VariableTable()
  let n = 0
  table.define({ name: 'once', get: () => String(++n), changeable: true })
  table.define({ name: 'each', get: () => String(++n), nocache: true, changeable: true })
  const once = table.reference('once')
  const each = table.reference('each')
  const r = request()
  assert.deepEqual([once.value(r), once.value(r), each.value(r), each.value(r)], ['1', '1', '2', '3'])
  each.assign(r, 'set')
  assert.deepEqual([each.value(r), table.lookup(r, 'EACH'), table.lookup(r, 'nosuch')], ['set', 'set', null])
  assert.deepEqual([table.assign(r, 'once', 'x'), once.value(r), table.assign(r, 'nosuch', 'x')], [true, 'x', false])
  assert.equal(table.count, 2)
})

test('names are unique unless changeable; unknown ones are reported with a suggestion', () => {
  const table = new VariableTable()
  table.define({ name: 'uri', get: () => '/' })
  assert.throws(() => table.define({ name: 'URI', get: () => '/' }), { message: 'the duplicate "URI" variable' })
  assert.throws(() => table.add('', true), { message: 'invalid variable name "$"' })
  table.add('mine', true)
  table.add('mine', true)
  table.reference('urri', ' in v.conf:3')
  table.reference('zzzzzz')
  assert.deepEqual(table.resolve().map((e) => [e.line, e.note]),
    [['unknown "urri" variable', 'used in v.conf:3; did you mean "$uri"?'], ['unknown "zzzzzz" variable', null]])
})

test('the longest prefix variable takes a name that is not defined or only set', () => {
  const table = new VariableTable()
  const prefix = (name: string) => table.define({ name, prefix: true, get: (_r, rest) => `${name}<${rest}>` })
  prefix('http_')
  prefix('http_x_')
  table.define({ name: 'http_host', get: () => 'host' })
  table.add('http_weak', true, false, true)
  const names = ['http_a', 'http_x_b', 'http_host', 'http_weak'].map((name) => table.reference(name))
  assert.deepEqual(table.resolve(), [])
  const r = request()
  assert.deepEqual(names.map((v) => v.value(r)), ['http_<a>', 'http_x_<b>', 'host', 'http_<weak>'])
  assert.equal(table.lookup(r, 'HTTP_X_Q'), 'http_x_<q>')
  assert.deepEqual([table.has('http_q'), table.has('nope')], [true, false])
})

test('variables that use each other in a circle end with an error, not a stack overflow', () => {
  const table = new VariableTable()
  const a = table.reference('a')
  const b = table.reference('b')
  table.define({ name: 'a', get: (r) => b.value(r), changeable: true, nocache: true })
  table.define({ name: 'b', get: (r) => `${a.value(r)}`, changeable: true, nocache: true })
  const logged: string[] = []
  const r = { variables: [], log: (_l: number, text: string) => logged.push(text) } as unknown as Request
  assert.equal(a.value(r), 'null')
  assert.deepEqual(logged, ['cycle while evaluating variable "a"'])
  const thrower = table.define({ name: 'throws', get: () => { throw new Error('x') } })
  for (let i = 0; i < 300; i++) assert.throws(() => thrower.value(r))
  assert.equal(a.value(r), 'null')
})

test('predicates', () => {
  assert.deepEqual([null, '', '0', '00', 'x'].map(isTrue), [false, false, false, true, true])
})

/** Kamailio's reading and writing of JSON, and the framing of documents in a stream. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Members } from '../../host/rpc/command.ts'
import { readDialect } from '../../host/rpc/dialect.ts'
import { layout, numberText } from '../../host/rpc/layout.ts'
import { LenientObject, plain, readLenient } from '../../host/rpc/lenient.ts'
import { SafeFramer, StrictFramer } from '../../host/net/transports/framing.ts'

const read = (text: string): unknown => {
  const value = readLenient(Buffer.from(text))
  return value === undefined ? undefined : plain(value)
}

test('reads what Kamailio reads', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['5', 5], ['08', 8], ['-0.5e2', -50], ['1.', 1], ['"a" trailing', 'a'], [' \x01\t[1 , 2]', [1, 2]], ['nullx', null], ['true', true],
    ['"\\u00e9\\ud83d\\ude00\\/\\q"', 'é😀/q'], ['"a\\u0000b\\ud83dc\\ude00d"', 'abcd'], ['"raw \x01 byte"', 'raw \x01 byte'], ['"中"', '中'], ['[]', []], ['1e999', Infinity],
    ['', undefined], ['x', undefined], ['+5', undefined], ['[1,]', undefined], ['[1', undefined], ['{"a":1,}', undefined], ["'a'", undefined], ['"a', undefined], ['"a\\', undefined],
    ['00', 0], ['[00]', undefined], ['{"a" 1}', undefined], ['\0 5', undefined], ['[0x1f]', undefined], ['[inf]', undefined], ['nul', undefined], ['"\\u00', undefined],
  ]
  for (const [text, value] of cases) assert.deepEqual(read(text), value, text)
  assert.equal(read('['.repeat(100_000)), undefined)
  const object = readLenient(Buffer.from('{"Method":"a","method":"b","2":1,"1":2}')) as LenientObject
  assert.deepEqual([object.get('method'), object.get('none'), object.values], ['a', undefined, ['a', 'b', 1, 2]])
})

test('writes what Kamailio writes', () => {
  const numbers: readonly (readonly [number, string])[] = [
    [0, '0'], [-3, '-3'], [1.5, '1.500000'], [2 ** 63, '9223372036854775808'], [2147483648, '2147483648'], [1e-7, '1.000000e-07'], [1234567890.5, '1.234568e+09'],
    [NaN, 'null'], [1e70, '1.000000e+70'], [0.000001, '0.000001'],
  ]
  for (const [value, text] of numbers) assert.equal(numberText(value), text)
  assert.equal(layout({ a: [{ b: 1, c: {} }, 'x'], d: null, e: undefined, f: true }, true),
    '{\n\t"a":\t[{\n\t\t\t"b":\t1,\n\t\t\t"c":\t{\n\t\t\t}\n\t\t}, "x"],\n\t"d":\tnull,\n\t"f":\ttrue\n}')
  assert.equal(layout({ a: [], b: ['q"\\\b\f\n\r\t\x1f/é'], c: 1n }, false), '{"a":[],"b":["q\\"\\\\\\b\\f\\n\\r\\t\\u001f/é"],"c":1}')
  assert.equal(layout(new Members([['shv', 1], ['shv', 2]]), false), '{"shv":1,"shv":2}')
})

test('a dialect in words', () => {
  assert.deepEqual(readDialect('safe pretty batch=7\nstore=/a b\nreadonly=no'), { strict: false, pretty: true, replyName: false, batch: 7, store: '/a b', readOnly: 'no' })
  assert.deepEqual(readDialect('strict reply_name'), { strict: true, pretty: false, replyName: true, batch: 0, store: '', readOnly: '' })
})

/** What a framer makes of chunks: each document, those that are broken with a `!`. */
function frames(make: (take: (document: Buffer, whole: boolean) => void) => SafeFramer | StrictFramer, chunks: readonly string[], expire = false): string[] {
  const found: string[] = []
  const framer = make((document, whole) => found.push(`${whole ? '' : '!'}${document.toString('latin1')}`))
  for (const chunk of chunks) framer.push(Buffer.from(chunk, 'latin1'))
  if (expire) framer.expire()
  return found
}

test('documents in a stream, by Kamailio\'s rule', () => {
  const strict = (...chunks: string[]): string[] => frames((take) => new StrictFramer(40, take), chunks)
  assert.deepEqual(strict('{"a":', '{}}', '{}'), ['{"a":{}}', '{}'])
  assert.deepEqual(strict('hello\n', '{}'), ['hello\n{}'])
  assert.deepEqual(strict('}\n{"a":1}\n{"b":1}'), ['}\n{', '"a":1}\n{', ])
  assert.deepEqual(strict('{"}\\"}":\'"}\'}'), ['{"}\\"}":\'"}\'}'])
  assert.deepEqual(strict(`{"${'x'.repeat(60)}"}`, '{}'), [])
})

test('documents in a stream, with what is broken between them', () => {
  const safe = (chunks: readonly string[], expire = false): string[] => frames((take) => new SafeFramer(100, take), chunks, expire)
  assert.deepEqual(safe(['hello }]\n{"a":[1,', '{}]}[]', ' {"b":"}\\"]"}']), ['{"a":[1,{}]}', '[]', '{"b":"}\\"]"}'])
  // An escape that is cut in two, byte by byte, and one of an escape.
  assert.deepEqual(safe([...'{"a\\"}":"\\\\"}{}']), ['{"a\\"}":"\\\\"}', '{}'])
  assert.deepEqual(safe(['{"a":"x"y"}\n', '{"b":1}\n']), ['!{"a":"x"y"}\n', '{"b":1}'])
  assert.deepEqual(safe(['{"a":\n{"b":1}\n'], true), ['!{"a":\n', '{"b":1}'])
  assert.deepEqual(safe(['{"a":'], true), ['!{"a":'])
  assert.deepEqual(safe(['{"a":', '{"b":1}\n{"c":1}\n'], true), ['!{"a":{"b":1}\n', '{"c":1}'])
  assert.deepEqual(safe([`{"${'x'.repeat(200)}`, '\n', '{}']), [`!{"${'x'.repeat(200)}`, '{}'])
  assert.deepEqual(safe([`{"${'x'.repeat(120)}"}`, '{}']), [`!{"${'x'.repeat(120)}"}`, '{}'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BodyPart } from '../../host/http/response.ts'
import { RangeCutter } from '../../host/modules/range/cutter.ts'
import { isByteRange, parseRanges } from '../../host/modules/range/ranges.ts'
import { matches } from '../../host/modules/notmodified/module.ts'
import { listingTime, parseHttpTime } from '../../host/core/httpdate.ts'

const forms: [string, number, number, unknown][] = [
  ['0-4', 22, 9, [[0, 5]]],
  ['-5', 22, 9, [[17, 22]]],
  ['5-', 22, 9, [[5, 22]]],
  ['-100', 22, 9, [[0, 22]]],
  ['0-99999', 22, 9, [[0, 22]]],
  ['0-9223372036854775807', 22, 9, [[0, 22]]],
  ['0-9223372036854775808', 22, 9, 'unsatisfiable'],
  [' 0 - 4 , 6-8', 22, 9, [[0, 5], [6, 9]]],
  ['0-0,-1', 50, 9, [[0, 1], [49, 50]]],
  ['30-40,0-1', 22, 9, [[0, 2]]],
  ['22-', 22, 9, 'unsatisfiable'],
  ['-0', 22, 9, 'unsatisfiable'],
  ['5-2', 22, 9, 'unsatisfiable'],
  ['a-b', 22, 9, 'unsatisfiable'],
  ['', 22, 9, 'unsatisfiable'],
  ['0-4,', 22, 9, 'unsatisfiable'],
  ['- 5', 22, 9, 'unsatisfiable'],
  ['0--1', 22, 9, 'unsatisfiable'],
  ['+1-2', 22, 9, 'unsatisfiable'],
  ['0-', 0, 9, 'ignore'],
  ['-5', 0, 9, 'ignore'],
  ['0-4,6-8', 22, 1, 'ignore'],
  ['0-20,0-20', 22, 9, 'ignore'],
  [Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join(), 22, 99, 'ignore'],
  [Array.from({ length: 15 }, (_, i) => `${i}-${i}`).join(), 22, 99, Array.from({ length: 15 }, (_, i) => [i, i + 1])],
]

for (const [text, length, limit, expected] of forms) {
  test(`bytes=${text} of ${length} bytes, at most ${limit}`, () => {
    const answer = parseRanges(`bytes=${text}`, length, limit)
    assert.deepEqual(typeof answer === 'string' ? answer : answer.map(({ start, end }) => [start, end]), expected)
  })
}

test('ranges are in bytes', () => {
  const headers = ['bytes=0-1', 'BYTES=1-', 'bytes=', 'bytes 0-1', 'items=0-1']
  assert.deepEqual(headers.map(isByteRange), [true, true, false, false, false])
})

/** What a cutter makes of a body that comes in these parts. */
function cut(cutter: RangeCutter, parts: (string | { start: number, end: number })[]): string {
  let out = ''
  parts.forEach((part, i) => {
    const data = typeof part === 'string' ? Buffer.from(part) : null
    const file = typeof part === 'string' ? null : { fd: 7, ...part }
    const body: BodyPart = { data, file, last: i === parts.length - 1, flush: false }
    for (const piece of cutter.cut(body) ?? []) {
      out += piece.data?.toString() ?? (piece.file === null ? '' : `{${piece.file.fd}:${piece.file.start}-${piece.file.end}}`)
      if (piece.last) out += '.'
    }
  })
  return out
}

test('a single range is cut from whatever parts come', () => {
  const single = (start: number, end: number) => new RangeCutter([{ start, end }], null, '')
  assert.equal(cut(single(2, 5), ['0123456789']), '234.')
  assert.equal(cut(single(2, 5), ['012', '3456789', '']), '234.')
  assert.equal(cut(single(2, 5), ['0', '1', '2', '3', '4', '5', '6']), '234.')
  assert.equal(cut(single(8, 9), ['0123', '4567', '89']), '8.')
  assert.equal(cut(single(2, 5), [{ start: 0, end: 10 }]), '{7:2-5}.')
  assert.equal(cut(single(2, 5), [{ start: 100, end: 103 }, { start: 200, end: 300 }]), '{7:102-103}{7:200-202}.')
})

test('several ranges stand between their heads', () => {
  const several = () => new RangeCutter([{ start: 1, end: 3 }, { start: 6, end: 8 }], ['<a>', '<b>'], '<end>')
  assert.equal(cut(several(), ['0123456789']), '<a>12<b>67<end>.')
  assert.equal(cut(several(), ['01', '2345', '6', '789']), '<a>12<b>67<end>.')
  const back = new RangeCutter([{ start: 6, end: 8 }, { start: 1, end: 3 }], ['<b>', '<a>'], '<end>')
  assert.equal(cut(back, ['0123456789']), '<b>67<a>12<end>.')
})

test('entity tags are compared strongly or weakly', () => {
  const weak = (list: string, etag: string) => matches(list, etag, true)
  const strong = (list: string, etag: string) => matches(list, etag, false)
  assert.deepEqual([strong('*', ''), strong('"a"', '"a"'), strong('"b", "a" ,"c"', '"a"'), strong('"a"', '')],
    [true, true, true, false])
  assert.deepEqual([strong('W/"a"', '"a"'), weak('W/"a"', '"a"'), weak('"a"', 'W/"a"'), strong('"a"x', '"a"')],
    [false, true, true, false])
  assert.deepEqual([strong('"b""a"', '"a"'), strong('', '"a"'), weak('W/', '"a"'), strong('"ab"', '"a"')],
    [false, false, false, false])
})

test('the three forms of HTTP dates are read, others are none', () => {
  const time = 784111777
  assert.equal(parseHttpTime('Sun, 06 Nov 1994 08:49:37 GMT'), time)
  assert.equal(parseHttpTime('Sunday, 06-Nov-94 08:49:37 GMT'), time)
  assert.equal(parseHttpTime('Sun Nov  6 08:49:37 1994'), time)
  const wrong = ['', 'garbage', 'Tue, 31 Feb 2023 22:13:20 GMT', 'Tue, 14 nov 2023 22:13:20 GMT',
    'Tue, 14 Nov 2023 24:13:20 GMT',
    'Tue, 14-Nov-2023 22:13:20 GMT', 'Sun, 06 Nov 1969 08:49:37 GMT', 'Tue, 14 Nov 2023 22:13:60 GMT']
  for (const text of wrong) assert.equal(parseHttpTime(text), -1, text)
  assert.equal(listingTime(1700000000, 3600), '14-Nov-2023 23:13')
})

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { ChunkedDecoder } from '../../host/http/framing/chunked.ts'

/** Feeds the whole text; the data and the bytes left behind the body, or 'broken' / 'incomplete'. */
function decode(text: string, decoder = new ChunkedDecoder()): string {
  const bytes = Buffer.from(text, 'latin1')
  let data = ''
  let p = 0
  while (p < bytes.length && !decoder.done) {
    p = decoder.feed(bytes, p, bytes.length)
    if (p < 0) return 'broken'
    data += bytes.latin1Slice(decoder.dataStart, decoder.dataEnd)
  }
  return decoder.done ? `${data}|${text.slice(p)}` : 'incomplete'
}

test('well-formed bodies', () => {
  const cases: Record<string, string> = {
    '0\r\n\r\n': '|', '3\r\nabc\r\n0\r\n\r\nGET': 'abc|GET',
    '00A\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n': '0123456789!|',
    'a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n': '\r\n\r\n\r\n\r\n\r\n|', '1;x="y z"\r\na\r\n0;\r\n\r\n': 'a|',
    '1 \r\na\r\n0\t ;e\r\n\r\n': 'a|', '0\r\nX-T: v\r\nY:\r\n\r\nz': '|z', '0\r\nX: \t\xff\r\n\r\n': '|',
  }
  for (const [text, expected] of Object.entries(cases)) assert.equal(decode(text), expected, JSON.stringify(text))
})

test('bodies that are not complete', () => {
  const cases = [
    '', '1', '1\r', '1\r\n', '1\r\na', '1\r\na\r', '1\r\na\r\n', '0', '0\r\n', '0\r\n\r', '0\r\nX', '0\r\nX: y\r\n',
    '1fffffffffffff\r\na',
  ]
  for (const text of cases) assert.equal(decode(text), 'incomplete', JSON.stringify(text))
})

test('malformed bodies', () => {
  const cases = [
    '\r\n', '\n', ' 1\r\na\r\n', ';\r\n', 'g\r\n', '-1\r\n', '+1\r\n', '0x1\r\n', '1\na\r\n', '1\ra\r\n', '1 a\r\n',
    '1 1\r\n', '1\0\r\n', '1;\0\r\n', '1;\n', '1;a\rb', '1;\x7f\r\n', '1\r\nab', '1\r\na\n', '1\r\na\r0',
    '3\r\nabc0\r\n\r\n', '20000000000000\r\n', 'ffffffffffffffff\r\n', '10000000000000000\r\n',
    '00000000000000001\r\n', '0\r\n\n', '0\n\r\n', '0\r\n\rx', '0\r\n x\r\n', '0\r\n: x\r\n', '0\r\nX\r\n',
    '0\r\nX y: z\r\n', '0\r\nX: a\0\r\n', '0\r\nX: a\n', '0\r\nX: a\rb\r\n', '0\r\nX : a\r\n',
    '0\r\nX: a\r\n folded\r\n', '0\r\n\x80: a\r\n', '\uff11\r\n',
  ]
  for (const text of cases) assert.equal(decode(text), 'broken', JSON.stringify(text))
})

test('extensions and trailers are bounded', () => {
  const limits = { extension: 5, digits: 4, trailer: 10 }
  const limited = (text: string): string => decode(text, new ChunkedDecoder(limits))
  assert.equal(limited('1;xxxx\r\na\r\n0\r\n\r\n'), 'a|')
  assert.equal(limited('1;xxxxx\r\na\r\n0\r\n\r\n'), 'broken')
  assert.equal(limited('1     \r\na\r\n0\r\n\r\n'), 'a|')
  assert.equal(limited('1      \r\na\r\n0\r\n\r\n'), 'broken')
  assert.equal(limited('0001\r\na\r\n0000\r\n\r\n'), 'a|')
  assert.equal(limited('00001\r\na\r\n0\r\n\r\n'), 'broken')
  assert.equal(limited('0\r\nabc: d\r\n\r\n'), '|')
  assert.equal(limited('0\r\nabc: de\r\n\r\n'), 'broken')
})

test('after an error every feed is refused, after the end nothing is taken', () => {
  const broken = new ChunkedDecoder()
  assert.equal(broken.feed(Buffer.from('x'), 0, 1), -1)
  assert.equal(broken.feed(Buffer.from('0\r\n\r\n'), 0, 5), -1)
  assert.equal(broken.broken, true)
  const whole = new ChunkedDecoder()
  assert.equal(whole.feed(Buffer.from('0\r\n\r\nGET'), 0, 8), 5)
  assert.equal(whole.feed(Buffer.from('GET'), 0, 3), 0)
  assert.deepEqual([whole.done, whole.broken, whole.dataStart, whole.dataEnd], [true, false, 0, 0])
})

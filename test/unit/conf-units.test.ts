import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandGlob, isGlob, matches } from '../../host/conf/glob.ts'
import { suggest } from '../../host/core/suggest.ts'
import { bytesOf, textOf } from '../../host/core/text.ts'
import { formatMsec, formatSize, parseMsec, parseNumber, parseOffset, parseSec, parseSize } from '../../host/core/units.ts'
import { folder, random } from './conf-support.ts'

test('numbers', () => {
  const cases: [string, number | null][] = [['0', 0], ['007', 7], ['9007199254740991', 9007199254740991], ['9007199254740992', null],
    ['', null], ['-1', null], ['+1', null], ['1.5', null], ['1 ', null], ['0x1', null], ['9'.repeat(400), null]]
  for (const [text, value] of cases) assert.equal(parseNumber(text), value, text)
})

test('sizes and offsets', () => {
  const cases: [string, number | null, number | null][] = [['10', 10, 10], ['1k', 1024, 1024], ['2K', 2048, 2048], ['1m', 1048576, 1048576],
    ['1M', 1048576, 1048576], ['1g', null, 1073741824], ['1G', null, 1073741824], ['k', null, null], ['', null, null], ['1kk', null, null],
    ['1 k', null, null], ['9007199254740991m', null, null]]
  for (const [text, size, offset] of cases) {
    assert.equal(parseSize(text), size, text)
    assert.equal(parseOffset(text), offset, text)
  }
})

test('times', () => {
  const cases: [string, number | null, number | null][] = [
    ['10', 10000, 10], ['0', 0, 0], ['1s', 1000, 1], ['500ms', 500, null], ['1s500ms', 1500, null], ['1m30s', 90000, 90], ['1m 30s', 90000, 90],
    ['1m30', 90000, 90], ['1h 30m', 5400000, 5400], ['1d', 86400000, 86400], ['2w', 1209600000, 1209600], ['1M', null, 2592000],
    ['1y', null, 31536000], ['1y1M1w1d1h1m1s', null, 34822861], ['30s1m', null, null], ['1s1s', null, null], ['10q', null, null], ['s', null, null],
    ['', null, null], ['10 ', 10000, 10], ['10 5s', null, null], ['1ms1s', null, null], ['-1', null, null], ['9007199254740991', null, 9007199254740991],
  ]
  for (const [text, milliseconds, seconds] of cases) {
    assert.equal(parseMsec(text), milliseconds, text)
    assert.equal(parseSec(text), seconds, text)
  }
})

test('property: sizes and times are read back as they were written', () => {
  const pick = random(7)
  for (let i = 0; i < 2000; i++) {
    const n = pick(2 ** (1 + i % 31)) * (i % 3 === 0 ? 1024 : 1)
    assert.equal(parseOffset(formatSize(n)), n)
    assert.equal(parseMsec(formatMsec(n)), n)
  }
})

test('property: no text is mistaken for a unit', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const pick = random(seed)
    const text = Array.from({ length: pick(8) }, () => '0123456789kmgshdwMy -'[pick(21)]!).join('')
    for (const parse of [parseNumber, parseSize, parseOffset, parseMsec, parseSec]) {
      const value = parse(text)
      assert.ok(value === null || (Number.isSafeInteger(value) && value >= 0), `${parse.name}(${text})`)
    }
  }
})

test('suggest takes one slip, two in long words, and the nearest', () => {
  const names = ['access_log', 'error_log', 'allow', 'root', 'use', 'user', 'worker_processes', 'set']
  const cases: [string, string | null][] = [['acces_log', 'access_log'], ['acecss_log', 'access_log'], ['Root', 'root'], ['rot', 'root'],
    ['alow', 'allow'], ['alllow', 'allow'], ['worker_procesess', 'worker_processes'], ['usr', 'use'], ['xy', null], ['se', null],
    ['completely_other', null], ['root', null], ['', null]]
  for (const [word, expected] of cases) assert.equal(suggest(word, names), expected, word)
})

test('glob patterns', () => {
  const yes: [string, string][] = [['*', 'a'], ['*.conf', 'a.conf'], ['a?c', 'abc'], ['[a-c]x', 'bx'], ['[!a-c]x', 'dx'], ['[^a]', 'b'], ['[]]', ']'],
    ['a**b', 'ab'], ['.*', '.a'], ['\\*', '*'], ['[', '['], ['*a*b*', 'xxaxxbxx'], ['[a-]', '-']]
  const no: [string, string][] = [['*', '.a'], ['?a', '.a'], ['*.conf', 'a.con'], ['[a-c]', 'd'], ['[!a]', 'a'], ['a', 'b'], ['?', ''], ['\\*', 'a']]
  for (const [pattern, name] of yes) assert.ok(matches(pattern, name), `${pattern} ${name}`)
  for (const [pattern, name] of no) assert.ok(!matches(pattern, name), `${pattern} ${name}`)
  assert.ok(!matches('*a'.repeat(40) + 'b', 'a'.repeat(2000)))
})

test('glob finds files sorted by bytes', (t) => {
  const root = folder(t, { 'd/b.conf': '', 'd/a.conf': '', 'd/Z.conf': '', 'd/.h.conf': '', 'd/c.txt': '', 'e/a.conf': '' })
  const found = (pattern: string): string[] => expandGlob(root + pattern).map((path) => path.slice(root.length))
  assert.deepEqual(found('d/*.conf'), ['d/Z.conf', 'd/a.conf', 'd/b.conf'])
  assert.deepEqual(found('*/a.conf'), ['d/a.conf', 'e/a.conf'])
  assert.deepEqual(found('nosuch/*'), [])
  assert.deepEqual(found('d/.*.conf'), ['d/.h.conf'])
  assert.equal(isGlob('a.conf'), false)
  assert.equal(isGlob('a[0].conf'), true)
})

test('byte strings and text', () => {
  assert.equal(bytesOf('ü'), '\xc3\xbc')
  assert.equal(textOf('\xc3\xbc'), 'ü')
  assert.equal(textOf('\xff'), '\xff')
  assert.equal(textOf('漢'), '漢')
  assert.equal(textOf('plain'), 'plain')
})

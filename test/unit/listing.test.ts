import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeJson } from '../../host/core/text.ts'
import { escapeHtml, utf8Length, utf8Slice } from '../../host/modules/static/escape.ts'
import type { Entry } from '../../host/modules/static/listing.ts'
import { listing } from '../../host/modules/static/listing.ts'

const entries: Entry[] = [
  { name: 'a dir', type: 'directory', time: 1700000000, size: 4096 },
  { name: 'd'.repeat(50), type: 'directory', time: 1700000000, size: 4096 },
  { name: '<a&b">', type: 'file', time: 1700000000, size: 10000 },
  { name: '\xc3\xa9'.repeat(30), type: 'other', time: 1700000000, size: 1048576 },
  { name: 'y'.repeat(51), type: 'file', time: 1700000000, size: 1572864 },
]
const options = { format: 'html', uri: '/x<y/', callback: '', exactSize: true, localtime: false, utf8: false } as const

test('an HTML listing', () => {
  assert.equal(listing(entries, options), [
    '<html>', '<head><title>Index of /x&lt;y/</title></head>', '<body>',
    '<h1>Index of /x&lt;y/</h1><hr><pre><a href="../">../</a>',
    `<a href="a%20dir/">a dir/</a>${' '.repeat(44)} 14-Nov-2023 22:13                   -`,
    `<a href="${'d'.repeat(50)}/">${'d'.repeat(50)}</a> 14-Nov-2023 22:13                   -`,
    `<a href="%3Ca%26b%22%3E">&lt;a&amp;b&quot;&gt;</a>${' '.repeat(44)} 14-Nov-2023 22:13               10000`,
    `<a href="${'%C3%A9'.repeat(30)}">${'\xc3\xa9'.repeat(23)}\xc3..&gt;</a> 14-Nov-2023 22:13             1048576`,
    `<a href="${'y'.repeat(51)}">${'y'.repeat(47)}..&gt;</a> 14-Nov-2023 22:13             1572864`,
    '</pre><hr></body>', '</html>', '',
  ].join('\r\n'))
})

test('an HTML listing in UTF-8 with short sizes', () => {
  const lines = listing(entries, { ...options, exactSize: false, utf8: true }).split('\r\n').slice(4, 9)
  assert.deepEqual(lines.map((line) => line.slice(-26)), [
    ' 14-Nov-2023 22:13       -', ' 14-Nov-2023 22:13       -', ' 14-Nov-2023 22:13     10K',
      ' 14-Nov-2023 22:13      1M',
    ' 14-Nov-2023 22:13      2M',
  ].map((line) => line.padStart(26)))
  assert.ok(lines[3]!.includes(`>${'\xc3\xa9'.repeat(30)}</a>${' '.repeat(20)} 14-Nov`))
})

test('listings for programs', () => {
  assert.equal(listing(entries.slice(2, 4), { ...options, format: 'json' }), [
    '[', '{ "name":"<a&b\\">", "type":"file", "mtime":"Tue, 14 Nov 2023 22:13:20 GMT", "size":10000 },',
    `{ "name":"${'\xc3\xa9'.repeat(30)}", "type":"other", "mtime":"Tue, 14 Nov 2023 22:13:20 GMT" }`, ']',
  ].join('\r\n'))
  assert.equal(listing([], { ...options, format: 'jsonp', callback: 'f.g' }), '/* callback */\r\nf.g([\r\n]);')
  assert.equal(listing(entries.slice(0, 3), { ...options, format: 'xml' }), [
    '<?xml version="1.0"?>', '<list>', '<directory mtime="2023-11-14T22:13:20Z">a dir</directory>',
    `<directory mtime="2023-11-14T22:13:20Z">${'d'.repeat(50)}</directory>`,
    '<file mtime="2023-11-14T22:13:20Z" size="10000">&lt;a&amp;b&quot;&gt;</file>', '</list>', '',
  ].join('\r\n'))
})

test('names are escaped for where they stand', () => {
  assert.equal(escapeHtml('<a&"\'>'), '&lt;a&amp;&quot;\'&gt;')
  assert.equal(escapeJson('a"\\\n\r\t\b\f\x01\x1f\x7f\xff'), 'a\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001F\x7f\xff')
  assert.deepEqual(['abc', '\xc3\xa9x', '\xf0\x9f\x98\x80', 'bad\xffx', '\xc3'].map(utf8Length), [3, 2, 1, 5, 1])
  assert.deepEqual([utf8Slice('\xc3\xa9\xc3\xa9x', 2), utf8Slice('a\xff\xc3', 9)], ['\xc3\xa9\xc3\xa9', 'a\xff\xc3'])
})

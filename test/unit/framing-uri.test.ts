import { test } from 'node:test'
import assert from 'node:assert/strict'
import { escapeHtml, escapeUri, extension, normalise, normaliseTarget, unescape } from '../../host/http/framing/uri.ts'

test('paths are decoded and their segments resolved as nginx does', () => {
  const cases: readonly (readonly [raw: string, merged: string | null, unmerged?: string | null])[] = [
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a//b', '/a/b', '/a//b'],
    ['///', '/', '///'],
    ['/.', '/'],
    ['/./', '/'],
    ['/a/.', '/a/'],
    ['/a/./b', '/a/b'],
    ['/a/..', '/'],
    ['/a/../', '/'],
    ['/a/b/../c', '/a/c'],
    ['/a/b/../../c', '/c'],
    ['/a//../b', '/b', '/a/b'],
    ['/a/.//b', '/a/b', '/a//b'],
    ['/..', null],
    ['/../x', null],
    ['/a/../../x', null],
    ['/...', '/...'],
    ['/..a', '/..a'],
    ['/.a/b.', '/.a/b.'],
    ['/%2e%2e/x', null],
    ['/a/%2E%2e/x', '/x'],
    ['/a/.%2e/x', '/x'],
    ['/%2e', '/'],
    ['/a%2fb', '/a/b'],
    ['/a%2f%2fb', '/a/b', '/a//b'],
    ['/a%2f..%2fb', '/b'],
    ['/%41%7a', '/Az'],
    ['/a%20b%3fc%23d%25e', '/a b?c#d%e'],
    ['/%2541', '/%41'],
    ['/%c3%A9', '/\xc3\xa9'],
    ['/\xc3\xa9', '/\xc3\xa9'],
    ['/a+b', '/a+b'],
    ['/a%01', '/a\x01'],
    ['/a%00b', null],
    ['/a%zz', null],
    ['/a%2', null],
    ['/a%', null],
    ['/%g0', null],
    ['/a?b/../..', '/a'],
    ['/a#b/../../%zz', '/a'],
    ['/a/..?x', '/'],
    ['', ''],
  ]
  for (const [raw, merged, unmerged = merged] of cases) {
    assert.equal(normalise(raw, true), merged, raw)
    assert.equal(normalise(raw, false), unmerged, raw)
  }
})

test('a target is split at its first question mark, without its fragment', () => {
  assert.deepEqual(normaliseTarget('/a/../b?c%20d#e', true), { path: '/b', args: 'c%20d' })
  assert.deepEqual(normaliseTarget('/b?', true), { path: '/b', args: '' })
  assert.deepEqual(normaliseTarget('/b#c?d', true), { path: '/b', args: null })
  assert.deepEqual(normaliseTarget('/b%3f?c?d', true), { path: '/b?', args: 'c?d' })
  assert.equal(normaliseTarget('/../b?c', true), null)
})

test('the extension is what follows the last dot of the last segment', () => {
  const cases = {
    '/a.html': 'html', '/a.tar.gz': 'gz', '/a': '', '/a.b/c': '', '/.a': '', '/a/.b': '', '/.a.b': 'b', '/a.': '',
    '/': '', '': '',
  }
  for (const [path, ext] of Object.entries(cases)) assert.equal(extension(path), ext, path)
})

test('each kind escapes its characters', () => {
  const all = Array.from({ length: 256 }, (_, c) => String.fromCharCode(c)).join('')
  const kept = (kind: Parameters<typeof escapeUri>[1]): string => escapeUri(all, kind).replace(/%[0-9A-F]{2}/g, '')
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const small = letters.toLowerCase()
  assert.equal(kept('uri'), `!$&'()*+,-./0123456789:;=@${letters}[]_${small}~`)
  assert.equal(kept('args'), `!$'()*,-./0123456789:=@${letters}[]_${small}~`)
  assert.equal(kept('component'), `-.0123456789${letters}_${small}~`)
  assert.equal(kept('html'), `!$&()*+,-./0123456789:;=?@${letters}[]_${small}~`)
  assert.equal(kept('refresh'), `!#$%&()*+,-./0123456789:;=?@${letters}[]_${small}~`)
  assert.equal(escapeUri('/a b\x01\xff%', 'uri'), '/a%20b%01%FF%25')
  assert.equal(escapeUri('/plain', 'uri'), '/plain')
  assert.equal(escapeHtml('a<b>&"c\''), 'a&lt;b&gt;&amp;&quot;c\'')
  assert.equal(escapeHtml('plain'), 'plain')
})

test('unescape decodes what it can and loses what nginx loses', () => {
  const cases = {
    plain: 'plain', 'a%20b%41': 'a bA', '%': '', '%4': '', '%zz': 'zz', '%4z1': '1', 'a%%41b': 'a%41b',
    '%00': '\0', '%ff%FE': '\xff\xfe',
  }
  for (const [text, plain] of Object.entries(cases)) assert.equal(unescape(text), plain, text)
})

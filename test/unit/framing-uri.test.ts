import { test } from 'node:test'
import assert from 'node:assert/strict'
import { extension, normalise, normaliseTarget } from '../../host/http/framing/uri.ts'

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

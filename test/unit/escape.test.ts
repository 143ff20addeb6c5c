import { test } from 'node:test'
import assert from 'node:assert/strict'
import { escapeArgument, escapeName, escapePath, safeLocation, safeTarget, unescapeRedirect } from '../../host/expr/escape.ts'

const all = Array.from({ length: 256 }, (_, c) => String.fromCharCode(c)).join('')
const kept = (escape: (text: string) => string): string => escape(all).replace(/%[0-9A-F]{2}/g, '')
const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const small = capitals.toLowerCase()
const above = all.slice(128)

test('each use escapes its bytes and no other', () => {
  assert.equal(kept(escapePath), `!$&'()*+,-./0123456789:;=@${capitals}[]_${small}~`)
  assert.equal(kept(escapeArgument), `!$'()*,-./0123456789:=@${capitals}[]_${small}~`)
  assert.equal(kept(escapeName), `-.0123456789${capitals}_${small}~`)
  assert.equal(kept(safeTarget), all.slice(33, 127).replace(/%[0-9A-F]{2}/g, '') + above)
  assert.equal(kept(safeLocation), all.slice(32, 127).replace(/%[0-9A-F]{2}/g, '') + above)
})

test('an escape is two capital digits; a text without such bytes stays', () => {
  assert.equal(escapePath('/a b?c#%/\xe9\x01{~:&\'"'), '/a%20b%3Fc%23%25/%E9%01%7B~:&\'%22')
  assert.equal(escapeArgument('a b&c+;?#%\xe9/='), 'a%20b%26c%2B%3B%3F%23%25%E9/=')
  assert.equal(escapeName('a/b:c&d\'~-_.'), 'a%2Fb%3Ac%26d%27~-_.')
  assert.equal(safeTarget('/a b\r\nEvil: 1?\xe9'), '/a%20b%0D%0AEvil:%201?\xe9')
  assert.equal(safeLocation('/a\r\nX: y'), '/a%0D%0AX: y')
  assert.equal(escapePath('/plain'), '/plain')
  assert.equal(escapeName(''), '')
})

test('what a redirect takes back, and what it loses as nginx does', () => {
  assert.equal(unescapeRedirect('/a%20b%26%2b%C3%25%7E%7f%3Fx%26'), '/a%20b&+%C3%25~%7f?x%26')
  assert.equal(unescapeRedirect('/%zz%4z%%41%'), '/zz%41')
})

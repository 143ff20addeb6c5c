import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyPassword } from '../../host/modules/auth_basic/crypt.ts'
import { basicCredentials, storedPassword } from '../../host/modules/auth_basic/module.ts'

// Made with crypt(3) and openssl passwd.
const known: [string, string][] = [
  ['good', 'gorTndmry71eM'],
  ['', './Una9Fi.seRo'],
  ['longer than eight', 'zZb64kacvY9KA'],
  ['a', '$1$salt$M17PcHxFIEt5v7SAsS4v60'],
  ['longer than sixteen bytes', '$1$abcdefgh$c2awvC3r7nQpbVdhCFNPj1'],
  ['password', '$5$saltstring$OH4IDuTlsuTYPdED1gsuiRMyTAwNlRWyA6Xr3I4/dQ5'],
  ['y'.repeat(70), '$5$rounds=1400$anotherlongsalts$e.HLWElFkXz6D9raRBY3Z9Mb2MF88x0ijQr9BfMPLnC'],
  ['password', '$6$x$.7KcIn5.ZfkbYAJ0eR5aiXX.9cAoOEk.kCx3w6xY1EaxFjgMWuH6WyPufoidBlBiQ9OVWpzaDWwKtTA8cs5FF.'],
  ['z'.repeat(130), '$6$rounds=1000$saltstringsaltst$M76nqPhLAH1ESW3JTW90joixvEWUWw0tFlqqAjjrjjt1NbUgpfdNU0nqvBPvnMJmvsDnEgy4PzJIgYYHK2Nzl0'],
  ['apr', '$apr1$abcdefgh$QjR9TxW22WeSWH.i1lUBL.'],
  ['', '$apr1$xx$aGHxR9NsG1buO7l/rFJjm1'],
  ['sha', '{SHA}2PRZAyDhNDqRW2OUFwZQqPNdaSY='],
  ['pl:ain', '{PLAIN}pl:ain'],
]

for (const [password, stored] of known) {
  test(`${stored} is the password ${JSON.stringify(password.slice(0, 20))}`, () => {
    assert.equal(verifyPassword(password, stored), true)
    assert.equal(verifyPassword(`x${password}`, stored), false)
    assert.equal(verifyPassword(password, stored.slice(0, -1)), false)
  })
}

test('salted SHA-1 takes the salt behind the digest', () => {
  assert.equal(verifyPassword('ssha', '{SSHA}4Lim+KnPhXcBZM0efua9lqQ3popzYWx0'), true)
  assert.equal(verifyPassword('other', '{SSHA}4Lim+KnPhXcBZM0efua9lqQ3popzYWx0'), false)
})

test('what is not supported is told from what is wrong', () => {
  for (const stored of ['$2y$10$abcdefghijklmnopqrstuv', '$y$j9T$abc', '$6$rounds=656000$salt$x',
    '$5$rounds=10$salt$x', '', '!', '*0']) {
    assert.equal(verifyPassword('x', stored), null, stored)
  }
})

test('credentials come from the Authorization header', () => {
  const basic = (text: string) => basicCredentials(`Basic ${Buffer.from(text, 'latin1').toString('base64')}`)
  assert.deepEqual(basic('user:pass:word'), { user: 'user', password: 'pass:word' })
  assert.deepEqual(basic('u\xe9:'), { user: 'u\xe9', password: '' })
  assert.deepEqual(basicCredentials('bAsIc   dTpw'), { user: 'u', password: 'p' })
  for (const header of [null, '', 'Basic', 'Basic ', 'Bearer dTpw', 'Basic !!', 'Basic dTpw dTpw']) {
    assert.equal(basicCredentials(header), null, String(header))
  }
  assert.equal(basic(':pass'), null)
  assert.equal(basic('user'), null)
})

test('the first line of a user counts, comments do not', () => {
  const text = '# c:x\n\nab:1\na:2:comment\r\na:3\n#a:4\nlast:5'
  assert.deepEqual(['a', 'ab', 'last', '# c', '#a', 'b', ''].map((user) => storedPassword(text, user)),
    ['2', '1', '5', null, null, null, null])
})

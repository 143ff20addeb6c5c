import { test } from 'node:test'
import assert from 'node:assert/strict'
import { parseHost } from '../../host/http/framing/host.ts'

test('a host is lower case, without port and trailing dot', () => {
  const cases: Record<string, [string, number]> = {
    localhost: ['localhost', 0], 'LocalHost:99': ['localhost', 99], 'localhost.': ['localhost', 0],
    'A.B.:8080': ['a.b', 8080], 'a:': ['a', 0], 'a:0': ['a', 0], 'a:65535': ['a', 65535], 'a:00080': ['a', 80],
    '127.0.0.1:1': ['127.0.0.1', 1], "a-b_c~!$&'()*+,;=%41": ["a-b_c~!$&'()*+,;=%41", 0], '[::1]': ['[::1]', 0],
    '[2001:DB8::1]:443': ['[2001:db8::1]', 443], '[v1.x:y]': ['[v1.x:y]', 0], '.a': ['.a', 0],
  }
  for (const [text, [host, port]] of Object.entries(cases)) assert.deepEqual(parseHost(text), { host, port }, text)
})

test('what is no host is refused', () => {
  const cases = [
    '', '.', ':80', 'a..b', '..', 'a/b', 'a b', 'a@b', 'a\\b', 'a?b', 'a#b', 'a"b', 'a<b', 'a\0', 'a\x7f', 'a\xff',
    'a:b', 'a:1:2', 'a:-1', 'a:65536', 'a:99999999999', 'a: 1', '[', '[]', '[::1', '::1', '[::1]x', '[::1]:x',
    '[::1%eth0]', '[a..b]', 'a[b]', '[::1].', 'a..:80', '\u0141',
  ]
  for (const text of cases) assert.equal(parseHost(text), null, JSON.stringify(text))
})

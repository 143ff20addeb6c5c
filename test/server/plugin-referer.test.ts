/** plugins-as/referer (ngx_http_referer_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertMistakes } from './mistakes.ts'
import { start } from './kit.ts'

test('a referer is valid when its host, and its path, are named', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; server_name Own.test other.test;
    location / { valid_referers none blocked server_names *.example.com example.* www.example.org/galleries/ .dot.test; return 200 "[$invalid_referer]";
      location /inside { return 200 "[$invalid_referer]"; } location /own { valid_referers a.test; return 200 "[$invalid_referer]"; } }
    location /strict { valid_referers a.test; return 200 "[$invalid_referer]"; }
    location /open { return 200 "[$invalid_referer]"; }
  } }`)
  const ask = async (referer: string | null, path = '/') => (await server.get(path, referer === null ? {} : { Referer: referer })).body
  for (const valid of [null, 'x', 'www.example.net/without/a/scheme', 'http://own.test/', 'HTTPS://OWN.TEST:8080/x', 'http://a.example.com', 'https://a.b.example.com/p',
    'http://example.net/', 'http://example.co.uk', 'http://www.example.org/galleries/1', 'http://dot.test/', 'http://a.dot.test/']) {
    assert.equal(await ask(valid), '[]', String(valid))
  }
  for (const invalid of ['http://xexample.org.evil/', 'http://notexample.com/', 'http://www.example.org/', 'http://www.example.org/gallerie', 'http://evil.test/?http://own.test/',
    'http://own.test@evil.test/', `http://${'a'.repeat(300)}/`]) {
    assert.equal(await ask(invalid), '[1]', invalid)
  }
  assert.deepEqual([await ask('http://evil.test/', '/inside'), await ask('http://a.example.com/', '/own'), await ask('http://a.test/', '/own')], ['[1]', '[1]', '[]'])
  assert.deepEqual([await ask(null, '/strict'), await ask('blocked', '/strict'), await ask('http://evil.test/', '/open')], ['[1]', '[1]', '[]'])
})

test('mistakes are named', (t) => assertMistakes(t, [
  ['valid_referers;', 'invalid number of arguments in "valid_referers" directive'],
  ['valid_referers a*b;', 'invalid hostname or wildcard "a*b"'],
  ['valid_referers ~google;', 'regular expressions are not supported: "~google"'],
]))

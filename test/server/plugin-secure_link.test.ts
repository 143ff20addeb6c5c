/** plugins-as/secure_link (ngx_http_secure_link_module). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { assertMistakes } from './mistakes.ts'
import { start } from './kit.ts'

const sum = (text: string) => createHash('md5').update(text).digest('base64url')

test('links with a sum and a time', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    secure_link $arg_md5,$arg_e; secure_link_md5 "$secure_link_expires$uri secret";
    location / { return 200 "[$secure_link|$secure_link_expires]"; }
    location /short { secure_link $arg_md5; secure_link_md5 $arg_text; return 200 "[$secure_link]"; }
  } }`)
  const ask = async (path: string) => (await server.get(path)).body
  const far = '32503680000'
  assert.equal(await ask(`/a?md5=${sum(`${far}/a secret`)}&e=${far}`), `[1|${far}]`)
  assert.equal(await ask(`/a?md5=${sum('10/a secret')}&e=10`), '[0|10]')
  assert.equal(await ask(`/b?md5=${sum(`${far}/a secret`)}&e=${far}`), `[|${far}]`)
  for (const e of ['', '0', '-1', '1x', '9'.repeat(19)]) assert.equal(await ask(`/a?md5=${sum(`${e}/a secret`)}&e=${e}`), '[|]', e)
  // Every length around a block of the sum, with and without padding.
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 121, 1000]) {
    const text = 'x'.repeat(length)
    assert.equal(await ask(`/short?text=${text}&md5=${sum(text)}`), '[1]', String(length))
    assert.equal(await ask(`/short?text=${text}&md5=${sum(text)}==`), '[1]', String(length))
  }
  for (const bad of ['', 'x', sum('x').slice(1), `${sum('x')}x`, sum('x').replace(/^./, '!'), `${sum('x')}===`]) assert.equal(await ask(`/short?text=x&md5=${bad}`), '[]', bad)
})

test('links with a secret', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    location /p/ { secure_link_secret word; if ($secure_link = "") { return 403; } return 200 "[$secure_link]"; }
  } }`)
  const hash = (link: string) => createHash('md5').update(`${link}word`).digest('hex')
  const ask = async (path: string) => (await server.get(path)).status
  assert.equal((await server.get(`/p/${hash('a/b.txt')}/a/b.txt`)).body, '[a/b.txt]')
  assert.equal((await server.get(`/p/${hash('a').toUpperCase()}/a`)).body, '[a]')
  assert.deepEqual([await ask(`/p/${hash('a')}/b`), await ask('/p/x/a'), await ask(`/p/${hash('')}/`), await ask(`/p/${'g'.repeat(32)}/a`), await ask('/p/')], [403, 403, 403, 403, 403])
})

test('mistakes are named', (t) => assertMistakes(t, [
  ['secure_link $arg_a; secure_link_secret x;', '"secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5"'],
  ['secure_link_md5 a; secure_link_md5 b;', '"secure_link_md5" directive is duplicate'],
]))

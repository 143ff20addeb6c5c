/** plugins-as/access: who may come in (nginx.md §11, ngx_http_access_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'
import { assertMistakes } from './mistakes.ts'

test('the first rule that fits decides; a place with rules of its own inherits none', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    deny all;
    location /own { allow 127.0.0.1; deny all; hello; location /own/deeper { hello; } }
    location /order { deny 127.0.0.0/8; allow all; hello; }
    location /net { allow 10.0.0.0/8; allow 127.0.0.0/9; deny all; hello; }
    location /far { allow 10.0.0.0/8; allow 2001:db8::/32; deny all; hello; }
    location /none { allow ::1; hello; }
    location /inherited { hello; }
    location /method { allow all; limit_except GET { deny all; } hello; }
  } }`)
  const status = async (path: string, method = 'GET') => (await server.request(method, path)).status
  assert.equal(await status('/own'), 200)
  assert.equal(await status('/own/deeper'), 200)
  assert.equal(await status('/order'), 403)
  assert.equal(await status('/net'), 200)
  assert.equal(await status('/far'), 403)
  assert.equal(await status('/none'), 200)
  assert.equal(await status('/inherited'), 403)
  assert.equal(await status('/method'), 200)
  assert.equal(await status('/method', 'POST'), 403)
  assert.match(server.log(), /^\[error\] \d+#\d+: \*\d+ access forbidden by rule, client: 127\.0\.0\.1, server: , request: "GET \/order HTTP\/1\.1", host: "localhost"$/m)
})

test('unix: stands for clients of unix sockets', async (t) => {
  const server = await start(t, `http { access_log off; server { listen unix:<prefix>/web.sock; listen 127.0.0.1:<port>;
    location /local { allow unix:; deny all; hello; }
    location /remote { deny unix:; hello; }
  } }`)
  assert.equal((await server.get('/local', {}, 'web.sock')).status, 200)
  assert.equal((await server.get('/remote', {}, 'web.sock')).status, 403)
  assert.equal((await server.get('/local')).status, 403)
  assert.equal((await server.get('/remote')).status, 200)
})

test('with "satisfy any" a refusal is left to the others, and logged once when all refuse', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    location / { satisfy any; deny all; hello; }
  } }`)
  assert.equal((await server.get('/')).status, 403)
  assert.equal(server.log().match(/access forbidden by rule/g)?.length, 1)
})

test('mistakes in rules', async (t) => {
  await assertMistakes(t, [
    ['allow foo;', 'invalid parameter "foo"'], ['deny 10.0.0.0/33;', 'invalid parameter "10.0.0.0/33"'], ['allow 10.0.0;', 'invalid parameter "10.0.0"'],
    ['allow 1::2::3;', 'invalid parameter "1::2::3"'], ['deny 256.0.0.1;', 'invalid parameter "256.0.0.1"'],
    ['allow a b;', 'invalid number of arguments in "allow" directive'],
  ])
})

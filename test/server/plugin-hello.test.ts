/** plugins-as/hello: the smallest plugin. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'

test('greets with the path, whatever the method', async (t) => {
  const server = await start(t, 'http { access_log off; server { listen 127.0.0.1:<port>; location / { hello; } } }')
  const answer = await server.get('/some%20where?x=1')
  assert.deepEqual([answer.status, answer.header('content-type'), answer.body], [200, 'text/plain', 'hello from /some where\n'])
  assert.equal((await server.request('POST', '/', {}, 'ignored')).body, 'hello from /\n')
  const head = await server.request('HEAD', '/')
  assert.deepEqual([head.status, head.header('content-length'), head.body], [200, '13', ''])
})

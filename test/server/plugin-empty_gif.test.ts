/** plugins-as/empty_gif (ngx_http_empty_gif_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'

test('a pixel for GET and HEAD, with a date that lets clients ask again cheaply', async (t) => {
  const server = await start(t, 'http { access_log off; server { listen 127.0.0.1:<port>; location = /_.gif { empty_gif; } } }')
  const answer = await server.get('/_.gif')
  assert.equal(answer.status, 200)
  assert.equal(answer.header('content-type'), 'image/gif')
  assert.equal(answer.header('last-modified'), 'Mon, 28 Sep 1970 06:00:00 GMT')
  assert.equal(Buffer.from(answer.body, 'latin1').toString('hex'),
    '47494638396101000100800100000000ffffff21f90401000001002c00000000010001000002024c01003b')
  const head = await server.request('HEAD', '/_.gif')
  assert.deepEqual([head.status, head.header('content-length'), head.body], [200, '43', ''])
  assert.equal((await server.get('/_.gif', { 'If-Modified-Since': 'Mon, 28 Sep 1970 06:00:00 GMT' })).status, 304)
  assert.equal((await server.request('POST', '/_.gif', {}, 'x')).status, 405)
})

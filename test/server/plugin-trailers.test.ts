/** plugins-as/trailers: add_trailer (ngx_http_headers_filter_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'

const conf = `http { access_log off; server { listen 127.0.0.1:<port>; root html;
  location / { add_trailer X-Sent "$bytes_sent"; add_trailer X-Sent second; add_trailer X-None "$arg_none"; add_trailer X-Always a always; return 200 hello; }
  location /missing { add_trailer X-Sent s; add_trailer X-Always a always; return 404 gone; }
  location /inherit { add_trailer X-A a; location /inherit/none { add_trailer_inherit off; return 200 x; }
    location /inherit/merge { add_trailer_inherit merge; add_trailer X-B b; return 200 x; } }
  location /gap { add_trailer X-A ""; return 200 x; }
} }`

test('trailers stand behind a body in chunks; their values are found at its end', async (t) => {
  const server = await start(t, conf)
  const raw = async (line: string) => {
    const text = await server.raw(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    // The head has been sent by the time that the trailers get their values.
    return body.replace(`X-Sent: ${text.length - body.length}\r\n`, 'X-Sent: head\r\n')
  }
  assert.equal(await raw('GET / HTTP/1.1'), '5\r\nhello\r\n0\r\nX-Sent: head\r\nX-Sent: second\r\nX-Always: a\r\n\r\n')
  assert.equal(await raw('GET /missing HTTP/1.1'), '4\r\ngone\r\n0\r\nX-Always: a\r\n\r\n')
  assert.equal(await raw('GET /inherit/none HTTP/1.1'), 'x')
  assert.equal(await raw('GET /inherit/merge HTTP/1.1'), '1\r\nx\r\n0\r\nX-B: b\r\nX-A: a\r\n\r\n')
  assert.equal(await raw('GET /gap HTTP/1.1'), '1\r\nx\r\n0\r\n\r\n')
})

test('no trailers where there are no chunks', async (t) => {
  const server = await start(t, conf)
  const old = await server.raw('GET / HTTP/1.0\r\n\r\n')
  assert.match(old, /\r\nContent-Length: 5\r\n(?:.+\r\n)*\r\nhello$/)
  const head = await server.request('HEAD', '/')
  assert.deepEqual([head.header('content-length'), head.header('transfer-encoding'), head.body], ['5', null, ''])
})

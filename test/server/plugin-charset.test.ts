/** plugins-as/charset (ngx_http_charset_filter_module, the header alone). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { start } from './kit.ts'

test('the charset of text is named', async (t) => {
  const server = await start(t, `http { access_log off; gzip on; gzip_min_length 1; server { listen 127.0.0.1:<port>; charset utf-8; default_type text/html;
    location / { return 200 x; }
    location /png { default_type image/png; return 200 x; }
    location /off { charset off; return 200 x; }
    location /by { charset $arg_c; return 200 x; }
    location /own { default_type "text/html; charset=koi8-r"; return 200 x; }
    location /over { default_type "text/html; charset=koi8-r"; override_charset on; return 200 x; }
    location /types { charset_types text/css; default_type text/css; return 200 x; }
    location /plain { charset_types text/css; default_type text/plain; return 200 x; }
    location /moved { return 301 /x; }
  } }`)
  const type = async (path: string) => (await server.get(path)).header('content-type')
  const expected: Record<string, string> = {
    '/': 'text/html; charset=utf-8', '/png': 'image/png', '/off': 'text/html', '/by?c=cp1251': 'text/html; charset=cp1251', '/by': 'text/html',
    '/own': 'text/html; charset=koi8-r', '/over': 'text/html; charset=utf-8', '/types': 'text/css; charset=utf-8', '/plain': 'text/plain', '/moved': 'text/html; charset=utf-8',
  }
  for (const [path, value] of Object.entries(expected)) assert.equal(await type(path), value, path)
  const packed = await server.get('/', { 'Accept-Encoding': 'gzip' })
  assert.deepEqual([packed.header('content-type'), packed.header('content-encoding')], ['text/html; charset=utf-8', 'gzip'])
})

/** Filters in the running server, between its own: gzip, ranges, addition, the proxy, reload; http.explain tells their order. */
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { test } from 'node:test'
import { builtPlugin } from '../built.ts'
import { site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'

const conf = `
plugins plugins;
http {
  access_log off;
  server {
    listen 127.0.0.1:<port>;
    default_type text/plain;
    root html;
    location /whole { use whole; alias html/; }
    location /around { use upper; add_before_body /before; addition_types *; alias html/; }
    location /all { use upper first; gzip on; gzip_min_length 1; gzip_types *; alias html/; }
    location = /before { return 200 "before "; }
    location /insert { insert plus; alias html/; }
    location /upload { use in_upper in_high; proxy_pass http://127.0.0.1:<port>/echo; }
    location /stream { use in_upper; proxy_request_buffering off; proxy_pass http://127.0.0.1:<port>/echo; }
    location /refused { use in_refuse; proxy_request_buffering off; proxy_pass http://127.0.0.1:<port>/echo; }
    location /mirrored { use in_upper; mirror /copy; proxy_pass http://127.0.0.1:<port>/echo; }
    location = /copy { internal; proxy_pass http://127.0.0.1:<port>/seen; }
    location /echo { echo; }
    location /seen { echo; }
  }
}`

async function started(t: Test): Promise<Server> {
  const place = site(t)
  await builtPlugin(fileURLToPath(new URL('../../sdk/test/filters', import.meta.url)), `${place.prefix}/plugins/filters.wasm`)
  return start(t, conf, { site: place, files: { 'html/a.txt': 'some text', 'html/big.txt': 'x'.repeat(90000) } })
}

test('filters of responses between the server\'s own', async (t) => {
  const server = await started(t)
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await server.get(path, headers)
    return [answer.status, answer.header('content-length') ?? answer.header('transfer-encoding'), answer.body]
  }
  assert.deepEqual(await get('/around/a.txt'), [200, 'chunked', 'before SOME TEXT'])
  assert.deepEqual(await get('/insert/a.txt'), [200, 'chunked', 'some text+'])
  assert.deepEqual(await get('/insert/a.txt', { Range: 'bytes=0-3' }), [200, 'chunked', 'some text+'])
  assert.deepEqual((await get('/whole/big.txt'))[2], `<1:90000:${'x'.repeat(90000)}>`)
  assert.deepEqual((await get('/whole/missing')).slice(0, 1), [404])
  const zipped = await server.get('/all/a.txt', { 'Accept-Encoding': 'gzip' })
  assert.equal(zipped.header('content-encoding'), 'gzip')
  assert.equal(gunzipSync(Buffer.from(zipped.body, 'latin1')).toString(), 'SOME TEXTF')
  const old = await server.raw('GET /insert/a.txt HTTP/1.0\r\n\r\n')
  assert.equal(old.slice(old.indexOf('\r\n\r\n') + 4), 'some text+')
  const head = await server.request('HEAD', '/insert/a.txt')
  assert.deepEqual([head.status, head.header('content-length'), head.header('accept-ranges')], [200, null, null])
  const { filters } = (await server.rpc('http.explain', 'GET', '/all/a.txt')).result
  assert.deepEqual(filters.response, ['range_body (first)', 'filters (5)', ...Array.from({ length: 6 }, () => 'filters (10)'), 'gzip (20)', 'filters (30)'])
  assert.deepEqual(filters.on_demand, ['filters: plus (10)'])
  assert.equal(filters.request[0], 'filters (20)')
})

test('filters of requests before the proxy and its mirror', async (t) => {
  const server = await started(t)
  const post = async (path: string, body: string) => {
    const { status, body: said } = await server.request('POST', path, {}, body)
    return status === 200 ? said : String(status)
  }
  assert.equal(await post('/upload', 'abc'), '4 ABCH')
  assert.equal(await post('/stream', 'abc'), '3 ABC')
  assert.equal(await post('/mirrored', 'abc'), '3 ABC')
  assert.equal(await post('/refused', 'yes'), '3 yes')
  assert.equal(await post('/refused', 'no'), '422')
  assert.ok(await post('/stream', 'abc'.repeat(100000)) === `300000 ${'ABC'.repeat(100000)}`)
  const chunked = 'POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n'
  assert.match(await server.raw(chunked), /\r\n\r\n5 ABHCH$/)
  assert.doesNotMatch(server.log(), /\[(alert|crit|emerg)\]/)
})

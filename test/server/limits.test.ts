/** limit_req and limit_conn with their state shared by two workers, and what a reload does to it. */
import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start, untilAsync } from './kit.ts'
import type { Client } from './client.ts'
import type { Server } from './kit.ts'

const conf = (zones: string, locations: string): string => `worker_processes 2;
  http { access_log off; ${zones} server { listen 127.0.0.1:<port>; root html; ${locations} } }`
const slow = 'limit_req_zone $arg_k zone=a:1m rate=1r/m;'
const files = { 'html/f.txt': 'f', 'html/dir/index.html': 'index' }

/** The statuses of requests, each on a connection of its own. */
async function statuses(server: Server, ...targets: string[]): Promise<number[]> {
  const list: number[] = []
  for (const target of targets) list.push((await server.get(target)).status)
  return list
}

test('limit_req counts over all workers, once per request', async (t) => {
  const server = await start(t, conf(slow, `
    location / { limit_req zone=a burst=2 nodelay; }
    location /dir/ { limit_req zone=a; limit_req_status 429; }
    location /dry/ { limit_req zone=a; limit_req_dry_run on; alias <prefix>/html/; }
    location /log/ { limit_req zone=a; limit_req_log_level info; alias <prefix>/html/; }`), { files })
  assert.deepEqual(await statuses(server, ...Array.from({ length: 8 }, () => '/f.txt?k=1')),
    [200, 200, 200, 503, 503, 503, 503, 503])
  assert.deepEqual(await statuses(server, '/f.txt', '/f.txt?k=', '/f.txt', '/f.txt'), [200, 200, 200, 200])
  // The index file is found by an internal redirect, which does not count again.
  assert.deepEqual(await statuses(server, '/dir/?k=2', '/dir/?k=2'), [200, 429])
  assert.deepEqual(await statuses(server, '/dry/f.txt?k=3', '/dry/f.txt?k=3'), [200, 200])
  assert.deepEqual(await statuses(server, '/log/f.txt?k=4', '/log/f.txt?k=4'), [200, 503])
  await server.waitLog(/^\[error\] \S+ \*\d+ limiting requests, excess: [23]\.\d{3} by zone "a", client: 127\.0\.0\.1, server: , request: "GET \/f\.txt\?k=1 /m)
  await server.waitLog(/^\[error\] \S+ \*\d+ limiting requests, dry run, excess: [01]\.\d{3} by zone "a", client/m)
  await server.waitLog(/^\[info\] \S+ \*\d+ limiting requests, excess: [01]\.\d{3} by zone "a", client/m)
})

test('limit_req delays, and the most restrictive of several limits counts', async (t) => {
  const server = await start(t, conf(`${slow} limit_req_zone $arg_f zone=fast:32k rate=1000r/s;`, `
    location /late { limit_req zone=fast burst=1000; alias <prefix>/html/f.txt; }
    location /both { limit_req zone=fast burst=9; limit_req zone=a; alias <prefix>/html/f.txt; }`), { files })
  const client = await server.connect()
  client.write('GET /late?f=1 HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(30))
  for (let i = 0; i < 30; i++) assert.equal((await client.response()).status, 200)
  client.close()
  await server.waitLog(/^\[warn\] \S+ \*\d+ delaying request, excess: \d\.\d{3}, by zone "fast", client/m)
  assert.deepEqual(await statuses(server, '/both?f=2&k=1', '/both?f=2&k=1', '/both?f=2', '/both?f=2&k=2'),
    [200, 503, 200, 200])
  await server.waitLog(/^\[error\] \S+ \*\d+ limiting requests, excess: [01]\.\d{3} by zone "a", client/m)
})

test('limit_conn counts requests in progress over all workers', async (t) => {
  const server = await start(t, conf('limit_conn_zone $arg_k zone=c:1m;', `
    location / { limit_conn c 3; limit_conn_status 429; }
    location /dry/ { limit_conn c 1; limit_conn_dry_run on; alias <prefix>/html/; }`),
  { files })
  // More than the sockets' buffers hold, so that requests for it stay in progress while nobody reads.
  await server.site.write('html/big', '')
  truncateSync(join(server.prefix, 'html/big'), 64 << 20)
  const busy: Client[] = []
  for (let i = 0; i < 3; i++) {
    const client = await server.connect()
    client.write('GET /big?k=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    await client.until('\r\n\r\n')
    client.socket.pause()
    busy.push(client)
  }
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=1', '/f.txt?k=2', '/f.txt', '/dry/f.txt?k=1'),
    [429, 429, 200, 200, 200])
  await server.waitLog(/^\[error\] \S+ \*\d+ limiting connections by zone "c", client/m)
  await server.waitLog(/^\[error\] \S+ \*\d+ limiting connections, dry run, by zone "c", client/m)
  busy[0]!.close()
  // The server notices by itself; until then the place is taken.
  let freed = false
  for (let i = 0; i < 2000 && !freed; i++) freed = (await server.get('/f.txt?k=1')).status === 200
  assert.ok(freed)
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=1'), [200, 200])
  for (const client of busy) client.close()
})

test('limit_conn counts no requests of a worker that has died', async (t) => {
  const server = await start(t, conf('limit_conn_zone $arg_k zone=c:1m;', 'location / { limit_conn c 2; }').replace('worker_processes 2', 'worker_processes 1'), { files })
  await server.site.write('html/big', '')
  truncateSync(join(server.prefix, 'html/big'), 64 << 20)
  const busy: Client[] = []
  for (let i = 0; i < 2; i++) {
    const client = await server.connect()
    client.write('GET /big?k=1 HTTP/1.1\r\nHost: h\r\n\r\n')
    await client.until('\r\n\r\n')
    client.socket.pause()
    busy.push(client)
  }
  assert.deepEqual(await statuses(server, '/f.txt?k=1'), [503])
  const { result } = await server.rpc('worker.list')
  assert.deepEqual((await server.rpc('core.restart_worker', result.at(-1).thread)).result, 'restarted')
  await server.waitLog(/\[alert\] .* exited with code 1$/m)
  await untilAsync(async () => server.get('/f.txt').then(() => true, () => false), () => 'no worker serves')
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=1'), [200, 200])
  for (const client of busy) client.close()
})

test('a reload keeps the state while the zone stays as it is', async (t) => {
  const locations = 'location / { limit_req zone=a; }'
  const server = await start(t, conf(slow, locations), { files })
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=1'), [200, 503])
  assert.equal((await server.reload()).code, 0)
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=2', '/f.txt?k=2'), [503, 200, 503])
  const other = await server.reload(conf('limit_req_zone $args zone=a:1m rate=1r/m;', locations))
  assert.match(server.log(),
    /\[emerg\] .* limit_req "a" uses the "\$args" key while previously it used the "\$arg_k" key$/m)
  assert.notEqual(other.code, 0)
  assert.deepEqual(await statuses(server, '/f.txt?k=1'), [503])
  assert.equal((await server.reload(conf('limit_req_zone $args zone=a:2m rate=1r/m;', locations))).code, 0)
  assert.deepEqual(await statuses(server, '/f.txt?k=1', '/f.txt?k=1'), [200, 503])
})

/** plugins-as/userid (ngx_http_userid_filter_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertMistakes } from './mistakes.ts'
import { start } from './kit.ts'

test('who has no identifier is given one, who has one keeps it', async (t) => {
  const server = await start(t, `http { log_format uid '$uid_got|$uid_set'; access_log access.log uid; server { listen 127.0.0.1:<port>;
    location / { userid on; return 200 "[$uid_got]"; }
    location /full { userid v1; userid_name id; userid_service 7; userid_domain a.test; userid_path /p; userid_expires max; userid_p3p 'CP="x"'; userid_flags httponly secure samesite=lax;
      return 200 x; }
    location /year { userid on; userid_expires 365d; return 200 x; }
    location /log { userid log; return 200 "[$uid_got]"; }
    location /off { return 200 "[$uid_got]"; }
  } }`)
  const cookieOf = async (path: string, cookie?: string) => (await server.get(path, cookie === undefined ? {} : { Cookie: cookie })).header('set-cookie')
  const first = await cookieOf('/')
  assert.match(first!, /^uid=[A-Za-z0-9+/]{22}==; path=\/$/)
  const uid = first!.split(';')[0]!
  const bytes = Buffer.from(uid.slice(4), 'base64')
  assert.deepEqual([bytes.length, bytes.subarray(0, 4).join('.'), bytes[15]], [16, '127.0.0.1', 2])
  assert.ok(Math.abs(bytes.readUInt32BE(4) - Date.now() / 1000) < 60)
  assert.notEqual(await cookieOf('/'), first)
  const hex = [0, 4, 8, 12].map((i) => bytes.readUInt32LE(i).toString(16).toUpperCase().padStart(8, '0')).join('')
  const again = await server.get('/', { Cookie: `a=b; ${uid}` })
  assert.deepEqual([again.body, again.header('set-cookie')], [`[uid=${hex}]`, null])
  assert.equal((await server.get('/log', { Cookie: uid })).body, `[uid=${hex}]`)
  assert.deepEqual([await cookieOf('/log'), await cookieOf('/off'), (await server.get('/off', { Cookie: uid })).body], [null, null, '[]'])
  const full = await server.get('/full')
  assert.match(full.header('set-cookie')!, /^id=AAAAB[A-Za-z0-9+/]{17}==; expires=Thu, 31-Dec-37 23:55:55 GMT; domain=a\.test; path=\/p; secure; httponly; samesite=lax$/)
  assert.equal(full.header('p3p'), 'CP="x"')
  const year = /; expires=(\w+), (\d\d)-(\w+)-(\d\d) ([\d:]+) GMT; path/.exec((await cookieOf('/year'))!)!
  assert.ok(Math.abs(Date.parse(`${year[1]}, ${year[2]} ${year[3]} 20${year[4]} ${year[5]} GMT`) - Date.now() - 365 * 86400_000) < 60_000)
  await server.stop()
  const log = server.site.read('access.log').split('\n')
  assert.equal(log[0], `-|uid=${hex}`)
  assert.equal(log[2], `uid=${hex}|-`)
})

test('a cookie that is none is replaced', async (t) => {
  const server = await start(t, 'http { access_log off; server { listen 127.0.0.1:<port>; location / { userid on; return 200 x; } } }')
  for (const cookie of ['uid=short', `uid=${'!'.repeat(22)}`, `uid=${'A'.repeat(22)}`]) {
    assert.match((await server.get('/', { Cookie: cookie })).header('set-cookie')!, /^uid=[A-Za-z0-9+/]{22}==; path=\/$/)
  }
  assert.match(server.log(), /client sent too short userid cookie "short", client/)
})

test('mistakes are named', (t) => assertMistakes(t, [
  ['userid some;', 'invalid value "some"'],
  ['userid_expires never;', '"userid_expires" directive invalid value'],
  ['userid_flags crisp;', 'invalid value "crisp"'],
  ['userid_service x;', '"userid_service" directive invalid number'],
]))

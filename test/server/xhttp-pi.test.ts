/** xhttp_pi as it is without `compat strict`: changes by POST only, what it refuses, hostile input, large tables, slow databases, reload. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Test } from './kit.ts'
import { run, site, start, startScript } from './kit.ts'
import type { Server } from './kit.ts'
import { configuration, frameworkFor, look, makeDatabase, records, send, utf8 as text } from './xhttp-pi-kit.ts'

const form = 'application/x-www-form-urlencoded'

/** A server of nginx's configuration with the recordings' framework and database. */
async function pi(t: Test, more = '', url = 'sqlite:///<prefix>/pi.db'): Promise<Server> {
  const place = site(t)
  makeDatabase(place.prefix)
  return start(t, `http { access_log off; modparam xhttp_pi framework <prefix>/framework.xml; ${more}
    server { listen 127.0.0.1:<port>; location /pi { xhttp_pi; } location / { return 200 ok; } } }`, { site: place, files: { 'framework.xml': frameworkFor(url) } })
}

test('a record is added, found, changed and deleted', async (t) => {
  const server = await pi(t)
  const added = await send(server, '/pi/subs/add', { a: 'Zoë & "Co"', b: 'sip:zoe@example.com', c: '0.1', d: '1', e: 'auto' })
  assert.equal(added.status, 200)
  assert.deepEqual(look(added.body).cells, ['Record successfully added to db.'])
  assert.deepEqual(records(server.prefix)[2], { id: 3, username: 'Zoë & "Co"', uri: 'sip:zoe@example.com', ipuri: null, hp: null, ip4p: null, weight: 0.1, big: null, flags: 1, created: null, note: 'auto' })
  const shown = look(text((await server.get('/pi/subs/show?cmd=on')).body))
  assert.deepEqual(shown.cells!.slice(8, 16), ['3', 'Zoë & "Co"', 'sip:zoe@example.com', '0.1', '', '1', '', 'auto'])
  assert.deepEqual(shown.links, [3, 1, 2].map((id) => `/pi/subs/update?cmd=pre&id=${id}`))
  const filled = look(text((await server.get('/pi/subs/update?cmd=pre&id=3')).body)).inputs!.filter(({ name }) => name !== 'token')
  assert.deepEqual(filled, [{ name: 'cmd', value: 'on' }, { name: '0', value: '3' }, { name: 'a', value: 'Zoë & "Co"' }, { name: 'b', value: 'sip:zoe@example.com' }, { name: 'c', value: '0.1' }])
  assert.equal((await send(server, '/pi/subs/update', { 0: '3', a: 'zoe', b: '', c: '-1e3' })).status, 200)
  assert.deepEqual([records(server.prefix)[2]!['username'], records(server.prefix)[2]!['uri'], records(server.prefix)[2]!['weight']], ['zoe', null, -1000])
  assert.deepEqual(look((await send(server, '/pi/subs/replace', { a: '3', b: 'again' })).body).cells, ['Record successfully replaced.'])
  assert.equal(records(server.prefix)[2]!['username'], 'again')
  assert.deepEqual(look((await send(server, '/pi/subs/delete', { 0: '3' })).body).cells, ['Record successfully deleted from db.'])
  assert.equal(records(server.prefix).length, 2)
  const again = await send(server, '/pi/subs/delete', { 0: '3' })
  assert.equal(again.status, 400)
  assert.deepEqual(look(again.body).cells, ['Unable to delete record. No record matches.'])
})

test('heads: a policy without scripts, whose hash is that of the style', async (t) => {
  const server = await pi(t)
  const { body, lines, status } = await server.get('/pi')
  const header = (name: string): string | undefined => lines.find(([key]) => key === name)?.[1]
  assert.equal(status, 200)
  assert.equal(header('content-type'), 'text/html; charset=utf-8')
  const style = /<style>(.*?)<\/style>/s.exec(text(body))![1]!
  assert.equal(header('content-security-policy'), `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`)
  assert.equal(header('x-content-type-options'), 'nosniff')
  assert.equal(header('cache-control'), 'no-store')
  assert.doesNotMatch(body, /<script|\son\w+=/)
  assert.match((await server.get('/pi/subs/add')).header('set-cookie')!, /^xhttp_pi=[0-9a-f]{32}; Path=\/pi; HttpOnly; SameSite=Strict$/)
})

test('nothing is changed by a link, from another site, or without the token', async (t) => {
  const server = await pi(t)
  const before = records(server.prefix)
  const link = await server.get('/pi/subs/delete?cmd=on&0=1')
  assert.equal(link.status, 405)
  assert.equal(link.header('allow'), 'POST')
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { Origin: 'http://evil.example' })).status, 403)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { Origin: 'null' })).status, 403)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { 'Sec-Fetch-Site': 'cross-site' })).status, 403)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1', token: '0'.repeat(32) })).status, 403)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { Cookie: 'a=b' })).status, 403)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { 'Content-Type': 'text/plain' })).status, 415)
  assert.equal((await server.request('POST', '/pi/subs/delete', { 'Content-Type': form }, 'cmd=on&0=1')).status, 403)
  assert.equal((await server.request('PUT', '/pi/subs/delete', {}, 'cmd=on&0=1')).status, 405)
  assert.deepEqual(records(server.prefix), before)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '1' }, { Origin: 'http://localhost', 'Sec-Fetch-Site': 'same-origin' })).status, 200)
  assert.equal(records(server.prefix).length, 1)
})

test('what is refused, in words; nothing of it reaches the database', async (t) => {
  const server = await pi(t)
  const before = records(server.prefix)
  const good = { a: 'x', b: 'sip:e@x.com', c: '1', d: '0', e: 'auto' }
  const refused = async (path: string, values: Record<string, string>, message: string): Promise<void> => {
    const { status, body } = await send(server, path, values)
    assert.equal(/<p class="status bad" role="status">(.*?)<\/p>/s.exec(body)?.[1]?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'), message)
    assert.equal(status, 400)
  }
  await refused('/pi/subs/add', { ...good, b: 'notauri' }, 'Invalid SIP URI for uri [notauri].')
  for (const uri of ['sip:', 'sip:@x', 'sip:a@', 'sip:a@x:99999', 'sip:a@x y', 'http://x', 'sip:a@<b>', 'sip:a@x"']) await refused('/pi/subs/add', { ...good, b: uri }, `Invalid SIP URI for uri [${uri}].`)
  await refused('/pi/subs/add', { ...good, c: 'abc' }, 'Bogus field weight [abc].')
  await refused('/pi/subs/add', { ...good, c: '1; drop table subs' }, 'Bogus field weight [1; drop table subs].')
  await refused('/pi/subs/add', { ...good, c: '' }, 'Empty argument for query field #2: weight.')
  await refused('/pi/subs/add', { ...good, d: '99' }, 'Value [99] is not offered for flags.')
  await refused('/pi/subs/add', { ...good, e: 'zzz' }, 'Value [zzz] is not offered for note.')
  await refused('/pi/subs/add', { a: 'x' }, 'No argument for query field #1: uri.')
  const typed = { a: 't', b: 'sip:t@127.0.0.1', c: 'udp:example.com:5060', d: 'tcp:127.0.0.1:5061', e: '1', f: '2024-05-06 07:08:09' }
  await refused('/pi/subs/add_typed', { ...typed, b: 'sip:t@example.com' }, 'Invalid IPv4 host in SIP URI for ipuri [example.com][sip:t@example.com].')
  await refused('/pi/subs/add_typed', { ...typed, c: 'foo:bar:baz' }, 'Invalid [proto:]host[:port] forhp [foo:bar:baz].')
  await refused('/pi/subs/add_typed', { ...typed, d: '127.0.0.256' }, 'Invalid IPv4 in [proto:]IPv4[:port] ip4p [127.0.0.256][127.0.0.256].')
  await refused('/pi/subs/add_typed', { ...typed, e: '9223372036854775808' }, 'Bogus field big [9223372036854775808].')
  await refused('/pi/subs/add_typed', { ...typed, f: '2023-02-29 00:00:00' }, 'Bogus field created [2023-02-29 00:00:00].')
  await refused('/pi/subs/update', { 0: '1 or 1=1', a: 'x', b: '', c: '1' }, 'Bogus field id [1 or 1=1].')
  assert.deepEqual(records(server.prefix), before)
  for (const [target, status] of [['/pi/nope', 404], ['/pi/subs/nope', 404], ['/pi/subs/show/x', 404], ['/pi/subs/show?cmd=xyz', 400], ['/pi/subs/show?cmd=%zz', 400], ['/pi/subs/show?cmd=on&page=0', 400],
    ['/pi/subs/find?cmd=on&0=a', 400], ['/pi/subs/find?cmd=on', 400], ['/pi/subs/find?cmd=on&0=1&0=2', 400], ['/pi/subs/find?cmd=on&0=%ff', 400], ['/pi/subs/update?cmd=pre&id=999', 404]] as const) {
    assert.equal((await server.get(target)).status, status, target)
  }
})

test('SQL and HTML in every field stay texts', async (t) => {
  const server = await pi(t, 'modparam xhttp_pi xhttp_pi_page_size 500;')
  const hostile = ["'; drop table subs; --", '" or 1=1 --', '`x`', '?', '$1', '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '&lt;', 'a&b=1', "O'Brien\\", '\u{1f600}', '%s%n', '<!--', ']]>', 'x'.repeat(5000)]
  for (const value of hostile) {
    const { body } = await send(server, '/pi/subs/add', { a: value, b: '', c: '1', d: '0', e: 'auto' })
    assert.deepEqual(look(body).cells, ['Record successfully added to db.'])
    for (const path of ['/pi/subs/add', '/pi/subs/add_typed', '/pi/subs/update', '/pi/subs/delete', '/pi/subs/replace', '/pi/subs/find_choice', '/pi/subs/find']) {
      const fields = ['0', '1', 'a', 'b', 'c', 'd', 'e', 'f'].filter((name) => !(path.endsWith('/add') && name === 'a') && !(path.endsWith('replace') && name === 'b'))
      for (const name of fields) {
        const query = `cmd=on&${name}=${encodeURIComponent(value)}`
        const { body: shown } = await server.get(`${path}?${query}`)
        assert.doesNotMatch(shown, /<script|<img|<!--/)
      }
    }
  }
  const names = records(server.prefix).slice(2).map(({ username }) => username)
  assert.deepEqual(names, hostile)
  const page = text((await server.get('/pi/subs/show?cmd=on')).body)
  assert.doesNotMatch(page, /<script|<img|<!--/)
  const cells = look(page).cells!
  for (const value of hostile) assert.ok(cells.includes(value), value)
  // A link carries such a value, too.
  const linked = look(text((await server.get('/pi/subs/find?cmd=on&0=1000')).body)).links!
  for (const value of hostile) assert.ok(linked.some((to) => new URLSearchParams(to.slice(to.indexOf('?'))).get('username') === value), value)
})

test('a table of 100,000 records is shown by pages', async (t) => {
  const server = await pi(t)
  const database = new DatabaseSync(join(server.prefix, 'pi.db'))
  database.exec("with recursive n(i) as (select 10 union all select i + 1 from n where i < 100007) insert into subs (id, username) select i, 'user ' || i from n")
  database.close()
  const first = await server.get('/pi/solo/list?cmd=on')
  assert.deepEqual(look(first.body).cells!.slice(0, 4), ['id', '1', '2', '10'])
  assert.equal(look(first.body).cells!.length, 51)
  assert.match(first.body, /<a rel="next" href="\/pi\/solo\/list\?cmd=on&amp;page=2">/)
  const last = await server.get('/pi/solo/list?cmd=on&page=2000')
  assert.deepEqual(look(last.body).cells!.at(-1), '100007')
  assert.doesNotMatch(last.body, /rel="next"/)
  assert.match(last.body, /<a rel="prev" href="\/pi\/solo\/list\?cmd=on&amp;page=1999">/)
  const seen = new Set<string>()
  for (let page = 1; page <= 20; page++) for (const cell of look((await server.get(`/pi/solo/list?cmd=on&page=${page * 100}`)).body).cells!.slice(1)) seen.add(cell)
  assert.equal(seen.size, 1000)
  const { memory } = (await server.rpc('plugin.show', 'xhttp_pi')).result.workers[0]
  assert.ok(memory < 16 << 20, `the plugin has ${memory} bytes`)
})

test('a slow statement holds up nobody else', async (t) => {
  const server = await pi(t)
  // Somebody else has locked the database: the statement waits for that.
  const database = new DatabaseSync(join(server.prefix, 'pi.db'))
  database.exec('begin exclusive')
  let slow = false
  const asked = server.get('/pi/solo/list?cmd=on').then((response) => (slow = true, response))
  for (let i = 0; i < 10; i++) assert.equal((await server.get('/')).body, 'ok')
  assert.equal((await server.get('/pi/subs')).status, 200)
  assert.equal(slow, false)
  database.exec('commit')
  database.close()
  assert.deepEqual(look((await asked).body).cells, ['id', '1', '2'])
})

test('reload: all workers take the new file, a broken one changes nothing', async (t) => {
  const server = await pi(t, '')
  const mods = async (): Promise<readonly string[]> => look((await server.get('/pi')).body).mods
  assert.deepEqual(await mods(), ['subs', 'solo'])
  const good = server.site.read('framework.xml')
  await server.site.write('framework.xml', good.replace('<mod_name>solo', '<mod_name>lonely'))
  assert.deepEqual(await mods(), ['subs', 'solo'])
  assert.equal((await server.rpc('xhttp_pi.reload')).result, 'Reload OK')
  for (let i = 0; i < 5; i++) assert.deepEqual(await mods(), ['subs', 'lonely'])
  await server.site.write('framework.xml', good.replace('DB1_DOUBLE', 'DB1_FLOAT'))
  assert.equal((await server.rpc('xhttp_pi.reload')).result, 'Reload failed')
  assert.match(server.log(), /xhttp_pi: unexpected type \[DB1_FLOAT\] for db_table column type/)
  for (let i = 0; i < 5; i++) assert.deepEqual(await mods(), ['subs', 'lonely'])
})

test('the script function answers as the directive does, with its heads', async (t) => {
  const place = site(t)
  makeDatabase(place.prefix)
  const server = await startScript(t, configuration('safe'), { site: place, files: { 'framework.xml': frameworkFor('sqlite:///<prefix>/pi.db') } })
  const { status, lines, body } = await server.get('/pi/subs/show?cmd=on')
  assert.equal(status, 200)
  assert.match(lines.find(([key]) => key === 'content-security-policy')![1], /^default-src 'none'; style-src 'sha256-/)
  assert.equal(look(text(body)).cells!.length, 24)
  assert.equal((await send(server, '/pi/subs/delete', { 0: '2' })).status, 200)
  assert.equal(records(place.prefix).length, 1)
  assert.equal((await server.get('/other')).body, '<html><body>Wrong URL /other</body></html>')
})

test('a database that does not answer: the user is told that, the log why, nobody the password', async (t) => {
  const server = await pi(t, '', 'postgres://someone:sesame@127.0.0.1:1/db')
  const { status, body } = await server.get('/pi/solo/list?cmd=on')
  assert.equal(status, 500)
  assert.deepEqual(look(body).cells, ['Error while querying database.'])
  const log = server.log()
  assert.match(log, /xhttp_pi: command list on subs: postgres:\/\/someone@127\.0\.0\.1:1\/db: .*ECONNREFUSED/)
  assert.doesNotMatch(log + body, /sesame/)
})

test('mistakes of the framework that Kamailio does not know', async (t) => {
  const place = site(t)
  const check = async (xml: string, message: RegExp): Promise<void> => {
    await place.configure('http { modparam xhttp_pi framework <prefix>/f.xml; server { listen 127.0.0.1:<port>; location /pi { xhttp_pi; } } }')
    await place.write('f.xml', xml)
    const { code, stderr } = await run(place, ['-t', '-p', '<prefix>', '-c', 'vespid.conf'])
    assert.match(stderr, message)
    assert.equal(code, 1)
  }
  const good = frameworkFor('sqlite:///<prefix>/pi.db')
  await check('<!DOCTYPE x [<!ENTITY a "b">]><framework>&a;</framework>', /a document type \(<!DOCTYPE …>\) is not allowed|a document type/)
  await check(good.replace('alice', '&xxe;'), /entity "&xxe;" is not allowed/)
  await check(good.replace('sqlite://', 'text://'), /db_text files are not supported; load them into SQLite and write sqlite:\/\/\/PATH/)
  await check(good.replace('sqlite://', 'oracle://'), /there is no driver "oracle" here/)
  await check(good.replace('<link_cmd>update', '<link_cmd>updaet'), /invalid link_cmd \[updaet\] in mod \[subs\] cmd \[show\]/)
  await check(good.replace('&lt;</operator>', 'like</operator>'), /unexpected operator \[like\] for field \[id\] in mod \[subs\] cmd \[find\] clause_cols/)
  await check(good.replace(/<clause_cols><col><field>id<\/field><operator>=<\/operator><\/col><\/clause_cols>\s*<\/cmd>/, '</cmd>'), /no clause_cols for mod \[subs\] cmd \[delete\]: a DB1_DELETE needs them/)
})

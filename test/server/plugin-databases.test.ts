/** What a plugin that is not shipped may read and ask: what the configuration grants it, nothing else. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../built.ts'
import { run, site, start } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-tables-'))
after(() => rmSync(out, { recursive: true }))
const wasm = join(out, 'tables.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/tables', import.meta.url)), wasm)

test('databases and files are granted one by one', async (t) => {
  const place = site(t)
  new DatabaseSync(join(place.prefix, 'a.db')).close()
  new DatabaseSync(join(place.prefix, 'b.db')).close()
  mkdirSync(join(place.prefix, 'open'))
  symlinkSync('../secret.txt', join(place.prefix, 'open/link.txt'))
  const server = await start(t, `load_module ${wasm};
    plugin tables { allow db sqlite://<prefix>/a.db; allow file open/ one.xml bad.xml; }
    http { server { listen 127.0.0.1:<port>;
      location /a { table_database sqlite://<prefix>/a.db; table_query; }
      location /b { table_database sqlite://<prefix>/b.db; table_query; }
      location /p { table_database postgres://u:sesame@db.example/x; table_query; }
      location = /open { table_file open/x.txt; table_read; }
      location = /link { table_file open/link.txt; table_read; }
      location = /out { table_file open/../secret.txt; table_read; }
      location = /secret { table_file secret.txt; table_read; }
      location = /missing { table_file open/none.txt; table_read; }
      location = /xml { table_file one.xml; table_read; }
      location = /bad { table_file bad.xml; table_read; }
      location /ok { return 200 ok; } } }`, {
    site: place, files: { 'secret.txt': 'secret', 'open/x.txt': 'opened', 'one.xml': '<A b="&lt;1"> x <c/><![CDATA[<&]]></A>', 'bad.xml': '<a><b></a>' },
  })
  const get = async (target: string): Promise<string> => {
    const { status, body } = await server.get(target)
    return `${status} ${Buffer.from(body, 'latin1').toString('utf8')}`
  }
  const sql = (text: string): string => encodeURIComponent(text)
  assert.equal(await get(`/a?${sql('select ? as n, ? as t, ? as z')}`), '200 n,t,z\n9223372036854775807,é,NULL\n')
  assert.equal(await get(`/a?${sql('with recursive n(i) as (select 1 union all select i + 1 from n) select i, ?, ?, ? from n')}`).then((text) => text.split('\n').slice(-3)).then((list) => list.join('|')), '5,9223372036854775807,é,NULL|more|')
  assert.equal(await get(`/a?${sql('select x from nowhere where 1 = ? or 2 = ? or 3 = ?')}`), '500 no such table: nowhere')
  assert.equal(await get(`/a?${sql('attach ? as x')}`).then((text) => text.slice(0, 3)), '500')
  assert.equal(await get('/b?select'), `403 plugin "tables" may not open database sqlite://${place.prefix}/b.db; add "plugin tables { allow db sqlite://${place.prefix}/b.db; }" to the main context`)
  assert.equal(await get('/p?select'), '403 plugin "tables" may not open database postgres://u@db.example/x; add "plugin tables { allow db postgres://u@db.example/x; }" to the main context')
  assert.equal(await get('/open'), '200 opened')
  for (const target of ['/link', '/out', '/secret']) {
    const shown = `${place.prefix}/${target === '/link' ? 'open/link.txt' : 'secret.txt'}`
    assert.equal(await get(target), `403 plugin "tables" may not read ${shown}; add "plugin tables { allow file ${shown}; }" to the main context`)
  }
  assert.match(await get('/missing'), /^403 plugin "tables" may not read |^403 open\(\) /)
  assert.equal(await get('/xml?xml'), '200 ["A",{"b":"<1"},"x <&",[]]'.replace('[]]', '[["c",{},"",[]]]]'))
  assert.equal(await get('/bad?xml'), `403 ${place.prefix}/bad.xml: Expected closing tag 'b' (opened in line 1, col 4) instead of closing tag 'a' (line 1)`)
  assert.doesNotMatch(server.log(), /sesame/)
})

test('a grant that names no database', async (t) => {
  const place = site(t)
  await place.configure(`load_module ${wasm}; plugin tables { allow db users; } http {}`)
  const { code, stderr } = await run(place, ['-t', '-p', '<prefix>', '-c', 'vespid.conf'])
  assert.match(stderr, /invalid database URL "users": it is sqlite:\/\/\/PATH, postgres:/)
  assert.equal(code, 1)
})

test('a client that leaves takes its statement with it', async (t) => {
  const place = site(t)
  new DatabaseSync(join(place.prefix, 'a.db')).close()
  const server = await start(t, `load_module ${wasm};
    plugin tables { allow db sqlite://<prefix>/a.db; }
    http { server { listen 127.0.0.1:<port>; location /a { table_database sqlite://<prefix>/a.db; table_query; } location /ok { return 200 ok; } } }`, { site: place })
  const slow = encodeURIComponent('with recursive n(i) as (select 1 union all select i + 1 from n limit 3000000) select count(*), ?, ?, ? from n')
  const client = await server.connect()
  client.write(`GET /a?${slow} HTTP/1.1\r\nHost: a\r\n\r\n`)
  assert.equal((await server.get('/ok')).body, 'ok')
  client.close()
  await server.waitLog(/the client went away while .* waited for database sqlite:\/\//)
  assert.equal((await server.get(`/a?${encodeURIComponent('select ? is null, ? is null, ? is null')}`)).status, 200)
})

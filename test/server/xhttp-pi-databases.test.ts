/** xhttp_pi on real PostgreSQL and MariaDB servers, with Kamailio's own framework file, and in a browser. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openBrowser } from '../browser.ts'
import { skipWithout } from '../programs.ts'
import { ask, startMariadb, startPostgres } from './database-kit.ts'
import { site, start } from './kit.ts'
import type { Server, Test } from './kit.ts'
import { createTable, frameworkFor, look, makeDatabase, records, sample, send, utf8 } from './xhttp-pi-kit.ts'

async function pi(t: Test, framework: string): Promise<Server> {
  const place = site(t)
  return start(t, `http { access_log off; modparam xhttp_pi framework <prefix>/framework.xml;
    server { listen 127.0.0.1:<port>; location /pi { xhttp_pi; } } }`, { site: place, files: { 'framework.xml': framework } })
}

/** Sends a form; what the page says. */
const sent = async (server: Server, path: string, values: Readonly<Record<string, string>>): Promise<string> => look((await send(server, path, values)).body).cells!.join(' ')

const show = async (server: Server, query: string): Promise<readonly string[]> => look(utf8((await server.get(query)).body)).cells!

async function endToEnd(t: Test, url: string, datetime: string, identity: string): Promise<void> {
  await ask(url, createTable(datetime).replace('id integer primary key', identity))
  const server = await pi(t, frameworkFor(url))
  for (const name of ["O'Brien; drop table subs; --", 'Zoë \u{1f600} <b>"', 'x\\']) {
    assert.equal(await sent(server, '/pi/subs/add', { a: name, b: 'sip:a@example.com', c: '1.5', d: '1', e: 'auto' }), 'Record successfully added to db.')
  }
  assert.equal(await sent(server, '/pi/subs/add_typed', { a: 'typed', b: 'sip:t@127.0.0.1', c: 'udp:example.com:5060', d: '127.0.0.1', e: '9007199254740993', f: '2024-05-06 07:08:09' }), 'Record successfully added to db.')
  const rows = await show(server, '/pi/subs/show?cmd=on')
  const row = (name: string): readonly string[] => rows.slice(rows.indexOf(name) - 1, rows.indexOf(name) + 7)
  assert.deepEqual(row("O'Brien; drop table subs; --"), ['1', "O'Brien; drop table subs; --", 'sip:a@example.com', '1.5', '', '1', '', 'auto'])
  assert.deepEqual(row('Zoë \u{1f600} <b>"'), ['2', 'Zoë \u{1f600} <b>"', 'sip:a@example.com', '1.5', '', '1', '', 'auto'])
  assert.deepEqual(row('typed'), ['4', 'typed', '', '', '9007199254740993', '', '2024-05-06 07:08:09', ''])
  assert.deepEqual(await show(server, '/pi/subs/find?cmd=on&0=2'), ['id', 'username', '1', "O'Brien; drop table subs; --"])
  const filled = look(utf8((await server.get('/pi/subs/update?cmd=pre&id=2')).body)).inputs!
  assert.equal(filled.find(({ name }) => name === 'a')!.value, 'Zoë \u{1f600} <b>"')
  assert.equal(await sent(server, '/pi/subs/update', { 0: '2', a: 'zoe', b: '', c: '2' }), 'Record successfully updated.')
  assert.equal(await sent(server, '/pi/subs/update', { 0: '99', a: 'zoe', b: '', c: '2' }), 'Unable to update record. No record matches.')
  // The same record once more, and one that is not there yet.
  assert.equal(await sent(server, '/pi/subs/replace', { a: '2', b: 'again' }), 'Record successfully replaced.')
  assert.equal(await sent(server, '/pi/subs/replace', { a: '50', b: 'fifty' }), 'Record successfully replaced.')
  assert.equal(await sent(server, '/pi/subs/delete', { 0: '3' }), 'Record successfully deleted from db.')
  assert.deepEqual((await ask(url, 'select id, username from subs order by id')).rows.map(([id, name]) => [Number(id), name]),
    [[1, "O'Brien; drop table subs; --"], [2, 'again'], [4, 'typed'], [50, 'fifty']])
  await ask(url, 'drop table subs')
  assert.deepEqual(await show(server, '/pi/subs/show?cmd=on'), ['Error while querying database.'])
  assert.match(server.log(), /xhttp_pi: command show on subs: /)
}

test('PostgreSQL', { skip: skipWithout('initdb', 'postgres') }, async (t) => {
  await endToEnd(t, await startPostgres(t), 'timestamp', 'id serial primary key')
})

test('MariaDB', { skip: skipWithout('mariadbd', 'mariadb-install-db') }, async (t) => {
  const url = await startMariadb(t)
  await endToEnd(t, url, 'datetime', 'id integer auto_increment primary key')
  await t.test("Kamailio's own framework file", { skip: skipWithout(sample) }, async (t) => {
    await ask(url, `create table dispatcher (id int unsigned auto_increment primary key not null, setid int default 0 not null, destination varchar(192) default '' not null,
      flags int default 0 not null, priority int default 0 not null, attrs varchar(128) default '' not null, description varchar(64) default '' not null)`)
    const server = await pi(t, readFileSync(sample, 'utf8').replace('mysql://kamailio:kamailiorw@localhost/kamailio', url))
    const menu = look((await server.get('/pi/dispatcher')).body)
    assert.ok(menu.mods.includes('dispatcher'), menu.mods.join())
    const form = look((await server.get(`/pi/dispatcher/${menu.commands!.find((name) => name.startsWith('add'))!}`)).body)
    const values: Record<string, string> = {}
    form.labels!.forEach((label, i) => { values[String.fromCharCode(97 + i)] = label === 'destination' ? 'sip:192.0.2.1:5060' : ['setid', 'flags', 'priority', 'id'].includes(label) ? '7' : 'text' })
    assert.equal(await sent(server, `/pi/dispatcher/${menu.commands!.find((name) => name.startsWith('add'))!}`, values), 'Record successfully added to db.')
    const rows = await show(server, '/pi/dispatcher/show_all?cmd=on')
    assert.ok(rows.includes('sip:192.0.2.1:5060'), rows.join())
  })
})

test('in a browser, with scripts off', { skip: skipWithout('chromium') }, async (t) => {
  const place = site(t)
  makeDatabase(place.prefix)
  const server = await start(t, `http { modparam xhttp_pi framework <prefix>/framework.xml; server { listen 127.0.0.1:<port>; location /pi { xhttp_pi; } } }`,
    { site: place, files: { 'framework.xml': frameworkFor('sqlite:///<prefix>/pi.db') } })
  const page = await openBrowser(t)
  await page.call('Emulation.setScriptExecutionDisabled', { value: true })
  const picture = async (name: string): Promise<void> => {
    if (process.env['VESPID_SHOTS'] !== undefined) await page.shot(`${process.env['VESPID_SHOTS']}/${name}.png`)
  }
  await page.go(`http://127.0.0.1:${server.port()}/pi`)
  await page.press('a[href="/pi/subs"]')
  await page.press('a[href="/pi/subs/add"]')
  await picture('form')
  for (const [i, value] of ['Zoë <i>x</i>', 'sip:zoe@example.com', 'abc'].entries()) await page.fill(`label:nth-of-type(${i + 1}) input`, value)
  await page.press('button')
  assert.equal(await page.text('.status'), 'Bogus field weight [abc].')
  assert.equal(await page.value('document.querySelector("label:nth-of-type(1) input").value'), 'Zoë <i>x</i>')
  await picture('refused')
  await page.fill('label:nth-of-type(3) input', '2.5')
  await page.press('button')
  assert.equal(await page.text('.status'), 'Record successfully added to db.')
  await page.go(`http://127.0.0.1:${server.port()}/pi/subs/show`)
  await page.press('button')
  assert.match((await page.text('table'))!, /Zoë <i>x<\/i>/)
  await picture('table')
  await page.press('a[href="/pi/subs/update?cmd=pre&id=3"]')
  await page.fill('fieldset:nth-of-type(2) label:nth-of-type(1) input', 'changed')
  await page.press('button')
  assert.equal(await page.text('.status'), 'Record successfully updated.')
  assert.equal(records(place.prefix)[2]!['username'], 'changed')
  await page.go(`http://127.0.0.1:${server.port()}/pi/subs/delete`)
  await page.fill('label input', '3')
  await page.press('button')
  assert.equal(await page.text('.status'), 'Record successfully deleted from db.')
  assert.equal(records(place.prefix).length, 2)
  assert.equal(await page.value('getComputedStyle(document.querySelector("header")).display'), 'flex')
})

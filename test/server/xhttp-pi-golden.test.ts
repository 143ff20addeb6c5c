/** What Kamailio 5.6.3's xhttp_pi answered, replayed with `compat strict` on SQLite: status, messages, cells, links and forms. The pages themselves are ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, site, startScript } from './kit.ts'
import type { Server } from './kit.ts'
import { configuration, frameworkFor, golden, look, makeDatabase, records } from './xhttp-pi-kit.ts'
import type { Look } from './xhttp-pi-kit.ts'

interface Recorded extends Partial<Look> {
  readonly id: string
  readonly config: string
  readonly input: string
  readonly output?: string
  readonly status?: string
  readonly body?: string
}

const all = golden('xhttp_pi.jsonl').trim().split('\n').map((line) => JSON.parse(line) as Recorded)

/** Requests of the full recording that the part of it that is kept leaves out, before the record that sees their effect. */
const between: Readonly<Record<string, string>> = {
  'add-value-outside-choices': '/pi/subs/add?cmd=on&a=x&b=sip%3Ae%40x.com&c=abc&d=0&e=auto',
  'add_typed-form': '/pi/subs/add?cmd=on&a=%3Cscript%3E&b=sip%3Ae%40x.com&c=1&d=0&e=auto',
  'delete-form': '/pi/subs/delete?cmd=on&0=2',
  'dbtext-add-bad-uri': '/pi/subs/add?cmd=on&a=&b=sip%3Ae%40x.com&c=1&d=0&e=auto',
  'dbtext-add-value-outside-choices': '/pi/subs/add?cmd=on&a=x&b=sip%3Ae%40x.com&c=abc&d=0&e=auto',
  'dbtext-add-xss': "/pi/subs/add?cmd=on&a=O'Brien%3B--&b=sip%3Ae%40x.com&c=1&d=0&e=auto",
}

/** Differences on purpose (docs/kamailio.md): what is shown in the place of the recorded cells, or another status. */
const onPurpose: Readonly<Record<string, { readonly status?: string, readonly cells?: readonly string[] }>> = {
  'update-pre-badint': { cells: ['Bogus field id [abc].'] },
  'dbtext-update-pre-none': { cells: ['There is no record with id [999].'] },
  'dbtext-add_typed-run': { cells: ['Record successfully added to db.'] },
  'replace-run': { status: 'HTTP/1.1 200 OK', cells: ['Record successfully replaced.'] },
  'dbtext-replace-run': { status: 'HTTP/1.1 200 OK', cells: ['Record successfully replaced.'] },
}

const unordered = new Set(['dbtext-show-after-add', 'dbtext-bad-escape'])

/** Kamailio's db_sqlite reads the ISO text as a Julian day; we read what it says. */
const dates: Readonly<Record<string, string>> = { "'-4707-06-09 12:00:01'": "'2024-01-02 03:04:05'" }

/** Sends a request; head and body of the answer. Kamailio keeps every connection, and answers HEAD with a body: so does strict. */
async function ask(server: Server, request: string): Promise<{ readonly head: string, readonly body: string }> {
  const client = await server.connect()
  client.write(request)
  const head = await client.until('\r\n\r\n')
  const body = Buffer.from(await client.bytes(Number(/Content-Length: (\d+)/.exec(head)![1])), 'latin1').toString('utf8')
  client.close()
  return { head, body }
}

const get = (server: Server, target: string): ReturnType<typeof ask> => ask(server, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)

async function replay(server: Server, record: Recorded): Promise<void> {
  const extra = between[record.id]
  if (extra !== undefined) assert.match((await get(server, extra)).body, /successfully/)
  const { head, body } = await ask(server, record.input)
  const purpose = onPurpose[record.id] ?? {}
  assert.equal(head.split('\r\n')[0], purpose.status ?? record.status)
  if (record.body !== undefined && purpose.cells === undefined) return assert.equal(body, record.body)
  assert.match(head, /\r\nContent-Type: text\/html\r\n/)
  const shown = look(body)
  if (record.mods !== undefined) assert.deepEqual(shown.mods, record.mods)
  if (record.commands !== undefined) assert.deepEqual(shown.commands, record.commands)
  const cells = purpose.cells ?? record.cells?.map((cell) => dates[cell] ?? cell)
  // db_text sorts without regard to case.
  const order = unordered.has(record.id) ? (list: readonly string[] | undefined) => list?.toSorted() : (list: readonly string[] | undefined) => list
  assert.deepEqual(order(shown.cells), order(cells))
  if (record.links !== undefined) assert.deepEqual(order(shown.links), order(record.links))
  assert.deepEqual(shown.inputs, record.inputs)
  assert.deepEqual(shown.labels, record.labels)
}

for (const config of ['configs/xhttp-pi-sqlite.cfg', 'configs/xhttp-pi-dbtext.cfg']) {
  test(`recorded with ${config}`, async (t) => {
    const place = site(t)
    makeDatabase(place.prefix, config.includes('dbtext'))
    const server = await startScript(t, configuration('strict'), { site: place, files: { 'framework.xml': frameworkFor('sqlite:///<prefix>/pi.db') } })
    for (const record of all) {
      if (record.config !== config || record.status === undefined && record.id !== 'replace-run') continue
      // Rows that db_text would not take are there in SQLite: the lists behind it are another table's.
      if (record.id === 'dbtext-after-replace' || record.id === 'dbtext-bad-escape') await get(server, '/pi/subs/delete?cmd=on&0=10')
      if (record.id === 'dbtext-after-replace') {
        assert.deepEqual(records(place.prefix)[0], {
          id: 1, username: 'replaced', uri: null, ipuri: null, hp: null, ip4p: null, weight: null, big: null, flags: null, created: null, note: null,
        })
        continue
      }
      if (record.id === 'dbtext-show-after-add') await get(server, '/pi/subs/delete?cmd=on&0=10')
      await t.test(record.id, () => replay(server, record))
      if (record.id === 'after-reload') {
        await t.test('sqlite-final-rows', () => finalRows(place.prefix))
      }
    }
  })
}

/** The table as the recording left it, before REPLACE, which crashed the recorded server. */
function finalRows(prefix: string): void {
  const recorded = (all.find(({ id }) => id === 'sqlite-final-rows')!.output ?? '')
  const expected = (JSON.parse(recorded.replace('9007199254740993', '"9007199254740993"')) as unknown[][])
  const given = records(prefix).map((row) => Object.values(row).map((value) => (typeof value === 'bigint' ? String(value) : value)))
  assert.equal(given.length, expected.length)
  given.forEach((row, i) => row.forEach((value, k) => {
    const other = expected[i]![k]
    // A Julian day: seconds count, the last digits of its fraction do not.
    if (k === 9 && typeof other === 'number') assert.ok(Math.abs(Number(value) - other) < 1e-5, `${String(value)} is not ${other}`)
    else assert.deepEqual(value, other, `row ${i + 1}, column ${k + 1}`)
  }))
}

test('a word for cmd that there is none of, without arguments (script-last.jsonl)', async (t) => {
  const place = site(t)
  makeDatabase(place.prefix)
  const server = await startScript(t, configuration('strict'), { site: place, files: { 'framework.xml': frameworkFor('sqlite:///<prefix>/pi.db') } })
  const probes = golden('script-last.jsonl').trim().split('\n').map((line) => JSON.parse(line) as Recorded).filter(({ id }) => id.startsWith('pi-'))
  assert.equal(probes.length, 2)
  for (const { id, input, output } of probes) {
    const { head, body } = await get(server, input)
    // Kamailio asks the database with values that it has never read, which fails: `Unable to delete record.`, `Error while querying database.` Here that is found out before.
    assert.match(output!, /<td>(Unable to delete record|Error while querying database)\.<\/td>/)
    assert.deepEqual([head.split('\r\n')[0], look(body).cells], [output!.split('\r\n')[0], ['No argument for clause field #0: id.']], id)
  }
  assert.equal(records(place.prefix).length, 2)
})

const changes: Readonly<Record<string, (xml: string) => string>> = {
  'validate-IPV4': (xml) => xml.replace('<validate>URI<', '<validate>IPV4<'),
  'validate-unknown-3': (xml) => xml.replace('<validate>URI<', '<validate>XYZ<'),
  'validate-unknown-5': (xml) => xml.replace('<validate>URI<', '<validate>ABCDE<'),
  'type-unknown': (xml) => xml.replace('DB1_DOUBLE', 'DB1_FLOAT'),
  'dup-mod': (xml) => xml.replace('<mod_name>solo', '<mod_name>subs'),
  'dup-cmd': (xml) => xml.replace('<cmd_name>find<', '<cmd_name>show<'),
  'bad-table-id': (xml) => xml.replace('<cmd_name>show</cmd_name><db_table_id>subs', '<cmd_name>show</cmd_name><db_table_id>nope'),
  'bad-field': (xml) => xml.replace(/(<cmd_name>list.*?<field>)id/s, '$1nope'),
  'not-xml': () => 'this is not xml',
  'no-mods': (xml) => xml.replace(/<mod>.*<\/mod>/s, ''),
  'uppercase-elements': (xml) => xml.replace(/<\/?(?!prefix)\w+/g, (tag) => tag.toUpperCase()),
}

test('mistakes of the framework end the start, with what Kamailio says of them', async (t) => {
  for (const { input, output } of all.filter(({ id }) => id.startsWith('framework-'))) {
    await t.test(input, async (t) => {
      const place = site(t)
      await place.write('kamailio.cfg', configuration('strict'))
      await place.write('framework.xml', changes[input]!(frameworkFor('sqlite:///<prefix>/pi.db')))
      const { code, stderr } = await run(place, ['-t', '-p', '<prefix>', '-f', 'kamailio.cfg'])
      if (output === 'STARTED') return assert.equal(code, 0, stderr)
      assert.equal(code, 1)
      const [, reason] = /\(\): (.*?)(?: \| |$)/.exec(output!)!
      const said = reason!.replace(/Failed to parse xml file: .*/, 'failed to parse xml file: ')
      assert.ok(stderr.includes(`xhttp_pi: ${said}`), `${stderr} does not say: ${said}`)
    })
  }
})


/** The host's databases: SQLite, PostgreSQL and MariaDB through one face. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { test } from 'node:test'
import { skipWithout } from '../programs.ts'
import { databaseOf } from '../../host/db/database.ts'
import { DbTime } from '../../host/db/types.ts'
import { parseDatabaseUrl } from '../../host/db/url.ts'
import { ask, startMariadb, startPostgres } from './database-kit.ts'
import { site, untilAsync } from './kit.ts'

const kinds = {
  sqlite: { types: 'a integer, b bigint, c real, d text, e blob, f text', many: 'with recursive n(i) as (select 1 union all select i + 1 from n limit 5000) select i from n', slow: 'with recursive n(i) as (select 1 union all select i + 1 from n limit 3000000) select count(*) from n' },
  postgres: { types: 'a integer, b bigint, c double precision, d text, e bytea, f timestamp', many: 'select generate_series(1, 5000)', slow: 'select pg_sleep(30)' },
  mysql: { types: 'a integer, b bigint, c double, d text, e blob, f datetime', many: 'select seq from seq_1_to_5000', slow: 'select sleep(30)' },
} as const

async function types(url: string, kind: keyof typeof kinds): Promise<void> {
  await ask(url, `create table t (${kinds[kind].types})`)
  const time = '2024-05-06 07:08:09'
  const inserted = await ask(url, 'insert into t values (?, ?, ?, ?, ?, ?)', [-7n, 9007199254740993n, 2.25, 'é\u{1f600} \'"`--;\\ ?', new Uint8Array([0, 255, 39]), new DbTime(time)])
  assert.equal(inserted.affected, 1)
  assert.equal((await ask(url, 'insert into t values (?, ?, ?, ?, ?, ?)', [null, null, null, null, null, null])).affected, 1)
  const { columns, rows, more } = await ask(url, 'select a, b, c, d, e, f from t order by a is null')
  assert.deepEqual(columns, ['a', 'b', 'c', 'd', 'e', 'f'])
  assert.equal(more, false)
  assert.deepEqual(rows[0]!.slice(0, 4), [-7n, 9007199254740993n, 2.25, 'é\u{1f600} \'"`--;\\ ?'])
  assert.deepEqual([...rows[0]![4] as Uint8Array], [0, 255, 39])
  assert.equal(kind === 'sqlite' ? rows[0]![5] : (rows[0]![5] as DbTime).text, time)
  assert.deepEqual(rows[1], [null, null, null, null, null, null])
  // No digit of a large number is lost in a comparison either.
  assert.equal((await ask(url, 'select a from t where b = ?', [9007199254740992n])).rows.length, 0)
  assert.equal((await ask(url, 'select a from t where b = ?', [9007199254740993n])).rows.length, 1)
  assert.equal((await ask(url, 'update t set a = ? where b = ?', [-7n, 9007199254740993n])).affected, 1)
  assert.equal((await ask(url, 'delete from t')).affected, 2)
}

async function limits(url: string, kind: keyof typeof kinds): Promise<void> {
  const { many, slow } = kinds[kind]
  const cut = await ask(url, many, [], { rows: 10 })
  assert.equal(cut.rows.length, 10)
  assert.equal(cut.rows[9]![0], 10n)
  assert.equal(cut.more, true)
  await assert.rejects(ask(url, 'select nope from nowhere'), { name: 'DatabaseError' })
  assert.equal((await ask(url, 'select 1')).rows.length, 1)
  await assert.rejects(ask(url, slow, [], { timeout: 100 }), { message: 'the query took more than 0.1 s' })
  assert.equal((await ask(url, 'select 1')).rows.length, 1)
  // Given up: nothing is heard of it, and its connection serves again.
  let heard = false
  databaseOf(parseDatabaseUrl(url)).ask({ sql: slow, params: [], rows: 1, bytes: 100, timeout: 60_000 }, () => { heard = true })()
  assert.equal((await ask(url, 'select 1')).rows.length, 1)
  assert.equal(heard, false)
  if (kind === 'postgres') {
    await untilAsync(async () => (await ask(url, "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()")).rows[0]![0] === 0n,
      () => 'the query goes on in the server')
  }
  const all = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(url, 'select ? + 1', [BigInt(i)])))
  assert.deepEqual(all.map(({ rows }) => Number(rows[0]![0])), Array.from({ length: 100 }, (_, i) => i + 1))
}

test('SQLite', async (t) => {
  const place = site(t)
  const file = join(place.prefix, 'a.db')
  new DatabaseSync(file).close()
  await types(`sqlite://${file}`, 'sqlite')
  await limits(`sqlite://${file}`, 'sqlite')
  await assert.rejects(ask(`sqlite://${place.prefix}/nope.db`, 'select 1'), { message: `sqlite://${place.prefix}/nope.db: there is no such file` })
  await place.write('text.db', 'this is no database, but it is long enough to be one: '.repeat(40))
  await assert.rejects(ask(`sqlite://${place.prefix}/text.db`, 'select * from t'), { message: 'file is not a database' })
})

test('PostgreSQL', { skip: skipWithout('initdb', 'postgres') }, async (t) => {
  const url = await startPostgres(t)
  await types(url, 'postgres')
  await limits(url, 'postgres')
})

test('MariaDB', { skip: skipWithout('mariadbd', 'mariadb-install-db') }, async (t) => {
  const url = await startMariadb(t)
  await types(url, 'mysql')
  await limits(url, 'mysql')
})

test('a server that is not there: the message has no password', async () => {
  for (const scheme of ['postgres', 'mysql']) {
    await assert.rejects(ask(`${scheme}://someone:sesame@127.0.0.1:1/db`, 'select 1', [], { timeout: 5000 }), (error: Error) => {
      assert.match(error.message, new RegExp(`^${scheme}://someone@127.0.0.1:1/db: .*ECONNREFUSED`))
      assert.doesNotMatch(error.message, /sesame/)
      return true
    })
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readXml } from '../../host/conf/xml.ts'
import { numbered } from '../../host/db/sqltext.ts'
import { DbTime } from '../../host/db/types.ts'
import { parseDatabaseUrl } from '../../host/db/url.ts'
import { Cell, readParameters, writeRows } from '../../host/db/wire.ts'

test('database URLs as Kamailio writes them', () => {
  const of = (text: string): unknown[] => {
    const { dialect, host, port, user, password, database, socket, path, shown } = parseDatabaseUrl(text)
    return [dialect, host, port, user, password, database, socket, path, shown]
  }
  assert.deepEqual(of('sqlite:///var/lib/a.db'), ['sqlite', '', 0, '', '', '/var/lib/a.db', '', '/var/lib/a.db', 'sqlite:///var/lib/a.db'])
  assert.deepEqual(of('mysql://kamailio:kamailiorw@localhost/kamailio'), ['mysql', 'localhost', 0, 'kamailio', 'kamailiorw', 'kamailio', '', '', 'mysql://kamailio@localhost/kamailio'])
  assert.deepEqual(of('postgres://u:p@ss/w:rd@10.0.0.1:5433/db'), ['postgres', '10.0.0.1', 5433, 'u', 'p@ss/w:rd', 'db', '', '', 'postgres://u@10.0.0.1:5433/db'])
  assert.deepEqual(of('postgresql://[::1]/db'), ['postgres', '::1', 0, '', '', 'db', '', '', 'postgres://[::1]/db'])
  assert.deepEqual(of('mysql://root@unix(/run/my.sock)/db'), ['mysql', '', 0, 'root', '', 'db', '/run/my.sock', '', 'mysql://root@unix(/run/my.sock)/db'])
  assert.deepEqual(of('mysql://u:%40%2f@h/db').slice(3, 5), ['u', '@/'])
})

test('URLs that are none, without the password', () => {
  const says = (text: string, message: RegExp): void => assert.throws(() => parseDatabaseUrl(text), (error: Error) => {
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /sesame/)
    return true
  })
  says('', /^invalid database URL "": it is sqlite:\/\/\/PATH/)
  says('users', /^invalid database URL "users"/)
  says('sqlite://', /^invalid database URL "sqlite:\/\/": it names no file$/)
  says('text:///var/lib/dbtext', /db_text files are not supported; load them into SQLite and write sqlite:\/\/\/PATH$/)
  says('oracle://u:sesame@h/db', /^database URL "oracle:\/\/u:\*\*\*@h\/db": there is no driver "oracle" here/)
  says('mysql://u:sesame@h', /^invalid database URL "mysql:\/\/u:\*\*\*@h": it names no database$/)
  says('mysql://u:sesame@h:99999/db', /there is no port 99999$/)
  says('mysql://u:sesame@h:x/db', /^invalid database URL/)
  says('__proto__://x', /there is no driver/)
})

test("PostgreSQL's parameters, but not in texts, names and comments", () => {
  assert.equal(numbered('select ? from t where a = ? and b = \'?\'\'?\' and "c?" = ? -- ?\n and /* ? */ d = ?'),
    'select $1 from t where a = $2 and b = \'?\'\'?\' and "c?" = $3 -- ?\n and /* ? */ d = $4')
  assert.equal(numbered('select $$?$$, $a$ ? $$ ? $a$, ?'), 'select $$?$$, $a$ ? $$ ? $a$, $1')
})

test('values cross as they are', () => {
  const bytes = writeRows({ columns: ['é'], rows: [[null], [-1n], [9007199254740993n], [2n ** 63n], [0.1], ['ü'], [new Uint8Array([0, 255])], [new DbTime('2024-01-02 03:04:05')]], more: true, affected: 7 })
  assert.equal(bytes.readDoubleLE(0), 7)
  assert.deepEqual([bytes.readUInt32LE(8), bytes.readUInt32LE(12), bytes.readUInt32LE(16), bytes.toString('utf8', 20, 22)], [1, 1, 2, 'é'])
  assert.equal(bytes[22], Cell.Null)
  assert.deepEqual([bytes[23], bytes.readBigInt64LE(24)], [Cell.Int, -1n])
  assert.deepEqual([bytes[32], bytes.readBigInt64LE(33)], [Cell.Int, 9007199254740993n])
  // Beyond 64 bits it is a text.
  assert.deepEqual([bytes[41], bytes.toString('latin1', 46, 65)], [Cell.Text, '9223372036854775808'])
})

test('parameters of plugins: cut off anywhere they are refused', () => {
  const whole = Buffer.from([3, 0, 0, 0, Cell.Null, Cell.Int, 255, 255, 255, 255, 255, 255, 255, 255, Cell.Text, 2, 0, 0, 0, 0xc3, 0xa9])
  assert.deepEqual(readParameters(whole), [null, -1n, 'é'])
  assert.deepEqual(readParameters(Buffer.alloc(0)), [])
  for (let i = 1; i < whole.length; i++) assert.throws(() => readParameters(whole.subarray(0, i)), { name: 'DatabaseError' }, `${i}`)
  assert.throws(() => readParameters(Buffer.concat([whole, Buffer.from([0])])), { name: 'DatabaseError' })
  assert.throws(() => readParameters(Buffer.from([1, 0, 0, 0, 9])), { name: 'DatabaseError' })
  assert.throws(() => readParameters(Buffer.from([255, 255, 255, 255])), { message: '4294967295 parameters were given; 1000 are allowed' })
})

test('XML: what is read, and what is not', () => {
  assert.deepEqual(readXml('\ufeff<?xml version="1.0"?><!-- c --><a B="&quot;&#x41;">x &amp;amp; <b/> y<![CDATA[ & ]]></a>'),
    { name: 'a', attributes: [['B', '"A']], text: 'x &amp;  y & ', elements: [{ name: 'b', attributes: [], text: '', elements: [] }] })
  const refused = (text: string, message: RegExp): void => assert.throws(() => readXml(text), { message })
  refused('', /./)
  refused('text', /./)
  refused('<a>', /./)
  refused('<a/><b/>', /./)
  refused('<a>&nbsp;</a>', /^entity "&nbsp;" is not allowed$/)
  refused('<a>&#0;</a>', /^entity "&#0;" is not allowed$/)
  refused('<a>&#xd800;</a>', /^entity/)
  refused('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', /^a document type \(<!DOCTYPE …>\) is not allowed$/)
  refused('<a><__proto__>x</__proto__></a>', /__proto__/)
  refused('<a>'.repeat(100) + '</a>'.repeat(100), /./)
  assert.equal(readXml('<a><!-- <!DOCTYPE x> --></a>').name, 'a')
})

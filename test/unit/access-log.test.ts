import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { OpenFile } from '../../host/core/logfile.ts'
import { escapeJson } from '../../host/core/text.ts'
import { escapeDefault } from '../../host/modules/log/format.ts'
import { logModule } from '../../host/modules/log/module.ts'
import { LogSink, flushComputed, sinkOf } from '../../host/modules/log/sink.ts'
import { folder } from './conf-support.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'
import { buildHttp } from './http-support.ts'

/** Writes what is held back, and returns a log file. */
function read(server: Engine, name: string): string {
  const { openFiles } = server.engine.current.cycle
  assert.deepEqual(openFiles.openAll(), [])
  const path = join(server.prefix, name)
  return existsSync(path) ? readFileSync(path, 'latin1') : 'no file'
}

const formats = `
 log_format d '$arg_k|$http_x|$remote_user|$nothing|$status|$http_empty|$body_bytes_sent';
 log_format j escape=json '$arg_k|$http_x|$remote_user|$http_empty|';
 log_format n escape=none '$http_x|' '$remote_user|';
 map $uri $nothing { default ""; }
`

test('lines are escaped as nginx escapes them', async (t) => {
  const server = await engine(t, 'access_log d.log d; access_log j.log j; access_log n.log n; access_log c.log; return 200 four;', [], formats)
  const user = Buffer.from('u"s\\er:p').toString('base64')
  await server.raw(`GET /?k=q HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Basic ${user}\r\nX: a"b\\c\xc3\xa9\x01\td\r\nEmpty:\r\n\r\n`)
  // Recorded from nginx 1.22.1.
  assert.equal(read(server, 'd.log'), 'q|a\\x22b\\x5Cc\\xC3\\xA9\\x01\\x09d|u\\x22s\\x5Cer||200||4\n')
  assert.equal(read(server, 'j.log'), 'q|a\\"b\\\\c\xc3\xa9\\u0001\\td|u\\"s\\\\er||\n')
  assert.equal(read(server, 'n.log'), 'a"b\\c\xc3\xa9\x01\td|u"s\\er|\n')
  assert.match(read(server, 'c.log'),
    /^127\.0\.0\.1 - u\\x22s\\x5Cer \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/\?k=q HTTP\/1\.1" 200 4 "-" "-"\n$/)
})

test('a level with a log of its own inherits none, off is off, if= chooses', async (t) => {
  const server = await engine(t, `access_log s.log n; location /own { access_log o.log n; return 204; } location /off { access_log off; return 204; }
    location /if { access_log i.log n if=$arg_log; return 204; } location /other { return 204; }`, [], 'log_format n $uri;')
  for (const target of ['/own', '/off', '/if?log=1', '/if?log=0', '/if', '/other']) await server.raw(`GET ${target} HTTP/1.0\r\n\r\n`)
  assert.deepEqual([read(server, 's.log'), read(server, 'o.log'), read(server, 'i.log')], ['/other\n', '/own\n', '/if\n'])
})

test('a file name with variables is made per request, only below an existing root', async (t) => {
  const server = await engine(t, `root root; access_log "$arg_name.log" n; location / { return 204; } location /no { root nowhere; return 204; }`, [],
    'log_format n "$uri";')
  mkdirSync(join(server.prefix, 'root'))
  for (const target of ['/1?name=a', '/2?name=b', '/3?name=a', '/no?name=c']) await server.raw(`GET ${target} HTTP/1.0\r\n\r\n`)
  flushComputed()
  assert.deepEqual([read(server, 'a.log'), read(server, 'b.log'), read(server, 'c.log')], ['/1\n/3\n', '/2\n', 'no file'])
})

test('without buffer= lines of one turn are written together, at its end', async (t) => {
  const path = join(folder(t), 'x.log')
  const file = new OpenFile(path)
  assert.equal(file.open(), null)
  t.after(() => file.close())
  const sink = new LogSink(file)
  sink.write('one\n')
  sink.write('two\n')
  assert.equal(readFileSync(path, 'latin1'), '')
  await new Promise(setImmediate)
  assert.equal(readFileSync(path, 'latin1'), 'one\ntwo\n')
})

test('buffer= holds lines until it is full, until the file is reopened, and gzip= compresses what is written', (t) => {
  const prefix = folder(t)
  const path = join(prefix, 'x.log')
  const file = new OpenFile(path)
  assert.equal(file.open(), null)
  const sink = sinkOf(file)
  assert.equal(sinkOf(file), sink)
  sink.buffering = { size: 10, flush: 0, gzip: 0 }
  sink.write('12345\n')
  assert.equal(readFileSync(path, 'latin1'), '')
  sink.write('6789\n')
  assert.equal(readFileSync(path, 'latin1'), '12345\n')
  renameSync(path, `${path}.1`)
  assert.equal(file.open(), null)
  assert.deepEqual([readFileSync(`${path}.1`, 'latin1'), readFileSync(path, 'latin1')], ['12345\n6789\n', ''])
  sink.write('a line longer than the buffer\n')
  assert.equal(readFileSync(path, 'latin1'), 'a line longer than the buffer\n')
  sink.buffering = { size: 100, flush: 0, gzip: 6 }
  sink.write('zipped\n')
  file.close()
  assert.equal(gunzipSync(readFileSync(path).subarray('a line longer than the buffer\n'.length)).toString(), 'zipped\n')
  sink.write('lost, but no harm done\n')
  sink.flush()
})

test('escapes cover every byte', () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
  assert.equal(JSON.parse(`"${escapeJson(all)}"`), all)
  assert.equal(escapeDefault(all).replace(/\\x([0-9A-F]{2})/g, (_m, hex) => String.fromCharCode(parseInt(hex, 16))), all)
  assert.match(escapeDefault(all), /^[ -~]*$/)
  assert.doesNotMatch(escapeDefault(all), /"/)
})

test('mistakes are reported with nginx\'s words', (t) => {
  const where = ' in <P>/v.conf:3'
  const cases: [string, string][] = [
    ['log_format x "$"; ', 'invalid parameter "$"'],
    ['log_format x "a$-b";', 'invalid parameter "$-b"'],
    ['log_format x "${a";', 'the closing bracket in "a" variable is missing'],
    ['log_format x escape=foo a;', 'unknown log format escaping "foo"'],
    ['access_log a.log nope;', 'unknown log format "nope"'],
    ['access_log a.log combined buffer=x;', 'invalid buffer size "x"'],
    ['access_log a.log combined buffer=1k flush=x;', 'invalid flush time "x"'],
    ['access_log a.log combined gzip=10;', 'invalid compression level "10"'],
    ['access_log a.log combined flush=1m;', 'no buffer is defined for access_log "a.log"'],
    ['access_log $uri.log combined buffer=1k;', 'buffered logs cannot have variables in name'],
    ['access_log a.log combined buffer=1k; access_log a.log combined buffer=2k;', 'access_log "a.log" already defined with conflicting parameters'],
    ['access_log syslog:server=127.0.0.1;', 'logging to syslog is not supported yet'],
    ['open_log_file_cache max=0;', '"open_log_file_cache" must have "max" parameter'],
    ['open_log_file_cache inactive=1s;', '"open_log_file_cache" must have "max" parameter'],
  ]
  for (const [text, message] of cases) assert.deepEqual(buildHttp(t, text, { modules: [logModule] }).messages, [`[emerg] ${message}${where}`], text)
  assert.deepEqual(buildHttp(t, 'log_format x $nosuch;', { modules: [logModule] }).messages, ['[emerg] unknown "nosuch" variable'])
  assert.deepEqual(buildHttp(t, 'open_log_file_cache max=10 inactive=5s min_uses=2 valid=1m; access_log off;', { modules: [logModule] }).messages, [])
  assert.deepEqual(buildHttp(t, 'log_format main "x"; access_log a.log mian;', { modules: [logModule] }).notes, ['did you mean "main"?'])
})

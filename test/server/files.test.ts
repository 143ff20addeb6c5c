/**
 * Files, directories, ranges and conditions as a client sees them; the bytes of plain answers are in the golden
 * recording.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start, until } from './kit.ts'
import type { Server } from './kit.ts'

const time = 1700000000
const modified = 'Tue, 14 Nov 2023 22:13:20 GMT'

/** A server with `http { server { root html; TEXT } }` and these files below `html/`. */
async function serve(t: Parameters<typeof start>[0], text: string,
                     files: Record<string, string | Buffer> = {}): Promise<Server> {
  const conf = `http { access_log off; default_type text/plain; types { text/html html; }
    server { listen 127.0.0.1:<port>; server_name s; root html; ${text} } }`
  const all = Object.fromEntries(Object.entries(files).map(([name, content]) => [`html/${name}`, content]))
  const server = await start(t, conf, { files: { 'html/f.txt': 'hello world, this is f', ...all } })
  for (const name of ['f.txt', ...Object.keys(files)]) utimesSync(join(server.prefix, 'html', name), time, time)
  return server
}

/** The errors in the log without what follows the message. */
function errors(server: Server): string[] {
  const lines = server.log().split('\n').filter((line) => /^\[(error|crit|alert|warn)\]/.test(line))
  return lines.map((line) => line.replace(/ \d+#\d+: (\*\d+ )?/, ' ').replace(/, client: .*/, '')
    .replaceAll(server.prefix, '<P>'))
}

/** How many files below the prefix the server holds open. */
function openFiles(server: Server): number {
  const place = `/proc/${server.pid}/fd`
  return readdirSync(place).filter((fd) => {
    try {
      return readlinkSync(join(place, fd)).startsWith(join(server.prefix, 'html'))
    } catch {
      return false
    }
  }).length
}

test('what is no file is answered and logged as nginx does', async (t) => {
  const server = await serve(t,
    'location /quiet/ { log_not_found off; } location /al/ { alias <prefix>/html/; rewrite ^/al/x /f.txt break; }',
    { 'sp ce?#%\xe9.txt': 'odd' })
  mkdirSync(join(server.prefix, 'html/di r'))
  execFileSync('mkfifo', [join(server.prefix, 'html/fifo')])
  const statuses: [string, string, number][] = [
    ['GET', '/none', 404], ['GET', '/f.txt/a', 404], ['GET', `/${'n'.repeat(300)}`, 404], ['GET', '/fifo', 404],
    ['GET', '/quiet/none', 404],
    ['POST', '/f.txt', 405], ['DELETE', '/f.txt', 405], ['POST', '/none', 404], ['GET', '/al/x', 500],
    ['GET', '/di%20r/', 403],
    ['GET', '/nodir/', 404], ['GET', '/f.txt/', 404],
  ]
  for (const [method, target, status] of statuses) {
    assert.equal((await server.request(method, target)).status, status, target)
  }
  const redirect = await server.get('/di%20r?a=%20b')
  assert.deepEqual([redirect.status, redirect.header('location')],
    [301, `http://localhost:${server.port()}/di%20r/?a=%20b`])
  assert.equal((await server.get('/sp%20ce%3f%23%25%c3%a9.txt')).body, 'odd')
  assert.deepEqual(errors(server), [
    '[error] open() "<P>/html/none" failed (2: No such file or directory)',
    '[error] open() "<P>/html/f.txt/a" failed (20: Not a directory)',
    `[error] open() "<P>/html/${'n'.repeat(300)}" failed (36: File name too long)`,
    '[crit] "<P>/html/fifo" is not a regular file',
    '[error] open() "<P>/html/none" failed (2: No such file or directory)',
    '[alert] "alias" cannot be used in location "/al/" where URI was rewritten',
    '[error] directory index of "<P>/html/di r/" is forbidden',
    '[error] "<P>/html/nodir/index.html" is not found (2: No such file or directory)',
    '[error] "<P>/html/f.txt/index.html" is not found (20: Not a directory)',
  ])
})

test('a file that may not be read is forbidden',
  { skip: process.getuid?.() === 0 ? 'root may read everything' : false }, async (t) => {
  const server = await serve(t, '', { 'secret.txt': 'x' })
  chmodSync(join(server.prefix, 'html/secret.txt'), 0)
  assert.equal((await server.get('/secret.txt')).status, 403)
  assert.deepEqual(errors(server), ['[error] open() "<P>/html/secret.txt" failed (13: Permission denied)'])
})

test('large files arrive whole, also through a slow client, and no file stays open', async (t) => {
  const content = Buffer.alloc(3_000_000, '0123456789abcdef')
  const server = await serve(t, '', { 'big.bin': content, 'small.bin': content.subarray(0, 60000) })
  for (const [name, size] of [['big.bin', 3_000_000], ['small.bin', 60000]] as const) {
    const answer = await server.get(`/${name}`)
    assert.equal(answer.header('content-length'), String(size))
    assert.equal(answer.body, content.subarray(0, size).toString('latin1'))
  }
  const slow = await server.connect()
  slow.socket.pause()
  slow.write('GET /big.bin HTTP/1.1\r\nHost: s\r\n\r\nGET /small.bin HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n')
  assert.equal((await server.get('/f.txt')).body, 'hello world, this is f')
  slow.socket.resume()
  assert.equal((await slow.response()).body.length, 3_000_000)
  assert.equal((await slow.response()).body.length, 60000)
  const gone = await server.connect()
  gone.write('GET /big.bin HTTP/1.1\r\nHost: s\r\n\r\n')
  await gone.until('\r\n\r\n')
  gone.close()
  assert.equal((await server.request('HEAD', '/big.bin')).header('content-length'), '3000000')
  assert.equal((await server.get('/big.bin', { 'If-None-Match': '*' })).status, 304)
  assert.equal((await server.get('/big.bin', { Range: 'bytes=9000000-' })).status, 416)
  if (process.platform === 'linux') await until(() => openFiles(server) === 0,
    () => `${openFiles(server)} files are open`)
  assert.deepEqual(errors(server), [])
})

test('ranges of large files', async (t) => {
  const content = Buffer.from(Array.from({ length: 60000 }, (_, i) => String(i)).join(' '))
  const server = await serve(t, 'location /none/ { alias <prefix>/html/; max_ranges 0; }', { 'big.txt': content })
  for (const [start, end] of [[0, 10], [65530, 65545], [100000, 340000],
    [content.length - 3, content.length]] as const) {
    const answer = await server.get('/big.txt', { Range: `bytes=${start}-${end - 1}` })
    assert.equal(answer.status, 206)
    assert.equal(answer.header('content-range'), `bytes ${start}-${end - 1}/${content.length}`)
    assert.equal(answer.body, content.subarray(start, end).toString())
  }
  const answer = await server.get('/big.txt', { Range: 'bytes=200000-299999,5-9' })
  const boundary = /^multipart\/byteranges; boundary=(\d{20})$/.exec(answer.header('content-type')!)![1]!
  const part = (range: string, text: string): string =>
    `\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/${content.length}\r\n\r\n${text}`
  assert.equal(answer.body, part('200000-299999', content.subarray(200000, 300000).toString()) +
    part('5-9', content.subarray(5, 10).toString()) + `\r\n--${boundary}--\r\n`)
  assert.equal(answer.header('content-length'), String(answer.body.length))
  const off = await server.get('/none/big.txt', { Range: 'bytes=0-1' })
  assert.deepEqual([off.status, off.header('accept-ranges'), off.body.length], [200, null, content.length])
  const condition = async (value: string) => (await server.get('/f.txt', { 'If-Range': value,
    Range: 'bytes=0-3' })).status
  assert.deepEqual([await condition('"6553f100-16"'), await condition('W/"6553f100-16"'), await condition(modified)],
    [206, 200, 206])
  assert.deepEqual([await condition('Mon, 13 Nov 2023 22:13:20 GMT'), await condition('')], [200, 200])
})

test('conditions combine as in nginx', async (t) => {
  const server = await serve(t, `location /before/ { alias <prefix>/html/; if_modified_since before; etag off; }
    location /off/ { alias <prefix>/html/; if_modified_since off; }`)
  const status = async (headers: Record<string, string>, place = '') => (await server.get(`${place}/f.txt`,
    headers)).status
  const etag = '"6553f100-16"'
  const later = 'Wed, 15 Nov 2023 22:13:20 GMT'
  assert.equal(await status({ 'If-Modified-Since': modified }), 304)
  assert.equal(await status({ 'If-Modified-Since': later }), 200)
  assert.equal(await status({ 'If-Modified-Since': later }, '/before'), 304)
  assert.equal(await status({ 'If-Modified-Since': modified }, '/off'), 200)
  assert.equal(await status({ 'If-Modified-Since': 'Tuesday, 14-Nov-23 22:13:20 GMT' }), 304)
  assert.equal(await status({ 'If-Modified-Since': 'garbage' }), 200)
  assert.equal(await status({ 'If-None-Match': `"x", W/${etag}` }), 304)
  assert.equal(await status({ 'If-None-Match': etag }, '/before'), 200)
  assert.equal(await status({ 'If-None-Match': '"x"', 'If-Modified-Since': modified }), 200)
  assert.equal(await status({ 'If-None-Match': etag, 'If-Modified-Since': later }), 200)
  assert.equal(await status({ 'If-Match': `W/${etag}` }), 412)
  assert.equal(await status({ 'If-Match': etag, 'If-Unmodified-Since': modified }), 200)
  assert.equal(await status({ 'If-Unmodified-Since': 'Mon, 13 Nov 2023 22:13:20 GMT' }), 412)
})

test('index files', async (t) => {
  const server = await serve(t, `index nope i$arg_i.html; location /abs/ { index nope /f.txt; }`, {
    'sub/i2.html': 'two', 'abs/x': '',
  })
  assert.equal((await server.get('/sub/?i=2')).body, 'two')
  assert.equal((await server.get('/sub/?i=2')).header('content-type'), 'text/html')
  assert.equal((await server.get('/sub/?i=3')).status, 403)
  assert.equal((await server.get('/abs/')).body, 'hello world, this is f')
})

test('try_files', async (t) => {
  const server = await serve(t, `
    location /files/ { try_files $uri $uri/ /f.txt; }
    location /args { try_files /nope /show?x=$arg_a; }
    location /code { try_files /nope =418; }
    location /named { try_files /nope @named; }
    location /al/ { alias <prefix>/html/files/; try_files $uri \${uri}x =404; }
    location ~ ^/re/(.*) { alias <prefix>/html; try_files /$1 /files/$1 =404; }
    location /dir/ { try_files /files/ =404; }
    location /any { try_files $arg_f /f.txt; }
    location /show { return 200 "$uri $args"; }
    location @named { return 200 "named $uri"; }`, { 'files/a.txt': 'a', 'files/bx': 'b', 'files/d/e': 'e' })
  const bodies: [string, string][] = [
    ['/files/a.txt', 'a'], ['/files/none', 'hello world, this is f'], ['/args?a=1', '/show x=1'],
      ['/named/q', 'named /named/q'], ['/al/a.txt', 'a'],
    ['/al/b', 'b'], ['/re/f.txt', 'hello world, this is f'], ['/re/a.txt', 'a'], ['/any?f=/files/a.txt', 'a'],
      ['/any', 'hello world, this is f'],
  ]
  for (const [target, body] of bodies) assert.equal((await server.get(target)).body, body, target)
  assert.equal((await server.get('/code')).status, 418)
  assert.equal((await server.get('/al/none')).status, 404)
  assert.equal((await server.get('/re/none')).status, 404)
  assert.equal((await server.get('/files/d')).header('location'), `http://localhost:${server.port()}/files/d/`)
  assert.deepEqual(errors(server), [])
})

test('autoindex', async (t) => {
  const server = await serve(t, `autoindex on; location /json/ { alias <prefix>/html/d/; autoindex_format json; }
    location /jsonp/ { alias <prefix>/html/d/; autoindex_format jsonp; }`, { 'd/b.txt': 'bb', 'd/.hidden': '' })
  mkdirSync(join(server.prefix, 'html/d/a'))
  utimesSync(join(server.prefix, 'html/d/a'), time, time)
  const html = await server.get('/d/')
  assert.deepEqual([html.header('content-type'), html.header('transfer-encoding')], ['text/html', 'chunked'])
  assert.equal(html.body,
    '<html>\r\n<head><title>Index of /d/</title></head>\r\n<body>\r\n<h1>Index of /d/</h1><hr><pre><a href="../">../</a>\r\n' +
    `<a href="a/">a/</a>${' '.repeat(48)} 14-Nov-2023 22:13                   -\r\n` +
    `<a href="b.txt">b.txt</a>${' '.repeat(45)} 14-Nov-2023 22:13                   2\r\n</pre><hr></body>\r\n</html>\r\n`)
  const list = [{ name: 'a', type: 'directory', mtime: modified }, { name: 'b.txt', type: 'file', mtime: modified,
    size: 2 }]
  assert.deepEqual(JSON.parse((await server.get('/json/')).body), list)
  const called = await server.get('/jsonp/?callback=f.g')
  assert.equal(called.header('content-type'), 'application/javascript')
  assert.deepEqual(JSON.parse(called.body.slice('/* callback */\r\nf.g('.length, -2)), list)
  assert.equal((await server.get('/jsonp/')).header('content-type'), 'application/json')
  assert.equal((await server.get('/jsonp/?callback=f(')).status, 400)
  assert.equal((await server.request('HEAD', '/d/')).status, 200)
  assert.equal((await server.request('POST', '/d/')).status, 403)
  writeFileSync(join(server.prefix, 'html/d/index.html'), 'page')
  assert.equal((await server.get('/d/')).body, 'page')
})

test('auth_basic', async (t) => {
  const server = await serve(t, `
    location /in/ { auth_basic "a realm"; auth_basic_user_file users; alias <prefix>/html/; }
    location /nofile/ { auth_basic x; auth_basic_user_file none; }
    location /off/ { auth_basic off; alias <prefix>/html/; }
    location /any/ { satisfy any; auth_basic x; auth_basic_user_file users; alias <prefix>/html/; }`)
  await server.site.write('users',
    '# users\nplain:{PLAIN}secret\ndes:gorTndmry71eM\nbad:$2y$10$aaaaaaaaaaaaaaaaaaaaaa\n')
  const as = async (target: string, user: string | null) => {
    const headers: Record<string, string> = {}
    if (user !== null) headers['Authorization'] = `Basic ${Buffer.from(user).toString('base64')}`
    return server.get(target, headers)
  }
  const denied = await as('/in/f.txt', null)
  assert.deepEqual([denied.status, denied.header('www-authenticate')], [401, 'Basic realm="a realm"'])
  assert.equal((await as('/in/f.txt', 'plain:secret')).body, 'hello world, this is f')
  assert.equal((await as('/in/f.txt', 'des:good')).status, 200)
  assert.equal((await as('/in/f.txt', 'plain:other')).status, 401)
  assert.equal((await as('/in/f.txt', 'nobody:x')).status, 401)
  assert.equal((await as('/in/f.txt', 'bad:x')).status, 500)
  assert.equal((await as('/nofile/', 'plain:x')).status, 403)
  assert.equal((await as('/off/f.txt', null)).status, 200)
  assert.equal((await as('/any/f.txt', null)).header('www-authenticate'), 'Basic realm="x"')
  assert.equal((await as('/any/f.txt', 'plain:secret')).status, 200)
  assert.deepEqual(errors(server), [
    '[error] user "plain": password mismatch', '[error] user "nobody" was not found in "<P>/users"',
    '[error] user "bad": the form of the password in "<P>/users" is not supported; apr1, $1$, $5$, $6$ (up to 100000 rounds), ' +
      '{SHA}, {SSHA}, {PLAIN} and DES crypt are',
    '[error] open() "<P>/none" failed (2: No such file or directory)',
  ])
  await server.waitLog(/no user\/password was provided for basic authentication/)
})

test('disable_symlinks', async (t) => {
  const server = await serve(t, `location /on/ { disable_symlinks on from=<prefix>; alias <prefix>/html/; }
    location /own/ { disable_symlinks if_not_owner; alias <prefix>/html/; }
    location /try/ { disable_symlinks on from=<prefix>; try_files /link.txt /f.txt; }`, { 'sub/a.txt': 'a' })
  symlinkSync('f.txt', join(server.prefix, 'html/link.txt'))
  symlinkSync('sub', join(server.prefix, 'html/lsub'))
  const targets: [string, number][] = [
    ['/link.txt', 200], ['/lsub/a.txt', 200], ['/on/f.txt', 200], ['/on/link.txt', 403], ['/on/lsub/a.txt', 404],
    ['/on/lsub/', 404],
    ['/own/link.txt', 200], ['/own/lsub/a.txt', 200], ['/try/', 200], ['/on/none', 404],
  ]
  for (const [target, status] of targets) assert.equal((await server.get(target)).status, status, target)
  assert.deepEqual(errors(server), [
    '[error] openat() "<P>/html/link.txt" failed (40: Too many levels of symbolic links)',
    '[error] openat() "<P>/html/lsub/a.txt" failed (20: Not a directory)',
    '[error] "<P>/html/lsub/index.html" is not found (20: Not a directory)',
    '[crit] openat() "<P>/html/link.txt" failed (40: Too many levels of symbolic links)',
    '[error] openat() "<P>/html/none" failed (2: No such file or directory)',
  ])
})

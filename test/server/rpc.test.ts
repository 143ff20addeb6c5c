import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, site, start } from './kit.ts'
import type { Server } from './kit.ts'

const conf = `http { server { listen 127.0.0.1:<port>; server_name a.example; location / { return 200 one; }
location = /exact { return 204; }
location ~ \\.php$ { return 403; } } }`

const rpc = (server: Server, ...words: string[]) => run(server.site, ['rpc', ...words])

test('vespid rpc without a command lists them with their usage', async (t) => {
  const server = await start(t, conf)
  const { stdout, stderr, code } = await rpc(server)
  assert.deepEqual([stderr, code], ['', 0])
  const names = stdout.split('\n').filter((line) => /^\w/.test(line)).map((line) => line.split(' ')[0])
  for (const name of ['core.log_level', 'core.ps', 'core.psx', 'core.reload', 'core.version', 'http.explain', 'metrics.list', 'plugin.reload', 'stats.get_statistics', 'worker.list', 'zone.set']) {
    assert.ok(names.includes(name), name)
  }
  assert.deepEqual(names, [...names].sort())
  assert.match(stdout, /^core\.version +the name and version of the server$/m)
})

test('results as text and as JSON', async (t) => {
  const server = await start(t, conf)
  const version = `vespid 0.1.0 (${process.arch}/${process.platform})`
  assert.equal((await rpc(server, 'core.version')).stdout, `${version}\n`)
  assert.equal((await rpc(server, '--json', 'core.version')).stdout, `"${version}"\n`)
  assert.equal((await rpc(server, 'core.version', '--json')).stdout, `"${version}"\n`)
  const uptime = await rpc(server, 'core.uptime')
  assert.match(uptime.stdout, /^now: \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\nup_since: \w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\nuptime: \d+\n$/)
  const ps = await rpc(server, 'worker.list')
  assert.match(ps.stdout, /^pid +thread +role +cycle +cycles .*\n\d+ +0 +master +1 .*\n\d+ +1 +worker +1 .*\n$/)
  assert.equal((await rpc(server, 'system.methodHelp', 'core.version')).stdout, 'core.version: the name and version of the server\n')
  assert.equal((await rpc(server, 'plugin.list')).stdout, '')
})

test('exit codes: 1 failed, 2 wrong call, 3 no server', async (t) => {
  const server = await start(t, conf)
  const result = async (...words: string[]) => {
    const { stderr, stdout, code } = await rpc(server, ...words)
    return [stderr, stdout, code]
  }
  assert.deepEqual(await result('core.vresion'), ['vespid: unknown command "core.vresion"\n  note: did you mean "core.version"?\n', '', 2])
  assert.deepEqual(await result('plugin.show'), ['vespid: parameter "name" is missing\n  usage: plugin.show NAME: what a plugin registers\n', '', 2])
  assert.deepEqual(await result('plugin.show', 'x'), ['vespid: no plugin "x" is loaded\n', '', 1])
  assert.deepEqual(await result('core.log_level', 'wran'), ['vespid: invalid log level "wran"\n  note: did you mean "warn"?\n', '', 1])
  assert.deepEqual(await result('core.restart_worker', '99'), ['vespid: no worker with thread 99\n', '', 1])
  assert.deepEqual(await result('-x'), ['vespid: invalid option: "-x"\n', '', 2])
  const place = site(t)
  await place.configure('')
  const none = await run(place, ['rpc', 'core.version'])
  assert.deepEqual([none.stderr, none.code], [`vespid: [error] connect() to unix:${place.prefix}/vespid.pid.sock failed (2: No such file or directory)
  note: no server runs with this pid file; "-p", "-c" and "-f" say which server is meant
`, 3])
})

test('a server whose configuration file is broken by now still answers', async (t) => {
  const server = await start(t, conf)
  await server.site.write('vespid.conf', 'pid vespid.pid;\nhttp { nonsense')
  assert.equal((await rpc(server, 'core.version')).code, 0)
  const { code, stderr } = await rpc(server, 'core.reload')
  assert.equal(code, 1)
  assert.match(stderr, /^vespid: \[emerg\] unexpected end of file/)
})

test('the log level changes in every thread until the next reload', async (t) => {
  const server = await start(t, conf)
  assert.equal((await rpc(server, 'core.log_level')).stdout, 'info\n')
  assert.equal((await rpc(server, 'core.log_level', 'error')).stdout, 'error\n')
  const before = server.log()
  assert.equal((await rpc(server, 'core.reopen')).stdout, 'reopened\n')
  assert.equal(server.log(), before)
  assert.equal((await rpc(server, 'core.reload')).code, 0)
  assert.equal((await rpc(server, 'core.log_level')).stdout, 'info\n')
})

test('core.shutdown ends the server after its answer', async (t) => {
  const server = await start(t, conf)
  assert.equal((await rpc(server, 'core.shutdown')).stdout, 'shutting down\n')
  assert.equal((await server.ended()).code, 0)
  assert.match(server.log(), /#1: gracefully shutting down/)
  const other = await start(t, conf)
  assert.equal((await rpc(other, 'core.shutdown', 'false')).stdout, 'exiting\n')
  assert.equal((await other.ended()).code, 0)
  assert.doesNotMatch(other.log(), /gracefully/)
})

test('http.explain tells server, location and steps', async (t) => {
  const server = await start(t, conf)
  const explain = async (...params: string[]) => (await server.rpc('http.explain', ...params)).result
  const plain = await explain('/a/../b?x=1')
  assert.deepEqual({ ...plain, steps: null, filters: null }, {
    request: 'GET /a/../b?x=1', uri: '/b', listen: `127.0.0.1:${server.port()}`,
    server: { name: 'a.example', at: `${server.prefix}/vespid.conf:1`, default: true },
    location: { name: '/', at: `${server.prefix}/vespid.conf:1` }, steps: null, filters: null,
  })
  assert.deepEqual(plain.steps.slice(-1)[0].split(': ').length, 2)
  assert.equal((await explain('POST', '/exact', 'b.example')).location.name, '= /exact')
  assert.equal((await explain('/x.php')).location.name, '~ \\.php$')
  const failure = async (...params: string[]) => (await server.rpc('http.explain', ...params)).error
  assert.deepEqual(await failure('GET', 'x'), {
    code: -32602, message: 'parameter "target" must begin with "/", not "x"',
    data: { usage: 'http.explain [METHOD] TARGET [HOST] [LISTEN]: which server, location and steps a request would take' },
  })
  assert.deepEqual(await failure('/%zz'), { code: -32000, message: 'invalid target "/%zz"', data: { note: 'the request would be answered with 400' } })
  assert.deepEqual(await failure('GET', '/', '', '81'), {
    code: -32000, message: 'no server listens on "81"', data: { note: `there is 127.0.0.1:${server.port()}` },
  })
})

test('the control socket: one document a line, in order, and nothing that hurts it', async (t) => {
  const server = await start(t, conf)
  const client = await server.connect('vespid.pid.sock')
  const call = (id: number, method = 'core.version') => JSON.stringify({ jsonrpc: '2.0', id, method })
  const version = JSON.stringify(`vespid 0.1.0 (${process.arch}/${process.platform})`)
  const answer = (id: number) => `{"jsonrpc":"2.0","result":${version},"id":${id}}\n`
  client.write(`${call(1, 'worker.list')}\n\n \r\n${call(2)}\n${call(3).slice(0, 10)}`)
  assert.match(await client.until('\n'), /"id":1\}\n$/)
  assert.equal(await client.until('\n'), answer(2))
  client.write(`${call(3).slice(10)}\r\nnonsense\n{"jsonrpc":"2.0","method":"core.version"}\n[]\n`)
  assert.equal(await client.until('\n'), answer(3))
  assert.equal(await client.until('\n'), '{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}\n')
  assert.equal(await client.until('\n'), '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}\n')
  client.write(Buffer.alloc((4 << 20) + 1, 'x'))
  assert.equal(await client.until('\n'), '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}\n')
  assert.equal(await client.rest(), '')
  const half = await server.connect('vespid.pid.sock')
  half.write('{"jsonrpc":')
  half.close()
  assert.equal((await rpc(server, 'core.version')).code, 0)
})

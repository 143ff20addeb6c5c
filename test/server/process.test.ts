import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { answers, endDaemon, run, site, start, until, untilAsync } from './kit.ts'
import type { Server } from './kit.ts'

const hello = (word: string, more = '') => `${more}
http { server { listen 127.0.0.1:<port>; location / { return 200 ${word}; } } }`

/** The log with process, thread and configuration times taken out: what happened, in order. */
function events(server: Server): string[] {
  return server.log().split('\n').filter((line) => line !== '').map((line) => line.replace(/^(\[\w+\]) \d+#(\d+): /, (_, level, thread) => `${level} ${thread === '0' ? 'master' : 'worker'}: `))
}

test('a start: banner, pid file, control socket, log', async (t) => {
  const server = await start(t, hello('one', 'worker_processes 2;'))
  const { prefix } = server
  assert.equal(server.stderr.replace(/\d+ ms/, 'N ms'), `vespid 0.1.0, configuration ${prefix}/vespid.conf, 2 workers
  http://127.0.0.1:${server.port()}
  rpc: ${prefix}/vespid.pid.sock
ready in N ms
`)
  assert.equal(server.site.read('vespid.pid'), `${server.pid}\n`)
  assert.equal(statSync(`${prefix}/vespid.pid.sock`).mode & 0o777, 0o600)
  assert.equal((await server.get('/')).body, 'one')
  const lines = events(server)
  assert.equal(lines[0], '[notice] master: vespid/0.1.0')
  assert.match(lines[1]!, /^\[notice\] master: built by Node\.js /)
  assert.match(lines[2]!, /^\[notice\] master: OS: \w+ /)
  assert.deepEqual(lines.filter((line) => line.includes('start worker')), [
    '[notice] master: start worker processes', '[notice] master: start worker process 1', '[notice] master: start worker process 2',
  ])
})

test('QUIT, TERM and INT end the server, and it leaves nothing behind', async (t) => {
  const texts = {
    SIGQUIT: ['signal 3 (SIGQUIT) received, shutting down', ['gracefully shutting down', 'exiting', 'exit']],
    SIGTERM: ['signal 15 (SIGTERM) received, exiting', ['exiting', 'exit']],
    SIGINT: ['signal 2 (SIGINT) received, exiting', ['exiting', 'exit']],
  } as const
  for (const [signal, [master, worker]] of Object.entries(texts)) {
    const server = await start(t, hello('x'))
    const before = events(server).length
    const { code } = await server.stop(signal as NodeJS.Signals)
    assert.equal(code, 0, signal)
    assert.deepEqual(events(server).slice(before), [
      `[notice] master: ${master}`, ...worker.map((line) => `[notice] worker: ${line}`),
      '[notice] master: worker process 1 exited with code 0', '[notice] master: exit',
    ])
    assert.equal(existsSync(`${server.prefix}/vespid.pid`), false)
    assert.equal(existsSync(`${server.prefix}/vespid.pid.sock`), false)
    assert.equal(await answers(server.port()), false)
  }
})

test('QUIT lets a request in progress finish; TERM does not', async (t) => {
  const conf = `http { server { listen 127.0.0.1:<port>; location / { root <prefix>; } } }`
  for (const [signal, whole] of [['SIGQUIT', true], ['SIGTERM', false]] as const) {
    const server = await start(t, conf, { files: { 'big.bin': Buffer.alloc(60_000_000, 'x') } })
    const client = await server.connect()
    client.write('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n')
    const head = await client.until('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
    server.kill(signal)
    await server.waitLog(whole ? /gracefully shutting down/ : /exiting/)
    const body = await client.rest()
    assert.equal(body.length === 60_000_000, whole, signal)
    assert.equal((await server.ended()).code, 0)
  }
})

test('worker_shutdown_timeout ends what does not finish', async (t) => {
  const server = await start(t, `worker_shutdown_timeout 50ms;
http { server { listen 127.0.0.1:<port>; location / { root <prefix>; } } }`, { files: { 'big.bin': Buffer.alloc(60_000_000, 'x') } })
  const client = await server.connect()
  client.socket.pause()
  client.write('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n')
  await waitForConnection(server)
  assert.equal((await server.stop('SIGQUIT')).code, 0)
})

/** Waits until a worker is answering a request. */
function waitForConnection(server: Server): Promise<void> {
  return untilAsync(async () => (await server.rpc('worker.list')).result.some((thread: { writing: number }) => thread.writing > 0), () => 'no request in progress')
}

test('HUP takes a new configuration', async (t) => {
  const server = await start(t, hello('one'))
  await server.site.configure(hello('two'))
  const before = events(server).length
  server.kill('SIGHUP')
  await server.waitLog(/configuration 2 is in use/)
  assert.equal((await server.get('/')).body, 'two')
  assert.deepEqual(events(server).slice(before), [
    '[notice] master: signal 1 (SIGHUP) received, reconfiguring', '[notice] master: reconfiguring', '[notice] master: configuration 2 is in use',
  ])
})

test('a connection kept alive gets the new configuration at its next request', async (t) => {
  const server = await start(t, hello('one'))
  const client = await server.connect()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await client.response()).body, 'one')
  assert.equal((await server.reload(hello('two'))).code, 0)
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await client.response()).body, 'two')
  client.close()
})

test('a refused configuration changes nothing, and whoever asked is told', async (t) => {
  const server = await start(t, hello('one'))
  const before = events(server).length
  const told = await server.reload(`${hello('two')}\nworker_procesess 3;`)
  assert.deepEqual([told.code, told.stdout], [1, ''])
  assert.equal(told.stderr, `vespid: [emerg] unknown directive "worker_procesess" in ${server.prefix}/vespid.conf:3
   3 | worker_procesess 3;
     | ^^^^^^^^^^^^^^^^
  note: did you mean "worker_processes"?
`)
  // `-s` reads the configuration itself, as nginx does; the server is asked here.
  const { error } = await server.rpc('core.reload')
  assert.equal(error!.code, -32000)
  assert.equal(error!.message, `unknown directive "worker_procesess" in ${server.prefix}/vespid.conf:3`)
  assert.deepEqual(error!.data.problems, [{
    level: 'emerg', message: 'unknown directive "worker_procesess"', file: `${server.prefix}/vespid.conf`, line: 3, column: 1,
    note: 'did you mean "worker_processes"?',
  }])
  assert.equal(error!.data.report, told.stderr)
  assert.deepEqual(events(server).slice(before), [
    '[notice] master: command "core.reload" called by control socket', '[notice] master: reconfiguring', `[emerg] master: unknown directive "worker_procesess" in ${server.prefix}/vespid.conf:3`,
  ])
  assert.equal((await server.get('/')).body, 'one')
})

test('-s reload prints the result; -s reopen, quit and stop are obeyed', async (t) => {
  const server = await start(t, hello('one'))
  const ask = (signal: string) => run(server.site, ['-p', '<prefix>', '-s', signal])
  const reloaded = await server.reload(hello('two'))
  assert.deepEqual([reloaded.stderr.replace(/\d+ ms/, 'N ms'), reloaded.code], ['vespid: configuration 2 is in use after N ms\n', 0])
  assert.deepEqual(await ask('reopen').then(({ stderr, code }) => [stderr, code]), ['', 0])
  assert.match(server.log(), /signal process started/)
  assert.deepEqual(await ask('quit').then(({ stderr, code }) => [stderr, code]), ['', 0])
  assert.equal((await server.ended()).code, 0)
  const other = await start(t, hello('one'), { site: server.site })
  assert.equal((await ask('stop')).code, 0)
  assert.equal((await other.ended()).code, 0)
})

test('USR1 opens the logs again', async (t) => {
  const server = await start(t, hello('one'))
  renameSync(`${server.prefix}/error.log`, `${server.prefix}/error.log.1`)
  server.kill('SIGUSR1')
  await server.waitLog(/#1: reopening logs/, 'error.log.1')
  assert.match(server.log('error.log.1'), /#0: signal 10 \(SIGUSR1\) received, reopening logs\n.*#0: reopening logs\n.*#1: reopening logs\n$/)
  await server.stop()
  assert.match(server.log(), /^\[notice\] \d+#0: signal 3 \(SIGQUIT\) received, shutting down\n/)
})

test('WINCH and USR2 are ignored, with a line', async (t) => {
  const server = await start(t, hello('one'))
  server.kill('SIGWINCH')
  await server.waitLog(/signal 28 \(SIGWINCH\) received, ignoring/)
  server.kill('SIGUSR2')
  await server.waitLog(/signal 12 \(SIGUSR2\) received, ignoring/)
  assert.equal((await server.get('/')).body, 'one')
})

test('a reload changes addresses, the number of workers and the pid file', async (t) => {
  const server = await start(t, hello('one'))
  const next = `worker_processes 3; pid other.pid;
http { server { listen 127.0.0.1:<port2>; location / { return 200 two; } } }`
  // `-s reload` would look for the server at the new pid file, as nginx's does.
  await server.site.configure(next)
  assert.deepEqual((await server.rpc('core.reload')).result.configuration, 2)
  assert.equal((await server.get('/', {}, server.port('port2'))).body, 'two')
  await until(() => !existsSync(`${server.prefix}/vespid.pid.sock`), () => 'the old control socket is still there')
  assert.equal(await answers(server.port()), false)
  assert.equal(server.site.read('vespid.pid'), '')
  assert.equal(server.site.read('other.pid'), `${server.pid}\n`)
  const ps = await run(server.site, ['rpc', '-p', '<prefix>', '--json', 'worker.list'])
  assert.deepEqual(JSON.parse(ps.stdout).map(({ thread, role, cycle }: any) => [thread, role, cycle]),
    [[0, 'master', 2], [1, 'worker', 2], [2, 'worker', 2], [3, 'worker', 2]])
  assert.equal((await server.reload(next.replace('3', '1'))).code, 0)
  await server.waitLog(/worker process 3 exited with code 0/)
  assert.equal((await server.get('/', {}, server.port('port2'))).body, 'two')
})

test('a worker that dies is replaced and serves what the server serves, not what the file says by now', async (t) => {
  const server = await start(t, hello('one', 'worker_processes 2;'))
  await server.site.configure('nonsense;')
  assert.equal((await server.rpc('core.restart_worker', 2)).result, 'restarted')
  await server.waitLog(/\[alert\] \d+#0: worker process 2 exited with code 1\n.*start worker process 3/)
  const threads = async () => (await server.rpc('worker.list')).result.map(({ thread, cycle }: any) => `${thread} serves ${cycle}`).join(', ')
  await untilAsync(async () => await threads() === '0 serves 1, 1 serves 1, 3 serves 1', () => server.log())
  for (let i = 0; i < 20; i++) assert.equal((await server.get('/')).body, 'one')
})

test('the first worker owns unix sockets; its replacement takes them over', async (t) => {
  const server = await start(t, 'worker_processes 2; http { server { listen unix:<prefix>/http.sock; location / { return 200 one; } } }')
  const before = await server.connect('http.sock')
  before.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal((await before.response()).body, 'one')
  await server.rpc('core.restart_worker', 1)
  assert.equal(await before.rest(), '')
  await untilAsync(async () => (await server.rpc('worker.list')).result.some(({ thread, cycle }: any) => thread === 3 && cycle === 1), () => server.log())
  assert.equal((await server.get('/', {}, 'http.sock')).body, 'one')
})

test('a port in use: five tries, and who holds it', async (t) => {
  const first = await start(t, hello('one'))
  const place = site(t)
  await place.configure(`pid vespid.pid; error_log error.log notice; http { server { listen 127.0.0.1:${first.port()}; } }`)
  const { stderr, code } = await run(place, [])
  const line = `vespid: [emerg] bind() to 127.0.0.1:${first.port()} failed (98: Address already in use)\n`
  assert.deepEqual([stderr, code], [`${line.repeat(5)}vespid: [emerg] still could not bind()\n  note: port ${first.port()} is held by pid ${first.pid} (${readFileSync(`/proc/${first.pid}/comm`, 'utf8').trim()})\n`, 1])
  assert.equal(place.log().match(/try again to bind\(\) after 500ms/g)!.length, 5)
  assert.equal(existsSync(`${place.prefix}/vespid.pid`), false)
  assert.equal((await first.get('/')).body, 'one')
})

test('a reload onto a port in use is refused and disturbs nothing', async (t) => {
  const first = await start(t, hello('one'))
  const server = await start(t, hello('two'))
  const taken = `http { server { listen 127.0.0.1:<port>; listen 127.0.0.1:${first.port()}; location / { return 200 three; } } }`
  const { code, stderr } = await server.reload(taken)
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`^vespid: \\[emerg\\] bind\\(\\) to 127\\.0\\.0\\.1:${first.port()} failed \\(98: Address already in use\\)\n  note: port \\d+ is held by pid ${first.pid} `))
  assert.equal((await server.get('/')).body, 'two')
  assert.equal((await first.get('/')).body, 'one')
})

test('one server per pid file', async (t) => {
  const server = await start(t, hello('one'))
  const { stderr, code } = await run(server.site, [])
  assert.deepEqual([stderr, code], [`vespid: [emerg] another server answers at the control socket "${server.prefix}/vespid.pid.sock"\n`, 1])
  assert.equal((await server.get('/')).body, 'one')
})

test('what a killed server left behind is no obstacle', async (t) => {
  const server = await start(t, 'http { server { listen 127.0.0.1:<port>; listen unix:<prefix>/http.sock; location / { return 200 one; } } }')
  await server.stop('SIGKILL')
  assert.equal(existsSync(`${server.prefix}/vespid.pid.sock`), true)
  assert.equal(existsSync(`${server.prefix}/http.sock`), true)
  const next = await start(t, 'http { server { listen 127.0.0.1:<port>; listen unix:<prefix>/http.sock; location / { return 200 two; } } }', { site: server.site })
  assert.match(next.log(), new RegExp(`pid file "${server.prefix}/vespid.pid" named process ${server.pid}, which is gone: replaced`))
  assert.equal((await next.get('/')).body, 'two')
  assert.equal((await next.get('/', {}, 'http.sock')).body, 'two')
})

test('a control socket whose name is taken by another file stops the start', async (t) => {
  const place = site(t)
  await place.configure('')
  writeFileSync(`${place.prefix}/vespid.pid.sock`, '')
  const { stderr, code } = await run(place, [])
  assert.deepEqual([stderr, code], [`vespid: [emerg] the control socket "${place.prefix}/vespid.pid.sock" cannot be made, another file has this name\n`, 1])
})

test('a pid file deep in the tree: the control socket works beyond the length of a socket address', async (t) => {
  const deep = 'directory'.repeat(12)
  const server = await start(t, `pid ${deep}/vespid.pid;`, { files: { [`${deep}/keep`]: '' } })
  const { stdout, code } = await run(server.site, ['rpc', 'core.version'])
  assert.match(stdout, /^vespid 0\.1\.0 /)
  assert.equal(code, 0)
  await server.stop()
  assert.equal(existsSync(`${server.prefix}/${deep}/vespid.pid.sock`), false)
})

test('master_process off: one thread does all', async (t) => {
  const server = await start(t, hello('one', 'master_process off; worker_processes 4;'))
  assert.match(server.stderr, /, one process\n/)
  assert.deepEqual((await server.rpc('worker.list')).result.map(({ thread, role, cycle }: any) => [thread, role, cycle]), [[0, 'single', 1]])
  assert.equal((await server.get('/')).body, 'one')
  assert.equal((await server.reload(hello('two', 'master_process off;'))).code, 0)
  assert.equal((await server.get('/')).body, 'two')
  assert.equal((await server.stop('SIGQUIT')).code, 0)
})

test('daemon on: the command ends when the server serves', async (t) => {
  const place = site(t)
  await place.configure(hello('one', 'daemon on;'))
  const { stderr, code } = await run(place, [])
  endDaemon(t, place)
  assert.equal(code, 0)
  assert.match(stderr, /^vespid 0\.1\.0, configuration .*\n {2}http:.*\n {2}rpc: .*\nready in \d+ ms\n$/)
  assert.equal(await answers(place.port()), true)
  assert.equal((await run(place, ['-s', 'quit'])).code, 0)
  await place.waitLog(/#0: exit$/m)
})

test('daemon on: a start that fails ends the command with its error', async (t) => {
  const place = site(t)
  await place.configure('daemon on;')
  writeFileSync(`${place.prefix}/vespid.pid.sock`, '')
  const { stderr, code } = await run(place, [])
  assert.deepEqual([stderr, code], [`vespid: [emerg] the control socket "${place.prefix}/vespid.pid.sock" cannot be made, another file has this name\n`, 1])
})

test('two servers at once do not notice each other', async (t) => {
  const [one, two] = await Promise.all([start(t, hello('one')), start(t, hello('two'))])
  assert.equal((await one.get('/')).body, 'one')
  assert.equal((await two.get('/')).body, 'two')
  assert.equal((await one.stop()).code, 0)
  assert.equal((await two.get('/')).body, 'two')
})

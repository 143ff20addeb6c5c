import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { builtPlugin } from '../built.ts'
import { findProgram, skipWithout } from '../programs.ts'
import type { Server } from './kit.ts'
import { run, site, start, untilAsync } from './kit.ts'

const definitions = `
  modparam xhttp_prom prom_counter "name=calls_total; label=method:note; help='calls by method'";
  modparam xhttp_prom prom_gauge "name=level_bytes; help='how \\\\high'";
  modparam xhttp_prom prom_histogram "name=wait_seconds; label=path; buckets=0.1:1:2.5";`

/** Two workers that count what they are asked to: `$hdr(note)` is a label. */
const conf = (more = ''): string => `worker_processes 2;
events {}
http { ${definitions} ${more}
  server { listen 127.0.0.1:<port>;
    location = /server { prometheus; }
    location / { event_route[xhttp:request] {
      if (prom_check_uri()) { prom_dispatch(); }
      prom_counter_inc("calls_total", 1, "$rm", "$hdr(note)");
      prom_gauge_set("level_bytes", "$hdr(level)");
      prom_histogram_observe("wait_seconds", "$hdr(wait)", "/a");
      xhttp_reply(200, "OK", "text/plain", "$rc");
    } }
  }
}`

async function page(server: Server, path: string, accept = '*/*'): Promise<{ type: string, text: string }> {
  const answer = await server.get(path, { accept })
  assert.equal(answer.status, 200, server.stderr + server.log())
  return { type: answer.header('content-type')!, text: answer.body }
}

const timeless = (text: string): string => text.replace(/ \d{13}$/gm, '').replace(/ \d{10}\.\d{3}$/gm, '')

async function count(server: Server, note: string, level: string, wait: string): Promise<void> {
  assert.equal((await server.get('/x', { note, level, wait })).body, '1')
}

test('labels are escaped, families are described, series are shared by the workers and survive worker and reload', async (t) => {
  const server = await start(t, conf())
  for (let i = 0; i < 10; i++) await count(server, 'a"b\\\\c', '-1.5e3', i === 0 ? '7' : '0.5')
  const expected = `# User defined metrics
# HELP kamailio_calls_total calls by method
# TYPE kamailio_calls_total counter
kamailio_calls_total{method="GET", note="a\\"b\\\\\\\\c"} 10
# HELP kamailio_level_bytes how \\\\high
# TYPE kamailio_level_bytes gauge
kamailio_level_bytes -1500.000000
# HELP kamailio_wait_seconds histogram of the configuration
# TYPE kamailio_wait_seconds histogram
kamailio_wait_seconds_bucket{path="/a", le="0.100000"} 0
kamailio_wait_seconds_bucket{path="/a", le="1.000000"} 9
kamailio_wait_seconds_bucket{path="/a", le="2.500000"} 9
kamailio_wait_seconds_bucket{path="/a", le="+Inf"} 10
kamailio_wait_seconds_sum{path="/a"} 11.500000
kamailio_wait_seconds_count{path="/a"} 10
`
  const shown = await page(server, '/metrics')
  assert.deepEqual([shown.type, timeless(shown.text)], ['text/plain; version=0.0.4', expected])
  assert.equal(timeless((await server.rpc('xhttp_prom.metric_list_print')).result), expected)
  const workers = async (): Promise<number[]> => (await server.rpc('worker.list')).result.slice(1).map(({ thread }: { thread: number }) => thread)
  const [first] = await workers()
  assert.equal((await server.rpc('core.restart_worker', first)).error, undefined)
  await untilAsync(async () => (await workers()).length === 2 && !(await workers()).includes(first!), () => 'the worker is not replaced')
  assert.equal(timeless((await page(server, '/metrics')).text), expected)
  assert.equal((await server.rpc('core.reload')).error, undefined)
  assert.equal(timeless((await page(server, '/metrics')).text), expected)
})

test('OpenMetrics for who asks for it', async (t) => {
  const server = await start(t, conf('modparam xhttp_prom xhttp_prom_stats sl:; modparam xhttp_prom xhttp_prom_tags \'site="a"\';'))
  await count(server, 'n', '1', '0.5')
  const open = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  for (const path of ['/metrics', '/server']) {
    const { type, text } = await page(server, path, open)
    assert.equal(type, 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    assert.ok(text.endsWith('\n# EOF\n'))
    for (const line of text.split('\n').slice(0, -2)) {
      assert.match(line, /^(# (HELP|TYPE) [a-zA-Z_:][\w:]* .+|[a-zA-Z_:][\w:]*(\{\w+="[^"]*"(,\w+="[^"]*")*\})? ([-+.\de]+|NaN|[+-]Inf) \d+\.\d{3})$/)
    }
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    assert.equal(new Set(families).size, families.length)
    assert.ok(text.includes('# TYPE kamailio_calls counter\nkamailio_calls_total{method="GET",note="n",site="a"} 1 '), text)
  }
  for (const accept of ['text/plain', 'application/openmetrics-text;version=9.0.0', 'application/openmetrics-text;q=0.2, text/plain', '', 'x'.repeat(4000)]) {
    assert.equal((await page(server, '/metrics', accept)).type, 'text/plain; version=0.0.4')
  }
})

test('promtool finds nothing wrong', { skip: skipWithout('promtool') }, async (t) => {
  const server = await start(t, conf('modparam xhttp_prom xhttp_prom_stats all; modparam xhttp_prom xhttp_prom_pkg_stats 1; modparam xhttp_prom xhttp_prom_uptime_stat 1;'))
  await count(server, '\xfc " \\ {}', 'nan', '0.5')
  await count(server, 'n', '1e30', 'inf')
  for (const path of ['/metrics', '/server']) {
    const { text } = await page(server, path)
    const child = spawn(findProgram('promtool')!, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { said += String(chunk) })
    child.stdin.end(text, 'latin1')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    assert.deepEqual([path, said, code], [path, '', 0])
  }
})

test('the directive shows server, plugins and their instances', async (t) => {
  const server = await start(t, conf())
  for (let i = 0; i < 4; i++) await count(server, 'n', '1', '0.5')
  const { text } = await page(server, '/server')
  const plain = timeless(text)
  for (const line of [
    'vespid_requests_total 5', 'vespid_replies_total{code="200"} 4', 'vespid_workers 2', '# TYPE vespid_plugin_calls_total counter', 'vespid_plugin_faults_total{plugin="xhttp_prom"} 0',
    '# TYPE vespid_plugin_in_flight gauge', 'kamailio_calls_total{method="GET", note="n"} 4',
  ]) assert.ok(plain.includes(`${line}\n`), `${line}\n\n${plain}`)
  assert.equal((await server.request('POST', '/server')).status, 405)
})

test('functions refuse what Kamailio\'s refuse', async (t) => {
  const calls = [
    'prom_counter_inc("nope", 1)', 'prom_counter_inc("level_bytes", 1)', 'prom_counter_inc("calls_total", 1, "one")', 'prom_counter_inc("calls_total", "$var(n)", "a", "b")',
    'prom_counter_inc("calls_total", 1, "a", "")', 'prom_gauge_set("level_bytes", "abc")', 'prom_gauge_reset("level_bytes")', 'prom_gauge_inc("level_bytes", "2.5")',
    `prom_counter_inc("calls_total", 1, "${'x'.repeat(2000)}", "b")`, 'prom_gauge_set("level_bytes", "")', 'prom_histogram_observe("wait_seconds", "$var(e)", "/a")',
  ]
  const script = calls.map((call) => `${call}; $var(r) = $var(r) + $rc + " ";`).join('\n')
  const server = await start(t, `events {} http { ${definitions} server { listen 127.0.0.1:<port>; location / { event_route[xhttp:request] {
    $var(n) = -1; $var(e) = ""; $var(r) = ""; ${script} xhttp_reply(200, "OK", "text/plain", "$var(r)"); } } } }`)
  assert.equal((await server.get('/')).body, '-1 -1 -1 -1 -1 1 1 1 -1 -1 -1 ')
})

test('commands with hostile parameters', async (t) => {
  const server = await start(t, conf())
  const call = async (name: string, ...params: unknown[]): Promise<unknown> => {
    const { result, error } = await server.rpc(`xhttp_prom.${name}`, ...params)
    return error === undefined ? result : [error.code, error.message]
  }
  assert.deepEqual([
    await call('counter_inc'), await call('counter_inc', 5, 1), await call('counter_inc', 'calls_total'), await call('counter_inc', 'calls_total', -3), await call('counter_inc', 'nope', 1),
    await call('counter_inc', 'calls_total', 2, 'GET', 'a'), await call('counter_inc', 'calls_total', 2, 'GET', 7), await call('gauge_set'), await call('gauge_set', 'level_bytes', '4.5'),
    await call('gauge_set', 'calls_total', 1, 'a', 'b'), await call('gauge_inc', 'level_bytes', 0.5), await call('histogram_observe', 'wait_seconds', 1e308, '/a'),
    await call('histogram_observe'), await call('counter_reset', 'x'.repeat(100_000)), await call('gauge_reset', 'level_bytes', ['a']),
    await call('counter_reset', 'calls_total', 'GET', 'y'.repeat(5000)), await call('gauge_set', 'nope', 1), await call('counter_inc', 'calls_total', 1, '', 'x'),
  ].map((answer) => (Array.isArray(answer) ? [answer[0], String(answer[1]).slice(0, 60)] : answer)), [
    [400, 'required counter identifier'], [400, 'required counter identifier'], [400, 'required number argument'], {}, [500, 'Failed to add 1 to counter: nope'],
    {}, [500, 'Failed to add 2 to counter: calls_total (GET)'], [400, 'required gauge identifier'], {},
    [500, 'Failed to assign 1.000000 to gauge: calls_total (a, b)'], {}, {}, [400, 'required histogram identifier'], [500, `Failed to reset counter: ${'x'.repeat(35)}`], {},
    [500, `Failed to reset counter: calls_total (GET, ${'y'.repeat(17)}`], [500, 'Failed to assign 1.000000 gauge: nope'], [500, 'Failed to add 1 to counter: calls_total (, x)'],
  ])
  const { text } = await page(server, '/metrics')
  assert.match(text, /^kamailio_level_bytes 0\.000000 /m)
  assert.match(text, /^kamailio_wait_seconds_sum\{path="\/a"\} 1\d{308}\.000000 /m)
})

test('what Prometheus would refuse is refused at the start', async (t) => {
  const said = async (definition: string): Promise<string> => {
    const place = site(t)
    await place.configure(`events {} http { modparam xhttp_prom ${definition}; }`)
    const { code, stderr } = await run(place, ['-t', '-p', '<prefix>'])
    assert.equal(code, 1)
    return stderr
  }
  assert.match(await said('prom_counter "name=cnt-dash"'), /the counter "cnt-dash" is no name that Prometheus takes, use letters, digits and "_"/)
  assert.match(await said('prom_gauge "name=x; label=a-b"'), /the gauge "x" has a label "a-b", which Prometheus does not take/)
  assert.match(await said('prom_histogram "name=x; label=le"'), /the histogram "x" has a label "le"/)
  assert.match(await said('prom_counter "name=x"; modparam xhttp_prom prom_gauge "name=x"'), /the gauge "x" is defined twice/)
  assert.match(await said('xhttp_prom_timeout -1'), /"xhttp_prom_timeout" .*must not be negative/)
  assert.match(await said('prom_histogram "name=x; buckets=1:1"'), /has buckets that do not increase: "1:1"/)
  assert.match(await said('timestamp_format us'), /must be "ms", "s" or "sf", not "us"/)
})

test('what a plugin counts is summed over the workers, and goes on after a reload', async (t) => {
  const place = site(t)
  await builtPlugin(fileURLToPath(new URL('../../examples/api_key', import.meta.url)), `${place.prefix}/api_key.wasm`)
  const server = await start(t, `worker_processes 2; plugins .; events {}
    http { server { listen 127.0.0.1:<port>; location = /server { prometheus; } location / { api_key key-of-eight; hello; } } }`, { site: place })
  const refused = async (): Promise<string | undefined> => /^vespid_api_key_refused (\d+)/m.exec((await server.get('/server')).body)?.[1]
  for (let i = 0; i < 8; i++) assert.equal((await server.get('/')).status, 401)
  assert.equal(await refused(), '8')
  assert.equal((await server.rpc('core.reload')).error, undefined)
  await server.get('/')
  assert.equal(await refused(), '9')
  const metrics: { name: string, kind: string, help: string }[] = (await server.rpc('metrics.list')).result
  assert.deepEqual(metrics.filter(({ name }) => name === 'vespid_api_key_refused').map(({ kind, help }) => [kind, help]), [['counter', 'requests without a valid key']])
})

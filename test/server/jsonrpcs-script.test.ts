/** jsonrpc_dispatch(), jsonrpc_exec() and $jsonrpl() as they are by default. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionText } from '../../host/rpc/core.ts'
import { run, site, start } from './kit.ts'

const version = '{"jsonrpc":"2.0","method":"core.version","id":1}'
const versionAnswer = `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t"${versionText}",\n\t"id":\t1\n}`
const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')

const dispatching = (more = ''): string => `http { access_log off; ${more}
  server { listen 127.0.0.1:<port>; location / { event_route[xhttp:request] { jsonrpc_dispatch(); } } } }`

test('jsonrpc_dispatch: JSON-RPC 2.0 in the layout of Kamailio, faults as statuses', async (t) => {
  const server = await start(t, dispatching())
  const post = async (body: string, headers: Record<string, string> = {}): Promise<[number, string, string]> => {
    const { status, body: text } = await server.request('POST', '/', headers, body)
    return [status, text.includes('"result"') ? 'result' : /"message":\t?"([^"]*)"/.exec(text)?.[1] ?? '', text]
  }
  const short = async (body: string, headers: Record<string, string> = {}): Promise<[number, string]> => (await post(body, headers)).slice(0, 2) as [number, string]
  assert.deepEqual(await post(version), [200, 'result', versionAnswer])
  assert.deepEqual((await post('{"jsonrpc":"2.0","method":"core.version"}'))[2], `{\n\t"jsonrpc":\t"2.0",\n\t"result":\t"${versionText}"\n}`)
  // A command that waits for the master.
  assert.deepEqual((await post('{"jsonrpc":"2.0","method":"core.ps","id":"late"}')).slice(0, 2), [200, 'result'])
  assert.deepEqual([
    await short('no json'), await short(''), await short('{"jsonrpc":"1.0","method":"core.version","id":1}'), await short('{"jsonrpc":"2.0","id":1}'),
    await short('{"jsonrpc":"2.0","method":"core.version","params":5}'), await short('{"jsonrpc":"2.0","method":"no.such","id":1}'),
    await short('5'), await short('[]'), await short(`[${version}]`), await short('['.repeat(100_000)), await short('\0\x01\xff'),
  ], [
    [400, 'Parse error'], [400, 'Parse error'], [400, 'Invalid Request'], [400, 'Invalid Request'],
    [400, 'Invalid Request'], [500, 'Method not found'],
    [400, 'Invalid Request'], [400, 'Invalid Request'], [200, 'result'], [400, 'Parse error'], [400, 'Parse error'],
  ])
  assert.deepEqual(await post('[{"jsonrpc":"2.0","method":"core.version"}]'), [204, '', ''])
  assert.deepEqual((await post(`[${Array.from({ length: 5000 }, () => version).join(',')}]`)).slice(0, 2), [400, 'Invalid Request'])
  assert.deepEqual((await post(version, { Origin: 'http://evil.example', 'Content-Type': 'text/plain' })).slice(0, 1), [415])
  assert.deepEqual((await post(version, { Origin: 'http://evil.example', 'Content-Type': 'application/json' })).slice(0, 1), [200])
})

test('pretty_format 0 writes no white space', async (t) => {
  const server = await start(t, dispatching('modparam jsonrpcs pretty_format 0; modparam jsonrpcs batch 2;'))
  const post = async (body: string): Promise<string> => (await server.request('POST', '/', {}, body)).body
  assert.equal(await post(version), `{"jsonrpc":"2.0","result":"${versionText}","id":1}`)
  assert.equal(await post(`[${version},${version}]`), `[{"jsonrpc":"2.0","result":"${versionText}","id":1},{"jsonrpc":"2.0","result":"${versionText}","id":1}]`)
  assert.equal(await post(`[${version},${version},${version}]`),
    '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":{"note":"a batch may hold at most 2 calls, not 3"}},"id":null}')
})

test('jsonrpc_exec', async (t) => {
  const cases: readonly (readonly [string, string | RegExp])[] = [
    [version, `1|200|OK|${versionAnswer}`],
    ['core.version()', `1|200|OK|${versionAnswer}`],
    ['jsonrpc.echo(\'a, b\', 5)', '1|200|OK|{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["a, b", 5],\n\t"id":\t1\n}'],
    ['jsonrpc.echo( word )', '1|200|OK|{\n\t"jsonrpc":\t"2.0",\n\t"result":\t["word"],\n\t"id":\t1\n}'],
    ['stats.get_statistics(\'shmem:\')', /^1\|200\|OK\|\{\n\t"jsonrpc":\t"2\.0",\n\t"result":\t\["shmem:fragments = \d+", /],
    // A command that waits for the master.
    ['{"jsonrpc":"2.0","method":"core.ps","id":1}', /^1\|200\|OK\|/],
    ['{"jsonrpc":"2.0","method":"no.such","id":1}', /^1\|500\|Method not found\|\{\n\t"jsonrpc":\t"2\.0",\n\t"error"/],
    ['neither ( nor', '-1|0|<null>|<null>'],
  ]
  const locations = cases.map(([document], i) => `location = /${i} { event_route[xhttp:request] {
    $var(rc) = jsonrpc_exec("${quoted(document)}");
    xhttp_reply("200", "OK", "text/plain", "$var(rc)|$jsonrpl(code)|$jsonrpl(text)|$jsonrpl(body)"); } }`)
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; ${locations.join('\n')} } }`)
  for (const [i, [document, expected]] of cases.entries()) {
    const { body } = await server.get(`/${i}`)
    if (typeof expected === 'string') assert.equal(body, expected, document)
    else assert.match(body, expected, document)
  }
})

test('mistakes in the configuration', async (t) => {
  const place = site(t)
  const said = async (http: string): Promise<string> => {
    await place.configure(`http { server { listen 127.0.0.1:<port>; location / { event_route[xhttp:request] { jsonrpc_dispatch(); } } } ${http} }`)
    const { code, stderr } = await run(place, ['-t'])
    assert.equal(code, 1, http)
    return stderr
  }
  assert.match(await said('modparam jsonrpcs transport x;'), /invalid value "x" of parameter "transport", it must be a number/)
  assert.match(await said('modparam jsonrpcs dgram_socket udp:127.0.0.1:80;'), /invalid port in dgram_socket "udp:127\.0\.0\.1:80", it must be between 1024 and 65535/)
  assert.match(await said('modparam jsonrpcs dgram_socket udp:nowhere:8080;'), /invalid address in dgram_socket "udp:nowhere:8080", it must be an IP address/)
  assert.match(await said('modparam jsonrpcs tcp_socket 127.0.0.1:8080;'), /invalid tcp_socket "127\.0\.0\.1:8080", it must be like "tcp:127\.0\.0\.1:8080"/)
  assert.match(await said('modparam jsonrpcs dgram_socket abc;'), /"abc" is too short, it must have at least 6 characters/)
  assert.match(await said('modparam jsonrpcs fifo_mode 660000;'), /must be an octal mode like 0660, not 660000/)
  assert.match(await said('modparam jsonrpcs store_dir here;'), /must be an absolute path/)
  await place.configure(`http { server { listen 127.0.0.1:<port>; location / { event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "$jsonrpl(other)"); } } } }`)
  assert.match((await run(place, ['-t'])).stderr, /unknown key "other" of \$jsonrpl; it has code, text, body/)
})

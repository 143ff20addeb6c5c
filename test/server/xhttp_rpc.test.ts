/** The console as it is without `compat strict`: forms, what they refuse, what hostile input does, and a browser. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBrowser } from '../browser.ts'
import { skipWithout } from '../programs.ts'
import type { Response } from './client.ts'
import { run, site, start, startScript } from './kit.ts'
import type { Server, Test } from './kit.ts'

const configuration = `http { access_log off; modparam htable htable "a=>size=4;"; modparam xhttp_rpc xhttp_rpc_root http_rpc;
  server { listen 127.0.0.1:<port>;
    location /console/ { xhttp_rpc; xhttp_rpc_write on; }
    location /look { xhttp_rpc; }
    location / { event_route[xhttp:request] {
      $sht(a=>known) = "v";
      if ($hu =~ "^/http_rpc") dispatch_xhttp_rpc(); else xhttp_reply("404", "Nothing", "text/plain", "nothing");
      xlog("L_ERR", "behind the dispatch of $hu\\n"); } } } }`
const started = (t: Test): Promise<Server> => start(t, configuration)

const token = '0123456789abcdef0123456789abcdef'
const form = { 'Content-Type': 'application/x-www-form-urlencoded', Cookie: `other=1; xhttp_rpc_token=${token}` }
const post = (server: Server, path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  server.request('POST', path, { ...form, ...headers }, `token=${token}&${body}`)

/** What is told in the page: the result's heading and its text without tags. */
function told({ status, body }: Response): string {
  const section = /<section class="result[^"]*"[^>]*>\n?([^]*?)<\/section>/.exec(body)?.[1] ?? 'no result'
  return `${status} ${section.replace(/<\/(?:h2|p|tr|th|td)>/g, ' ').replace(/<[^>]*>/g, '').replace(/\s+/g, ' ').trim()}`
}

/** What is told when a form has been sent. */
async function ran(server: Server, path: string, body: string): Promise<string> {
  return told(await post(server, path, body))
}

test('pages: the menu, a group, a form with a labelled field for each parameter', async (t) => {
  const server = await started(t)
  for (const root of ['/http_rpc', '/console']) {
    const menu = await server.get(`${root}/`)
    assert.equal(menu.status, 200)
    assert.ok(menu.body.includes(`<a href="${root}/htable">htable</a>`))
    const group = await server.get(`${root}/htable`)
    assert.ok(group.body.includes(`<a href="${root}/htable/htable.get">htable.get</a>`), group.body)
    assert.ok(group.body.includes(`<a href="${root}/htable/htable.sets">htable.sets</a><span class="tag">changes the server</span>`))
    const { body } = await server.get(`${root}/htable/htable.sets`)
    const fields = [...body.matchAll(/<label>(\w+).*?<input name="(\w+)"/g)].map(([, label, name]) => `${label} ${name}`)
    assert.deepEqual(fields, ['table p', 'key p', 'value p'])
    assert.ok(body.includes(`<form method="post" action="${root}/htable/htable.sets">`))
  }
  assert.doesNotMatch(server.log(), /behind the dispatch/)
})

test('the head keeps pages from being framed, cached, and from loading anything; nothing in them is a script', async (t) => {
  const server = await started(t)
  for (const path of ['/http_rpc', '/console/core', '/look/core/core.version?arg=']) {
    const page = await server.get(path)
    const nonce = /style-src 'nonce-([0-9a-f]{32})'/.exec(page.header('content-security-policy')!)![1]
    assert.equal(page.header('content-security-policy'),
      `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`)
    assert.ok(page.body.includes(`<style nonce="${nonce}">`))
    assert.deepEqual(['content-type', 'cache-control', 'x-content-type-options'].map((name) => page.header(name)),
      ['text/html; charset=utf-8', 'no-store', 'nosniff'])
    assert.match(page.header('set-cookie')!, /^xhttp_rpc_token=[0-9a-f]{32}; Path=\/\w+; HttpOnly; SameSite=Strict$/)
    assert.doesNotMatch(page.body, /<script|<img|<link|src=|https?:/)
  }
})

test('a form runs a command, with arguments that hold blanks and quotes', async (t) => {
  const server = await started(t)
  assert.equal(await ran(server, '/http_rpc/htable/htable.sets', 'p=a&p=two+words&p=%22x%22+%27y%27'),
    '200 Result Ok. Key set to new value.')
  const { body, status } = await post(server, '/console/htable/htable.get', 'p=a&p=two+words')
  assert.equal(status, 200)
  assert.ok(body.includes('<pre>item: \n\tname: two words\n\tvalue: &quot;x&quot; &#39;y&#39;\n\tflags: 2\n\texpire: NEVER\n</pre>'), body)
  assert.ok(body.includes('value="two words"'))
  assert.equal(await ran(server, '/http_rpc/core/core.echo', `arg=${encodeURIComponent('one "two three" \'it is\' a\\ b "" 4')}`),
    '200 Result one two three it is a b 4')
  assert.equal(await ran(server, '/http_rpc/core/core.printi', 'arg=10+0x1f+010+-5'),
    '200 Result 10 31 8 -5')
  assert.equal(await ran(server, '/http_rpc/core/core.printi', 'arg=ten'),
    '400 Error 400 parameter &quot;value&quot; is a number, not &quot;ten&quot;')
  assert.equal(await ran(server, '/http_rpc/core/core.echo', 'arg=%22open'),
    '400 Error 400 A quote in &quot;&quot;open&quot; is not closed.')
  assert.equal(await ran(server, '/http_rpc/htable/htable.get', 'p=a&p='),
    '500 Error 500 Not enough parameters (htable name and key name)')
})

test('links run what only reads', async (t) => {
  const server = await started(t)
  assert.equal(told(await server.get('/http_rpc/htable/htable.get?arg=a+known')),
    '200 Result item: name: known value: v flags: 2 expire: NEVER')
  const refused = await server.get('/http_rpc/htable/htable.sets?arg=a+k+v')
  assert.equal(told(refused), '405 Error 405 &quot;htable.sets&quot; changes the server, a link does not run it. Press the button.')
  assert.equal(refused.header('allow'), 'POST')
  assert.ok(refused.body.includes('value="k"'))
  assert.equal(told(await server.get('/http_rpc/htable/htable.get?arg=a+k')),
    '500 Error 500 Key name doesn&#39;t exist in htable.')
  const foreign = await server.get('/http_rpc/core/core.version?arg=', { 'Sec-Fetch-Site': 'cross-site' })
  assert.equal(told(foreign), '403 Error 403 A link of another site has led here, so nothing was run. Press the button.')
})

test('forms of other sites, without cookie or with another token run nothing', async (t) => {
  const server = await started(t)
  const path = '/http_rpc/htable/htable.sets'
  const fields = 'p=a&p=csrf&p=1'
  const host = `127.0.0.1:${server.port()}`
  const statuses = async (...attempts: readonly Readonly<Record<string, string>>[]): Promise<number[]> =>
    Promise.all(attempts.map(async (headers) => (await post(server, path, fields, headers)).status))
  const refused = await statuses({ 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example', Host: host }, { Origin: 'null', Host: host }, { Origin: `http://${host}.evil.example`, Host: host },
    { Referer: 'http://evil.example/', Host: host }, { Cookie: '' }, { Cookie: 'xhttp_rpc_token=short' },
    { Cookie: 'xhttp_rpc_token=ffffffffffffffffffffffffffffffff' })
  assert.deepEqual(refused, [403, 403, 403, 403, 403, 403, 403, 403, 403])
  assert.equal((await server.request('POST', path, form, fields)).status, 403)
  assert.equal((await post(server, path, fields, { 'Content-Type': 'text/plain' })).status, 415)
  assert.equal((await server.get('/http_rpc/htable/htable.get?arg=a+csrf')).status, 500)
  const taken = await statuses({ 'Sec-Fetch-Site': 'same-origin', Origin: 'null' }, { Origin: `http://${host}`, Host: host },
    { Referer: `http://${host}/http_rpc`, Host: host })
  assert.deepEqual(taken, [200, 200, 200])
})

test('a console that may not write tells so', async (t) => {
  const server = await started(t)
  const note = 'This console only reads; &quot;xhttp_rpc_write on;&quot; in its location lets it run commands that change the server.'
  assert.ok((await server.get('/look/htable/htable.sets')).body.includes(`<p class="usage">${note}</p>`))
  assert.equal(await ran(server, '/look/htable/htable.sets', 'p=a&p=k&p=v'), `403 Error 403 ${note}`)
  assert.equal(await ran(server, '/look/htable/htable.get', 'p=a&p=k'),
    '500 Error 500 Key name doesn&#39;t exist in htable.')
})

test('addresses that are none, and other methods', async (t) => {
  const server = await started(t)
  const status = async (method: string, path: string): Promise<number> => (await server.request(method, path)).status
  for (const path of ['/http_rpcX', '/http_rpc/nope', '/http_rpc/core/core.nope', '/http_rpc/core/stats.fetch',
    '/http_rpc/core/core.version/', '/console/core/core.version/x']) assert.equal(await status('GET', path), 404, path)
  assert.equal(await status('DELETE', '/console/core/core.version'), 405)
  assert.equal(await status('PUT', '/http_rpc/core'), 405)
  assert.equal(await status('POST', '/http_rpc'), 405)
  const head = await server.request('HEAD', '/http_rpc')
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.match(told(await server.get('/http_rpc/%3Cscript%3E')), /^404 404 Not Found There is no group &quot;%3Cscript%3E&quot;\.$/)
})

test('what is entered never becomes markup', async (t) => {
  const server = await started(t)
  const evil = '"><script>alert(1)</script><b x=\'\u0001\u00e9'
  const text = encodeURIComponent(evil)
  for (const [path, body] of [
    ['/http_rpc/core/core.echo', `arg=%27${encodeURIComponent('"><script>alert(1)</script>')}%27`],
    ['/http_rpc/htable/htable.sets', `p=a&p=${text}&p=${text}`], ['/http_rpc/htable/htable.get', `p=${text}&p=${text}`],
    ['/http_rpc/system/system.methodHelp', `p=${text}`], ['/http_rpc/core/core.echo', `arg=%22${text}`],
    ['/http_rpc/core/core.printi', `arg=${encodeURIComponent('<script>')}`],
  ] as const) {
    const answer = await post(server, path, body)
    assert.doesNotMatch(answer.body, /<script|<b /, path)
    assert.ok(answer.body.includes('&lt;script&gt;'), path)
  }
  const { body } = await post(server, '/http_rpc/htable/htable.dump', 'p=a')
  assert.doesNotMatch(body, /<script/)
  assert.ok(body.includes('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'))
  assert.doesNotMatch((await server.get('/http_rpc/"><script>')).body, /<script/)
})

test('forms, arguments and answers of any size', async (t) => {
  const server = await started(t)
  const one = 'x'.repeat(16_000)
  assert.equal(await ran(server, '/http_rpc/core/core.echo', `arg=${one}`), `200 Result ${one}`)
  assert.equal(await ran(server, '/http_rpc/core/core.echo', `arg=${'\\"'.repeat(8_000)}`),
    `200 Result ${'&quot;'.repeat(8_000)}`)
  assert.equal((await post(server, '/http_rpc/core/core.echo', `arg=${'x'.repeat(16_400)}`)).status, 413)
  assert.equal(await ran(server, '/http_rpc/core/core.echo', `arg=${'x+'.repeat(300)}`),
    '400 Error 400 A command takes 256 arguments at most.')
  assert.equal(await ran(server, '/http_rpc/core/core.echo', 'arg=%zz&p=%e9'), '200 Result \u00ef\u00bf\u00bd')
  assert.equal(await ran(server, '/http_rpc/core/core.echo', '&&&=&arg&p&arg=still+there'),
    '200 Result still there')
  assert.equal((await server.get('/http_rpc/core/core.version?arg=')).status, 200)
})

test('an answer longer than xhttp_rpc_buf_size is refused', async (t) => {
  const server = await start(t, configuration.replace('modparam xhttp_rpc', 'modparam xhttp_rpc xhttp_rpc_buf_size 4096; modparam xhttp_rpc'))
  assert.equal(await ran(server, '/http_rpc/core/core.echo', `arg=${'x'.repeat(5000)}`),
    '500 Error 500 the answer is longer than 4096 bytes (xhttp_rpc_buf_size)')
  assert.equal(await ran(server, '/http_rpc/core/core.echo', 'arg=x'), '200 Result x')
})

test('in a browser', { skip: skipWithout('chromium') }, async (t) => {
  const server = await started(t)
  const page = await openBrowser(t)
  await page.call('Emulation.setScriptExecutionDisabled', { value: true })
  await page.go(`http://127.0.0.1:${server.port()}/console/`)
  assert.equal(await page.text('h1'), 'Commands')
  await page.press('a[href="/console/htable"]')
  await page.press('a[href="/console/htable/htable.sets"]')
  for (const [i, text] of ['a', 'from a browser', '<i>é</i> "q"'].entries()) await page.fill(`label:nth-of-type(${i + 1}) input`, text)
  await page.press('button')
  assert.equal(await page.text('.result'), 'Result\nOk. Key set to new value.\n')
  assert.equal(await page.value('document.querySelectorAll("input")[3].value'), '<i>é</i> "q"')
  await page.go(`http://127.0.0.1:${server.port()}/console/htable/htable.get`)
  await page.fill('label:nth-of-type(1) input', 'a')
  await page.fill('label:nth-of-type(2) input', 'from a browser')
  await page.press('button')
  assert.match((await page.text('.result'))!, /value: <i>é<\/i> "q"\n/)
  assert.equal(await page.value('getComputedStyle(document.querySelector("header")).display'), 'flex')
})

test('the article\'s fragment', async (t) => {
  const server = await startScript(t, `listen=tcp:127.0.0.1:<port>
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "xhttp.so"
loadmodule "xhttp_rpc.so"
modparam("xhttp_rpc", "xhttp_rpc_root", "http_rpc")
event_route[xhttp:request] {
$var(xhttp_rpc_root) = $(hu{s.substr,0,9});
if ($var(xhttp_rpc_root) == "/http_rpc")
dispatch_xhttp_rpc();
else
xhttp_reply("200", "OK", "text/html",
"<html><body>Wrong URL $hu</body></html>");
}
`)
  assert.equal((await server.get('/rpc')).body, '<html><body>Wrong URL /rpc</body></html>')
  assert.match((await server.get('/http_rpc')).body, /<a href="\/http_rpc\/core">core<\/a>/)
  assert.equal(await ran(server, '/http_rpc/core/core.echo', 'arg=works'), '200 Result works')
})

test('at the root of the server, with an answer of many lines', async (t) => {
  const server = await start(t, `http { access_log off; modparam script max_while_loops 100000;
    modparam xhttp_rpc xhttp_rpc_root ""; modparam htable htable "t=>size=10;";
    server { listen 127.0.0.1:<port>; event_route[xhttp:request] {
      if ($hu == "/fill") {
        $var(i) = 0;
        while ($var(i) < 3000) { $sht(t=>key$var(i)) = "<b>value"; $var(i) = $var(i) + 1; }
        xhttp_reply("200", "OK", "", "filled");
        exit;
      }
      dispatch_xhttp_rpc(); } } }`)
  assert.equal((await server.get('/fill')).body, 'filled')
  assert.ok((await server.get('/')).body.includes('<a href="/core">core</a>'))
  const { status, body } = await server.get('/htable/htable.dump?arg=t')
  assert.equal(status, 200)
  assert.equal(body.split('name: key').length - 1, 3000)
  assert.ok(body.includes('value: &lt;b&gt;value'))
})

test('mistakes', async (t) => {
  const complaints = []
  for (const text of [
    'modparam xhttp_rpc xhttp_rpc_root "a/b";', 'modparam xhttp_rpc xhttp_rpc_buf_size 99999999;',
    'modparam xhttp_rpc xhttp_rpc_rot rpc;', 'server { listen 127.0.0.1:1; location / { xhttp_rpc on; } }',
    'server { listen 127.0.0.1:1; event_route[xhttp:request] { dispatch_xhttp_rpc("x"); } }',
  ]) {
    const place = site(t)
    await place.configure(`http { ${text} }`)
    const { stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
    complaints.push(/\[emerg\] (.*) in [^ ]*:\d+$/m.exec(stderr)?.[1] ?? stderr)
  }
  assert.deepEqual(complaints, [
    'parameter "xhttp_rpc_root" of module "xhttp_rpc" may hold letters, digits and "_" only, not "/"',
    'parameter "xhttp_rpc_buf_size" of module "xhttp_rpc" must be between 0 and 16777216',
    'parameter "xhttp_rpc_rot" not found in module "xhttp_rpc"',
    'invalid number of arguments in "xhttp_rpc" directive',
    'invalid number of arguments of script function "dispatch_xhttp_rpc": 1',
  ])
})

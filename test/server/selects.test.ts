/** Selects on HTTP requests in every place of both languages; docs/selects.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertMistakes } from './mistakes.ts'
import { run, site, start, startScript } from './kit.ts'

test('templates: every place of a text, and what is no select', async (t) => {
  const server = await start(t, `http {
    log_format who '\${@method} [\${@hf_value["X-Who"]}] [\${@subject}] [\${@from.uri}] \${@msg.header.x_quote}'; access_log who.log who;
    map \${@ruri.params["a"]} $mapped { 1 "one \${@method}"; default none; }
    split_clients "\${@hf_value.x_key}" $half { 100% all; }
    server { listen 127.0.0.1:<port>; error_page 404 @missing; default_type text/plain;
      location @missing { return 404 "missing \${@ruri}"; }
      location / { try_files /none @missing; }
      location /r { add_header X-Type \${@msg.type}; set $copy "\${@method}+\${@version}"; return 200 "$copy $mapped $half user@example.com @to %@to {@to} \${@http.path}"; }
      location /w { rewrite ^/w/(.*) /r/\${@method}/$1 last; }
      location /p { proxy_set_header X-Selected "\${@hf_value.x_who}!"; proxy_pass http://127.0.0.1:<port>/back; }
      location /back { return 200 "$http_x_selected"; }
      location /u { return 200 "[\${@subject}][\${@status}][\${@via[2].host}][\${@hf_value[\\"X-Who\\"]}]"; }
    } }`)
  const body = async (path: string, headers: Record<string, string> = {}): Promise<string> => (await server.get(path, headers)).body
  assert.equal(await body('/r?a=1', { 'X-Key': 'k' }), 'GET+HTTP/1.1 one GET all user@example.com @to %@to {@to} /r')
  assert.equal((await server.get('/r?a=1')).header('x-type'), '1')
  assert.equal(await body('/w/tail'), 'GET+HTTP/1.1 none all user@example.com @to %@to {@to} /w/tail')
  assert.equal(await body('/p', { 'X-Who': 'me' }), 'me!')
  assert.equal(await body('/u', { 'X-Who': 'me', 'Via': '1.1 a, 1.1 b.example' }), '[][][b.example][me]')
  assert.equal(await body('/zz', { Host: 'h.test:81' }), 'missing http://h.test:81/zz')
  assert.equal(await body('/r', { 'X-Quote': 'a"b', 'Subject': 's', 'From': '<sip:a@b>', 'X-Who': 'w' }), 'GET+HTTP/1.1 none all user@example.com @to %@to {@to} /r')
  await server.stop()
  const lines = server.site.read('who.log').trim().split('\n')
  assert.equal(lines.at(-1), 'GET [w] [s] [sip:a@b] a\\x22b')
  assert.equal(lines[0], 'GET [] [-] [-] -')
})

test('conditions: what has failed is equal to nothing and unequal to nothing', async (t) => {
  const conf = (truth: string): string => `http { access_log off; ${truth} server { listen 127.0.0.1:<port>; default_type text/plain;
    set $r ""; set $w bob;
    if (@msg.header.x = bob) { set $r "\${r}a"; }
    if (@msg.header.x != bob) { set $r "\${r}b"; }
    if (@msg.header.x ~ ^B) { set $r "\${r}c"; }
    if (@msg.header.x ~* ^(B.)) { set $r "\${r}d$1"; }
    if (@msg.header.x !~ ^b) { set $r "\${r}e"; }
    if (@msg.header.x) { set $r "\${r}f"; }
    if (@msg.header["x"] = $w) { set $r "\${r}g"; }
    if ($w = \${@msg.header.x}) { set $r "\${r}h"; }
    if (@msg.header.x = "") { set $r "\${r}i"; }
    location / { return 200 "[$r]"; } } }`
  const server = await start(t, conf(''))
  const said = async (headers: Record<string, string>): Promise<string> => (await server.get('/', headers)).body
  assert.equal(await said({ X: 'bob' }), '[adbofgh]')
  assert.equal(await said({ X: 'Bo' }), '[bcdBoef]')
  assert.equal(await said({ X: '' }), '[bei]')
  assert.equal(await said({}), '[]')
  const kamailio = await start(t, conf('modparam script select_truth kamailio;'))
  assert.equal((await kamailio.get('/')).body, '[bei]')
})

test('routes, templates and plugins see one message: what a route did to it is read elsewhere', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; default_type text/plain;
    route[mark] { setflag(3); if (@method == "GET" && @msg.header.x != "none") $avp(i:7) = @msg.header.x; }
    route mark rewrite;
    location / { return 200 "\${@msg.flags} \${@attr.i.x}"; } } }`)
  assert.match((await server.get('/', { X: 'y' })).body, /^8 /)
})

test('the same selects in both languages, with what belongs to the connection and the server', async (t) => {
  const selects = ['@method', '@ruri', '@ruri.host', '@ruri.hostport', '@ruri.params["x"]', '@msg.request.uri', '@version', '@msg.first_line', '@user_agent', '@src.ip',
    '@dst.port', '@received.proto', '@hf_value.x_list[2]', '@hf_value_exists["X-List"].b', '@authorization["r"].username', '@content_length', '@tls', '@sys.server_id',
    '@cfg_get.core.debug', '@http.query["x"]', '@http.cookie.c', '@from.uri.user', '@status', '@timer.executed', '@via[1].host', '@msg.len']
  const route = selects.map((select) => `$var(all) = $var(all) + "|" + ${select};`).join('\n')
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; default_type text/plain;
      location /t { return 200 '${selects.map((select) => `|\${${select}}`).join('')}'; }
      location /s { event_route[xhttp:request] { $var(all) = "";\n${route}\n xhttp_reply("200", "OK", "text/plain", "$var(all)"); } } } }`)
  const headers = {
    'Host': 'www.example:81', 'User-Agent': 'probe', 'X-List': 'a, b', 'Authorization': 'Digest username="u", realm="r"', 'Cookie': 'c=1', 'From': '<sip:me@x>', 'Via': '1.1 proxy',
  }
  const kamailio = await startScript(t, `listen=tcp:127.0.0.1:<port>\nserver_id=7\nloadmodule "textopsx.so"\nloadmodule "tls.so"\nloadmodule "xhttp.so"
    event_route[xhttp:request] { $var(all) = "";\n${route.replace('$var(all) = $var(all) + "|" + @timer.executed;', '$var(all) = $var(all) + "|";')}\n xhttp_reply("200", "OK", "text/plain", "$var(all)"); }\n`)
  const said = async (at: typeof server, path: string): Promise<string> => (await at.get(path, headers)).body.replace(String(at.port()), 'PORT').replaceAll(path, '/PATH')
  const [template, script, file] = [await said(server, '/t?x=y'), await said(server, '/s?x=y'), await said(kamailio, '/f?x=y')]
  assert.equal(template, script)
  assert.equal(file, script.replace('|0|0|y|', '|7|0|y|'))
  assert.deepEqual(script.split('|').slice(1, -1), ['GET', 'http://www.example:81/PATH', 'www.example', 'www.example:81', 'y', '/PATH', 'HTTP/1.1', 'GET /PATH HTTP/1.1', 'probe',
    '127.0.0.1', 'PORT', 'tcp', 'b', '1', 'u', '', '', '0', '0', 'y', '1', 'me', '', '', 'proxy'])
})

const fixture = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)))

test('TLS of the connection', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port> ssl; ssl_certificate a.crt; ssl_certificate_key a.key; default_type text/plain;
    location / { if (@tls.version = "") { return 500; } return 200 "\${@tls.version} \${@tls.server_name} \${@tls.my.subject.cn} \${@received.proto} \${@ruri.type} [\${@tls.peer.subject.cn}]"; } } }`,
  { files: { 'a.crt': fixture('a.test.crt'), 'a.key': fixture('a.test.key') } })
  const text = await new Promise<string>((resolve, reject) => {
    let all = ''
    const socket = connect({ host: '127.0.0.1', port: server.port(), ca: fixture('ca.crt'), servername: 'a.test', checkServerIdentity: () => undefined },
      () => socket.write('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n'))
    socket.setEncoding('latin1').on('data', (data) => { all += data }).on('close', () => resolve(all)).on('error', reject)
  })
  assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), 'TLSv1.3 a.test a.test tls https []')
})

test('logs of routes: %@select, its end, and its states', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    event_route[xhttp:request] { xlog("L_ERR", "<%@method%|.x %@subject %@status %%@to 100%>"); xhttp_reply("200", "OK", "", "@method"); } } }`)
  assert.equal((await server.get('/')).body, 'GET')
  await server.site.waitLog(/<GET\.x <null> {2}%@to 100%>/)
})

test('mistakes are named, with place and suggestion', async (t) => {
  await assertMistakes(t, [
    ['return 200 "${@methd}";', 'unknown select "@methd"'],
    ['return 200 ${@from.uri.usr};', 'unknown select "@from.uri.usr", "usr" cannot follow "@from.uri"'],
  ])
  await assertMistakes(t, [
    ['if (@method.x) { return 403; }', 'unknown select "@method.x", "x" cannot follow "@method"'],
    ['add_header X ${@hf_value};', 'incomplete select "@hf_value"'],
    ['set $x ${@msg.header.x[0]};', 'invalid select "@msg.header.x[0]", indexes count from 1, or from the end with -1'],
  ])
  await assertMistakes(t, [
    ['return 200 ${@from.};', 'invalid select "@from.", a name is missing at its end'],
    ['return 200 "${@from uri}";', 'invalid select "@from uri", unexpected " "'],
    ['return 200 "a${@method";', 'the closing bracket in "@method" select is missing'],
    ['if (${@method} = GET) { return 403; }', 'invalid condition "${@method}"'],
    ['if (@method == GET) { return 403; }', 'unexpected "==" in condition'],
  ])
})

test('a mistake points at the element', async (t) => {
  const place = site(t)
  await place.configure('http { server {\n  listen 127.0.0.1:<port>;\n  location / { return 200 "to ${@from.uri.usr}"; }\n} }')
  const { stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.equal(stderr.split('\n').slice(1, 4).join('\n'), [
    '   3 |   location / { return 200 "to ${@from.uri.usr}"; }', '     |                                           ^^^', '  note: did you mean "user"?'].join('\n'))
})

test('a bare select as a condition of a route is warned about', async (t) => {
  const place = site(t)
  await place.configure('http { server {\n  listen 127.0.0.1:<port>;\n  event_route[xhttp:request] {\n if (@cseq.num) exit; }\n} }')
  const { stderr, code } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.equal(code, 0)
  assert.match(stderr, /\[warn\] "@cseq\.num" is true only when it is a number other than 0 in .*:4\n/)
})

/** plugins-as/selects: selects that a plugin brings, in every place where selects stand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertMistakes } from './mistakes.ts'
import { run, site, start, startScript } from './kit.ts'

const token = (claims: string): string => `Bearer e30.${Buffer.from(claims).toString('base64url')}.sig`
const said = '[${@cookie.theme}] [${@query.a}] [${@query.a[2]}] [${@query.a[-1]}] [${@accept.language}] [${@accept.language[2]}] [${@jwt.claim.sub}] [${@jwt.claim["a b"]}] ' +
  '[${@jwt.claim.iss.host}] [${@query.to.nameaddr.uri.user}] [${@query.u.port}]'

test('in texts, conditions, logs and routes; the plugin is loaded by its selects', async (t) => {
  const server = await start(t, `http { log_format l '\${@cookie.theme}'; access_log l.log l; server { listen 127.0.0.1:<port>; default_type text/plain;
    map_hash_max_size 64;
    if (@jwt.claim.sub = mallory) { return 403; }
    location / { return 200 '${said}'; }
    location /s { event_route[xhttp:request] { if (@accept.language == "de" && @query.a != "1") $var(x) = "Hallo " + @cookie.name; else $var(x) = "Hello";
      xhttp_reply("200", "OK", "text/plain", "$var(x), $sel(query.b)"); } } } }`.replace('    map_hash_max_size 64;\n', ''))
  const body = async (path: string, headers: Record<string, string> = {}): Promise<string> => (await server.get(path, headers)).body
  assert.equal(await body('/'), '[] [] [] [] [] [] [] [] [] [] []')
  assert.equal(await body('/?a=x%20y&b&a=2+2&%61=%zz&to=%22A%22%20%3Csip:u@h%3E&u=sip:h:99', {
    'Cookie': 'b=1; theme="dark"', 'Accept-Language': 'en;q=0.5, de-CH ,*;q=0, fr;q=0.51', 'Authorization': token('{"sub":"ann\\u00e4","a b":[1,{"c":null}],"iss":"https://id.test:1/x"}'),
  }), `["dark"] [x y] [2 2] [%zz] [de-CH] [fr] [${Buffer.from('annä').latin1Slice()}] [[1,{"c":null}]] [id.test] [u] [99]`)
  assert.equal((await server.get('/', { Authorization: token('{"sub":"mallory"}') })).status, 403)
  assert.equal(await body('/s?a=2&b=z', { 'Accept-Language': 'de', 'Cookie': 'name=Ute' }), 'Hallo Ute, z')
  assert.equal(await body('/s?a=1&b=', { 'Accept-Language': 'de' }), 'Hello, ')
  assert.deepEqual((await server.rpc('plugin.show', 'selects')).result.selects, ['@cookie.*', '@query.*[n?]', '@accept.language[n?]', '@jwt.claim.*'])
  await server.stop()
  assert.deepEqual(server.site.read('l.log').trim().split('\n').slice(0, 2), ['-', '\\x22dark\\x22'])
})

test('a token that cannot be read is an error, one without the claim has none', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; default_type text/plain;
    event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "x"); $var(e) = ($var(v) = @jwt.claim.sub); xlog("L_ERR", "<%@jwt.claim.sub $var(e)>"); } } }`)
  const logged = async (header: string): Promise<string> => {
    await server.get('/', header === '' ? {} : { Authorization: header })
    return (await server.site.waitLog(/<([^<>]*|<null> 1)>(?![^]*<)/))[1]!
  }
  for (const bad of ['Bearer x', 'Bearer a.b', 'Bearer a.!!.c', 'Bearer a..c', 'Bearer a.e30.c.d', token('[]'), token('{'), `Bearer a.${'A'.repeat(7000)}.c`]) {
    assert.match(await logged(bad), /^ -1$/, bad)
  }
  for (const none of ['', 'Basic x', token('{}'), token('{"sub":null}')]) assert.equal((await server.get('/', none === '' ? {} : { Authorization: none })).status, 200)
  await server.stop()
  assert.equal([...server.log().matchAll(/<<null> 1>/g)].length, 4)
})

test('in a Kamailio file', async (t) => {
  const server = await startScript(t, `listen=tcp:127.0.0.1:<port>\nloadmodule "xhttp.so"\nevent_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "$sel(cookie.a)"); }\n`)
  assert.equal((await server.get('/', { Cookie: 'a=1' })).body, '1')
})

test('mistakes are named by the plugin at start-up', async (t) => {
  await assertMistakes(t, [
    ['return 200 "${@cookie}";', 'incomplete select "@cookie"'],
    ['return 200 "${@query.a[0]}";', 'invalid select "@query.a[0]", indexes count from 1, or from the end with -1'],
    ['return 200 "${@accept.language[0]}";', 'invalid select "@accept.language[0]", indexes count from 1, or from the end with -1'],
    ['return 200 "${@jwt.clam.x}";', 'unknown select "@jwt.clam.x", "clam" cannot follow "@jwt"'],
    ['return 200 "${@accept.language.x}";', 'unknown select "@accept.language.x", "x" cannot follow "@accept.language"'],
    ['return 200 \'${@cookie[""]}\';', 'invalid select "@cookie[""]", the name is empty'],
  ])
})

test('vespid check lists them', async (t) => {
  const place = site(t)
  const { stdout } = await run(place, ['check', new URL('../../build/plugins/selects.wasm', import.meta.url).pathname])
  assert.match(stdout, /^ {2}selects: @cookie\.\* @query\.\*\[n\?\] @accept\.language\[n\?\] @jwt\.claim\.\*$/m)
})

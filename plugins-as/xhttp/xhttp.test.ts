import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { plugin } from '../../sdk/test-kit/kit.ts'

const file = fileURLToPath(new URL('../../build/plugins/xhttp.wasm', import.meta.url))
const answering = (body: string): string => `location / { event_route[xhttp:request] { xhttp_reply("200", "OK", "text/plain", "${body}"); } }`

test('$hu is the URL as received', async () => {
  const xhttp = await plugin(file, answering('$hu|$(hu{url.path})|$(hu{url.querystring})'))
  assert.equal((await xhttp.get('/a%2Fb/../c?x=1?y#')).text, '/a%2Fb/../c?x=1?y#|/a%2Fb/../c|x=1?y#')
  assert.equal((await xhttp.get('/plain')).text, '/plain|/plain|')
  assert.equal((await xhttp.get('/b?é')).text, '/b?é|/b|é')
})

test('codes outside of 100 to 700, an empty reason and a second answer are refused', async () => {
  const xhttp = await plugin(file, `location / { event_route[xhttp:request] {
    $var(code) = $(hu{url.querystring});
    $var(rc) = xhttp_reply("$var(code)", "$hdr(reason)", "text/plain", "first");
    $var(again) = xhttp_reply(200, "OK", "text/plain", "$var(rc) then");
    if ($var(again) > 0) exit; } }`)
  const ask = async (path: string, reason = 'Why'): Promise<[number, string]> => {
    const { status, text } = await xhttp.get(path, { headers: { reason } })
    return [status, text]
  }
  assert.deepEqual([await ask('/?201'), await ask('/?99'), await ask('/?701'), await ask('/?700'), await ask('/?abc'), await ask('/?200', '')],
    [[201, 'first'], [200, '-1 then'], [200, '-1 then'], [700, 'first'], [200, '-1 then'], [200, '-1 then']])
})

/** plugins-as/headers: add_header and expires (ngx_http_headers_filter_module). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, site, start } from './kit.ts'
import { assertMistakes } from './mistakes.ts'
import type { Response } from './client.ts'

/** The header lines behind `Connection`, in their order. */
function added({ lines }: Response): string[] {
  const at = lines.findIndex(([name]) => name === 'connection')
  return lines.slice(at + 1).map(([name, value]) => `${name}: ${value}`)
}

test('add_header: order, duplicates, variables, empty values, "always", statuses', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>;
    add_header X-Plain one; add_header X-Plain two; add_header X-Arg "a=$arg_a;" ; add_header X-Empty ""; add_header X-Gone $arg_gone; add_header X-Always "on $status" always;
    location / { return 200 ok; }
    location /s { return 201; }
    location /nothing { return 204; }
    location /moved { return 307 /; }
    location /missing { return 404; }
    location /early { return 202 x; }
  } }`)
  const all = (status: number) => ['x-plain: one', 'x-plain: two', 'x-arg: a=1;', `x-always: on ${status}`]
  assert.deepEqual(added(await server.get('/?a=1')), all(200))
  assert.deepEqual(added(await server.get('/s?a=1')), all(201))
  assert.deepEqual(added(await server.get('/nothing?a=1')), all(204))
  assert.deepEqual(added(await server.get('/moved?a=1')), all(307))
  assert.deepEqual(added(await server.get('/missing?a=1')), ['x-always: on 404'])
  assert.deepEqual(added(await server.get('/early?a=1')), ['x-always: on 202'])
})

test('inheritance: all or nothing, and as add_header_inherit says', async (t) => {
  const server = await start(t, `http { access_log off; add_header A http; server { listen 127.0.0.1:<port>; add_header B server;
    location / { return 200 ok; }
    location /own { add_header C own; if ($arg_x) { add_header D if; return 200 if; } return 200 ok; }
    location /off { add_header_inherit off; return 200 ok; }
    location /merge { add_header_inherit merge; add_header C own; return 200 ok; location /merge/deeper { add_header D deep; return 200 ok; } }
    location /on { add_header_inherit on; return 200 ok; }
  } }`)
  assert.deepEqual(added(await server.get('/')), ['b: server'])
  assert.deepEqual(added(await server.get('/own')), ['c: own'])
  assert.deepEqual(added(await server.get('/own?x=1')), ['d: if'])
  assert.deepEqual(added(await server.get('/off')), [])
  assert.deepEqual(added(await server.get('/merge')), ['c: own', 'b: server'])
  assert.deepEqual(added(await server.get('/merge/deeper')), ['d: deep', 'c: own', 'b: server'])
  assert.deepEqual(added(await server.get('/on')), ['b: server'])
})

test('Last-Modified and ETag take the place of the response\'s own', async (t) => {
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; root html;
    location / { add_header Last-Modified "Thu, 01 Jan 1970 00:00:09 GMT"; add_header ETag '"mine"'; }
    location /bare/ { add_header Last-Modified ""; add_header ETag ""; }
  } }`, { files: { 'html/a.txt': 'a', 'html/bare/a.txt': 'a' } })
  const answer = await server.get('/a.txt')
  const of = (name: string) => answer.lines.filter(([n]) => n === name).map(([, value]) => value)
  assert.deepEqual([of('last-modified'), of('etag')], [['Thu, 01 Jan 1970 00:00:09 GMT'], ['"mine"']])
  const bare = await server.get('/bare/a.txt')
  assert.deepEqual([bare.status, bare.header('last-modified'), bare.header('etag')], [200, null, null])
})

/** Seconds from Date to Expires. */
function lifetime(answer: Response): number {
  return (Date.parse(answer.header('expires')!) - Date.parse(answer.header('date')!)) / 1000
}

test('expires: every form', async (t) => {
  const server = await start(t, `http { access_log off; map $arg_e $e { default $arg_e; none ''; } server { listen 127.0.0.1:<port>; root html;
    location /hour { expires 1h; return 200 ok; location /hour/off { expires off; return 200 ok; } location /hour/missing { return 404; } }
    location /plus { expires +1d12h; return 200 ok; }
    location /zero { expires 0; return 200 ok; }
    location /past { expires -1; return 200 ok; }
    location /epoch { expires epoch; return 200 ok; }
    location /max { expires max; return 200 ok; }
    location /daily { expires @15h30m; return 200 ok; }
    location /modified/ { expires modified 10d; alias <prefix>/html/; }
    location /modified-none { expires modified 10d; return 200 ok; }
    location /stale/ { expires modified 1s; alias <prefix>/html/; }
    location /by { expires $e; return 200 ok; }
    location /replaced { add_header Cache-Control public; expires 60; return 200 ok; }
  } }`, { files: { 'html/a.txt': 'a' } })
  const both = async (path: string) => {
    const answer = await server.get(path)
    return [answer.header('expires'), answer.header('cache-control')]
  }
  const near = async (path: string, seconds: number) => {
    const answer = await server.get(path)
    assert.equal(answer.header('cache-control'), `max-age=${seconds}`)
    // The clock may tick between the two lines.
    assert.ok(Math.abs(lifetime(answer) - seconds) <= 1, path)
  }
  await near('/hour', 3600)
  await near('/plus', 129600)
  await near('/zero', 0)
  await near('/modified-none', 864000)
  await near('/by?e=2m', 120)
  assert.deepEqual(await both('/hour/off'), [null, null])
  assert.deepEqual(await both('/hour/missing'), [null, null])
  assert.equal((await both('/past'))[1], 'no-cache')
  assert.deepEqual(await both('/epoch'), ['Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache'])
  assert.deepEqual(await both('/max'), ['Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000'])
  assert.deepEqual(await both('/by?e=epoch'), ['Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache'])
  for (const value of ['off', 'none', 'soon']) assert.deepEqual(await both(`/by?e=${value}`), [null, null])
  const modified = await server.get('/modified/a.txt')
  assert.equal(Date.parse(modified.header('expires')!), Date.parse(modified.header('last-modified')!) + 864000000)
  const daily = await server.get('/daily')
  const at = new Date(daily.header('expires')!)
  assert.deepEqual([at.getHours(), at.getMinutes(), at.getSeconds()], [15, 30, 0])
  assert.ok(lifetime(daily) >= 0 && lifetime(daily) <= 86400)
  const replaced = await server.get('/replaced')
  assert.deepEqual(replaced.lines.filter(([name]) => name === 'cache-control').map(([, value]) => value), ['max-age=60', 'public'])
})

test('mistakes', async (t) => {
  await assertMistakes(t, [
    ['add_header a;', 'invalid number of arguments in "add_header" directive'],
    ['add_header a b c;', 'invalid parameter "c"'],
    ['add_header "a b" c;', 'invalid header name "a b"'],
    ['add_header_inherit maybe;', 'invalid value "maybe"'],
    ['expires soon;', '"expires" directive invalid value'],
    ['expires changed 1h;', '"expires" directive invalid value'],
    ['expires modified epoch;', '"expires" directive invalid value'],
    ['expires modified @1h;', '"expires" directive daily time cannot be used with "modified" parameter'],
    ['expires @25h;', '"expires" directive daily time value must be less than 24 hours'],
    ['expires 1h; expires 2h;', '"expires" directive is duplicate'],
    ['expires 1m1h;', '"expires" directive invalid value'],
    ['expires 5ms;', '"expires" directive invalid value'],
    ['expires -;', '"expires" directive invalid value'],
  ])
  const place = site(t)
  await place.configure('http {\nadd_header a $nosuch;\n}')
  const { stderr } = await run(place, ['-p', place.prefix, '-c', 'vespid.conf', '-t'])
  assert.equal(stderr.split('\n')[0], 'vespid: [emerg] unknown "nosuch" variable')
})

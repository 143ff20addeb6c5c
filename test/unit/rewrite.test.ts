/** The rewrite module over sockets; the expected answers are nginx 1.22.1's to the same configuration, but where a comment says otherwise. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { engine } from './engine-kit.ts'

const conf = `error_log e.log notice; root .;
  location /q { if ($uri ~ ^/q/(.*)$) { set $a $1; set $b "x$1y"; } return 200 "$a|$b|$1"; }
  location /r { rewrite ^/r/(.*)$ /zz/$1 ; set $a $1; return 200 "$a|$1|$uri|$args"; }
  location /s { rewrite ^/s/(.*)$ /zz/$1?x=$1&u=$uri break; return 200 never; }
  location /t { rewrite ^/t/(.*)$ /zz/$1/$uri?x=$1&u=$uri redirect; }
  location /u { rewrite ^/u/(.*)$ /zz/$1? permanent; }
  location /v { rewrite ^/v/(.*)$ /zz/$1?a=1; rewrite ^/zz/(.*)$ /vv?b=2; return 200 "$uri|$args"; }
  location /w { rewrite_log on; if ($arg_x ~ (b)) { set $c $1; } if ($arg_y ~ zzz) { } return 200 "[$1][$c]"; }
  location /x { return 200 "<$unset_me>$unset_me"; set $unset_me 1; }
  location /xq { uninitialized_variable_warn off; return 200 "<$unset_me>"; }
  location /z { rewrite ^/z/(.*) $1; return 200 "$uri"; }
  location /aa { set $http_foo bar; return 200 "$http_foo"; }
  location /ab { if ($http_foo) { return 200 "yes"; } return 200 "no $http_foo"; }
  location /ac { set $args "q=1"; return 200 "$args $query_string $arg_q $is_args $request_uri"; }
  location /ae { if ( $arg_a = "b c" ) { return 200 "spaced"; } if ($arg_a !~* "^X") { return 200 "neg"; } return 200 "none"; }
  location /af { rewrite ^/af/(.*)$ http://x.y/$1 ; }
  location /ag { rewrite ^/ag/(.*)$ $scheme://h/$uri ; }
  location /ai { set $limit_rate 1k; return 200 "$limit_rate"; }
  location /ak { return 302 http://h$uri; }
  location /al { if ($arg_f = 1) { error_page 404 =200 /tail; } break; return 404; }
  location /am { if (-d $document_root) { set $d d; } if (!-e $document_root/nope) { set $e e; } if (-x $document_root) { set $x x; }
    if (-f $document_root/vespid.conf) { set $f f; } if (!-f $document_root) { set $g g; } return 200 "$d$e$f$g$x"; }
  location /an { if ($request_method = POST) { return 405; } return 204; }
  location /ao { rewrite ^ /tail?x=$arg_y last; return 200 no; }
  location /ap { rewrite ^ /tail; break; return 200 no; }
  location /aq { rewrite ^/aq(?<rest>/.*)?$ /tail?rest=$rest last; }
  location /ar { set $status_text "s"; return 202 "$status $status_text"; }
  location /as { if ($uri ~ ^(a+)+(?=$)) { return 200 no; } if ($arg_x ~ ^(a+)+(?=$)) { return 200 yes; } return 200 end; }
  location /tail { return 200 "tail $uri $args"; }
  if ($arg_server) { return 200 "server $uri"; }
  set $early "e$arg_early";
  location /at { return 200 $early; }
  location @n { return 200 "named $status"; }
  location /au { error_page 418 = @n; return 418; }
`

/** Answers `GET target`: status, Location if any, body if it is not a built-in page. */
async function get(raw: (bytes: string) => Promise<string>, target: string, method = 'GET', more = ''): Promise<string> {
  const answer = await raw(`${method} ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${more}\r\n`)
  const [head, body] = answer.split('\r\n\r\n') as [string, string]
  const location = /^Location: (.*)$/m.exec(head)?.[1]?.trim().replace(/^http:\/\/h:\d+/, '')
  return [head.slice(9, 12), location, body.startsWith('<html') ? undefined : body].filter((part) => part !== undefined && part !== '').join(' ')
}

const expected: Record<string, string> = {
  '/q/a%20b%26c': '200 a%20b%26c|xa%20b%26cy|a b&c',
  '/r/a%20b%26c?k=v': '200 a b&c|a b&c|/zz/a b&c|k=v',
  '/r/ab%2B?k=v': '200 ab+|ab+|/zz/ab+|k=v',
  '/s/a%20b%26;c?k=v': '404',
  '/t/a%20b%26%3F%C3%A9;c/x+y?k=v':
    '302 /zz/a%20b&?%C3%A9%3Bc/x%2By//t/a b&?\xc3\xa9;c/x+y?x=a%20b%26%3F%C3%A9%3Bc/x%2By&u=/t/a b&?\xc3\xa9;c/x+y&k=v',
  '/u/a%20b%26?k=v': '301 /zz/a%20b&',
  '/v/q?k=v': '200 /vv|b=2&a=1&k=v',
  '/w?x=b&y=a': '200 [][b]',
  '/x': '200 <>',
  '/xq': '200 <>',
  '/z/': '500',
  '/z/abc': '200 abc',
  '/aa': '200 bar',
  '/ab': '200 no ',
  '/ac?z=2': '200 q=1 q=1 1 ? /ac?z=2',
  '/ae?a=b%20c': '200 neg',
  '/ae?a=Xy': '200 none',
  '/af/a%20b?x=1': '302 http://x.y/a%20b?x=1',
  '/ag/a%20b?x=1': '302 http://h//ag/a b?x=1',
  '/ai': '200 1024',
  // nginx sends the line break and lets the client write headers.
  '/ak/a%0d%0ab': '302 http://h/ak/a%0D%0Ab',
  '/al?f=1': '200 tail /tail ',
  '/al': '404',
  '/am': '200 defgx',
  '/an': '204',
  '/ao?y=7': '200 tail /tail x=7&y=7',
  '/ap': '404',
  '/aq/one/two': '200 tail /tail rest=/one/two',
  '/aq': '200 tail /tail rest=',
  '/ar': '202 202 s',
  '/anything?server=1': '200 server /anything',
  '/nowhere?server=0': '404',
  '/at?early=bird': '200 ebird',
  '/au': '200 named 200',
}

test('set, if, return, rewrite and break answer as nginx does', async (t) => {
  const server = await engine(t, conf)
  const answers: Record<string, string> = {}
  for (const target of Object.keys(expected)) answers[target] = await get(server.raw, target)
  assert.deepEqual(answers, expected)
  assert.equal(await get(server.raw, '/an', 'POST', 'Content-Length: 0\r\n'), '405')
  assert.equal(await get(server.raw, '/ab', 'GET', 'Foo: 1\r\n'), '200 yes')
  assert.equal(await get(server.raw, '/ab', 'GET', 'Foo: 0\r\n'), '200 no 0')
  assert.equal(await get(server.raw, `/as?x=${'a'.repeat(500)}!`), '500')
  assert.equal(await get(server.raw, `/as?x=${'a'.repeat(500)}`), '200 yes')
  const log = readFileSync(join(server.prefix, 'e.log'), 'latin1').replace(/^.*?#\d+: \*\d+ /gm, '').replace(/, client: .*$/gm, '')
  assert.deepEqual(log.split('\n').filter((line) => /matches|uninitialized|zero length|does not match/.test(line)), [
    '"(b)" matches "b"', '"zzz" does not match "a"', 'using uninitialized "unset_me" variable', 'the rewritten URI has a zero length',
  ])
})

test('named captures of any regex are variables of the whole http{}', async (t) => {
  const server = await engine(t, 'location ~ ^/n/(?<who>[a-z]+)$ { return 200 "$who $1"; } location / { return 200 "[$who]"; }')
  assert.equal(await get(server.raw, '/n/bob'), '200 bob bob')
  assert.equal(await get(server.raw, '/x'), '200 []')
})

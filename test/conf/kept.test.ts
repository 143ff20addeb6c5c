/**
 * Where we do not say what nginx 1.22.1 says: nginx 1.31.5 says otherwise (1.31), what nginx only does when a request comes is told at once (earlier),
 * what it takes could split a message (safer), or the thing itself is not there (absent).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alone, inHttp, inLocation, inServer, inUpstream, place, problems } from './answer.ts'

type Difference = readonly [why: '1.31' | 'earlier' | 'safer' | 'absent' | 'ours', wrap: (text: string) => string, text: string, nginx: string, ours: string]

const server = 'server 127.0.0.1;'

const rows: readonly Difference[] = [
  ['1.31', inUpstream, `${server} keepalive 0;`, '[emerg] invalid value "0" in "keepalive" directive in F:4', 'ok'],
  ['1.31', inUpstream, `keepalive 5; ip_hash; ${server}`, '[warn] load balancing method redefined in F:4', 'ok'],
  ['1.31', inServer, 'listen 8181 http2;', 'ok',
    '[warn] the "listen ... http2" directive is deprecated, use the "http2" directive instead in F:4'],
  ['1.31', inServer, 'listen 8181 multipath;', '[emerg] invalid parameter "multipath" in F:4', 'ok'],
  ['1.31', inServer, 'ssl on;', '[warn] the "ssl" directive is deprecated, use the "listen ... ssl" directive instead in F:4',
    '[emerg] unknown directive "ssl" in F:4'],
  ['1.31', inServer, 'listen 8181 quic;', '[emerg] invalid parameter "quic" in F:4',
    '[emerg] the "quic" parameter requires ngx_http_v3_module in F:4'],
  ['1.31', inHttp, 'geo $x { volatile; }', '[emerg] invalid number of the geo parameters in F:3', 'ok'],
  ['1.31', inLocation, 'resolver 127.0.0.1 ipv4=off;', '[emerg] host not found in resolver "ipv4=off" in F:5', 'ok'],
  ['1.31', inLocation, 'http2_push off;', 'ok', '[warn] the "http2_push" directive is obsolete, ignored in F:5'],
  ['earlier', inLocation, 'proxy_set_header a $;', '[emerg] invalid variable name in F:8', '[emerg] invalid variable name in F:5'],
  ['earlier', inLocation, 'proxy_cookie_flags a foo;', 'ok', '[emerg] invalid parameter "foo" in F:5'],
  ['earlier', inHttp, 'split_clients $uri $x { 50%; }', 'ok', '[emerg] invalid number of the split_clients parameters in F:3'],
  ['safer', inLocation, 'add_header "a b" c;', 'ok', '[emerg] invalid header name "a b" in F:5'],
  ['safer', inLocation, 'proxy_set_header "a b" c;', 'ok', '[emerg] invalid header name "a b" in F:5'],
  ['safer', alone, 'events{} include c.conf;', '[emerg] "events" directive is duplicate in F:1', '[emerg] "F" includes itself in F:1'],
  ['absent', inLocation, 'proxy_store on;', 'ok', '[emerg] "proxy_store" supports only "off" in F:5'],
  ['absent', inLocation, 'fastcgi_pass unix:/x;', 'ok', '[emerg] unknown directive "fastcgi_pass" in F:5'],
  ['absent', alone, 'events{} error_log memory:32k;', 'ok', '[emerg] error logs to "memory:" are not supported in F:1'],
  ['ours', inServer, 'listen 127.0.0.1:0;', '[emerg] invalid port in "127.0.0.1:0" of the "listen" directive in F:4', 'ok'],
  ['ours', alone, 'events { use poll; }', '[emerg] invalid event type "poll" in F:1', 'ok'],
  ['ours', alone, `#${'a'.repeat(5000)}\nevents{}`, '[emerg] too long parameter "#aaaaaaaaa..." started in F:1', 'ok'],
  ['ours', inLocation, 'aio on;', '[emerg] "aio on" is unsupported on this platform in F:5', 'ok'],
]

test('what is kept different from nginx 1.22.1', () => {
  for (const [why, wrap, text, , ours] of rows) {
    const all = problems(place(), wrap(text))
    assert.equal(all.find((line) => line.startsWith('[emerg]')) ?? all[0] ?? 'ok', ours, `${why}: ${text}`)
  }
})

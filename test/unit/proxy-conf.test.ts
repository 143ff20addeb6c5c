/** The configuration of proxy_pass and upstream{}: what is accepted, what is said of mistakes, how places inherit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Request } from '../../host/http/request.ts'
import { proxyModule } from '../../host/modules/proxy/module.ts'
import type { ProxyConf } from '../../host/modules/proxy/conf.ts'
import { rewriteCookie } from '../../host/modules/proxy/replace.ts'
import { upstreamModule } from '../../host/modules/upstream/module.ts'
import { rewriteModule } from '../../host/modules/rewrite/module.ts'
import { constantTemplate } from '../../host/expr/template.ts'
import { Regex } from '../../host/expr/regex.ts'
import { buildHttp } from './http-support.ts'

const modules = [rewriteModule, upstreamModule, proxyModule]

/** The first error of an http{} block, as nginx prints it, without the file. */
function mistake(t: TestContext, text: string): string {
  return (buildHttp(t, text, { modules }).messages.find((line) => line.startsWith('[emerg]')) ?? 'none').replace('[emerg] ', '').replaceAll('<P>/v.conf', 'F')
}

function server(text: string): string { return `server { listen 127.0.0.1:8999; ${text} }` }

test('mistakes are told in nginx\'s words', (t) => {
  const noUri = '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, ' +
    'or inside "limit_except" block in F:3'
  const cases: [string, string][] = [
    [server('location / { proxy_pass ftp://a; }'), 'invalid URL prefix in F:3'],
    [server('location / { proxy_pass http://; }'), 'no host in upstream "" in F:3'],
    [server('location / { proxy_pass http://127.0.0.1:0; }'), 'invalid port in upstream "127.0.0.1:0" in F:3'],
    [server('location / { proxy_pass http://:80/; }'), 'no host in upstream ":80/" in F:3'],
    [server('location @n { proxy_pass http://127.0.0.1/x; }'), noUri],
    [server('location / { if ($host) { proxy_pass http://127.0.0.1/x; } }'), noUri],
    [server('location / { limit_except GET { proxy_pass http://127.0.0.1/x; } }'), noUri],
    [server('location / { proxy_pass http://nosuch.invalid; }'), 'host not found in upstream "nosuch.invalid" in F:3'],
    ['upstream u { server 127.0.0.1; }' + server('location / { proxy_pass http://u:81; }'), 'upstream "u" may not have port 81 in F:3'],
    [server('location / { proxy_pass http://u:81; }') + 'upstream u { server 127.0.0.1; }', 'upstream "u" may not have port 81 in F:3'],
    ['upstream u { }', 'no servers are inside upstream in F:3'],
    ['upstream u { server 127.0.0.1 backup; }', 'no servers in upstream "u" in F:3'],
    ['upstream u { ip_hash; server 127.0.0.1 backup; }', 'balancing method does not support parameter "backup" in F:3'],
    ['upstream u { server 127.0.0.1 weight=0; }', 'invalid parameter "weight=0" in F:3'],
    ['upstream u { server 127.0.0.1 fail_timeout=x; }', 'invalid parameter "fail_timeout=x" in F:3'],
    ['upstream u { server 127.0.0.1/x; }', 'invalid host in upstream "127.0.0.1/x" in F:3'],
    ['upstream u { server 127.0.0.1; hash k foo; }', 'invalid parameter "foo" in F:3'],
    ['upstream u { server 127.0.0.1; keepalive x; }', 'invalid value "x" in "keepalive" directive in F:3'],
    ['upstream u { server 127.0.0.1; keepalive 1; keepalive 2; }', '"keepalive" directive is duplicate in F:3'],
    ['upstream u { server 127.0.0.1; zone z 4k; }', 'zone "z" is too small in F:3'],
    [server('proxy_redirect default;'), '"proxy_redirect default" should be placed after the "proxy_pass" directive in F:3'],
    [server('location / { proxy_pass http://$host; proxy_redirect default; }'),
      '"proxy_redirect default" cannot be used with "proxy_pass" directive with variables in F:3'],
    [server('proxy_redirect off; proxy_redirect off;'), '"proxy_redirect" directive is duplicate in F:3'],
    [server('proxy_redirect foo;'), 'invalid parameter "foo" in F:3'],
    [server('proxy_cookie_flags a sure;'), 'invalid parameter "sure" in F:3'],
    [server('proxy_http_version 3;'), 'invalid value "3" in F:3'],
    [server('proxy_set_header "a b" c;'), 'invalid header name "a b" in F:3'],
    [server('proxy_next_upstream never;'), 'invalid value "never" in F:3'],
    [server('proxy_buffers 1 4k; location / { proxy_pass http://127.0.0.1; }'), 'there must be at least 2 "proxy_buffers" in F:4'],
    [server('proxy_ssl_verify on; location / { proxy_pass https://127.0.0.1; }'), 'no proxy_ssl_trusted_certificate for proxy_ssl_verify'],
  ]
  for (const [text, wanted] of cases) {
    assert.equal(mistake(t, text), wanted, text)
  }
})

function confAt(t: TestContext, text: string, uri: string): ProxyConf {
  const built = buildHttp(t, text, { modules })
  assert.deepEqual(built.messages, [])
  return built.at(uri).confs[built.cycle.indexOf(proxyModule)] as ProxyConf
}

test('header lines are inherited all or none, and none but ours says where a body ends', (t) => {
  const text = server(`proxy_set_header A 1; proxy_set_header Host x; proxy_set_header Content-Length 5;
    location /in { proxy_pass http://127.0.0.1; } location /own { proxy_pass http://127.0.0.1; proxy_set_header B 2; proxy_set_header C ""; }`)
  const lines = (uri: string) => confAt(t, text, uri).sendHeaders.map(({ name, value }) => `${name}: ${value.source}`)
  assert.deepEqual(lines('/in'), ['A: 1', 'Host: x'])
  assert.deepEqual(lines('/own'), ['B: 2', 'Host: $proxy_host'])
  assert.deepEqual([...confAt(t, text, '/own').skipHeaders].sort(),
    ['b', 'c', 'connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'])
})

test('defaults, and the automatic redirect of names that end in a slash', (t) => {
  const text = server('location /a/ { proxy_pass http://127.0.0.1:81/b/; } location /n { proxy_pass http://127.0.0.1; }')
  const conf = confAt(t, text, '/a/x')
  const { connectTimeout, sendTimeout, readTimeout, buffering, requestBuffering, nextUpstream, httpVersion, bufferSize } = conf
  assert.deepEqual({ connectTimeout, sendTimeout, readTimeout, buffering, requestBuffering, nextUpstream, httpVersion, bufferSize }, {
    connectTimeout: 60000, sendTimeout: 60000, readTimeout: 60000, buffering: true, requestBuffering: true, nextUpstream: 3, httpVersion: 1001,
    bufferSize: 4096,
  })
  assert.deepEqual(conf.target, { ssl: false, hostHeader: '127.0.0.1:81', port: '81', name: '127.0.0.1', uri: '/b/' })
  assert.deepEqual(conf.redirects!.map(({ pattern, replacement }) => [(pattern as { source: string }).source, replacement.source]),
    [['http://127.0.0.1:81/b/', '/a/']])
  const { at } = buildHttp(t, text, { modules })
  assert.equal(at('/a/').autoRedirect, true)
  assert.equal(at('/n').autoRedirect, false)
})

test('cookies are rewritten part by part', () => {
  const text = (from: string, to: string) => ({ pattern: constantTemplate(from), replacement: constantTemplate(to) })
  const rules = {
    cookieDomains: [text('.a.com', 'b.com')], cookiePaths: [text('/two/', '/')],
    cookieFlags: [{ cookie: new Regex('^s', false), secure: true, httponly: null, samesite: 'Lax' },
      { cookie: constantTemplate('t'), secure: false, httponly: true, samesite: false as const }],
  }
  const r = { captures: null } as Request
  const rewritten = (cookie: string) => rewriteCookie(r, rules, cookie)
  assert.equal(rewritten('x=1; Path=/two/z;Domain=A.com;Max-Age=5'), 'x=1; Path=/z; Domain=b.com; Max-Age=5')
  assert.equal(rewritten('x=1;Domain=.a.com'), 'x=1; Domain=.b.com')
  assert.equal(rewritten('x=1;  Path=/other'), 'x=1;  Path=/other')
  assert.equal(rewritten('s1=1; SameSite=None'), 's1=1; SameSite=Lax; Secure')
  assert.equal(rewritten('T=1; Secure; SameSite=None'), 'T=1; HttpOnly')
  assert.equal(rewritten('Domain=a.com'), 'Domain=a.com')
})


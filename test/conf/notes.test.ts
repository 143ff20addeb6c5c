/** What is told besides nginx's line: what was meant, what to use instead, where, and no mistake that follows from another. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildCycle } from '../../host/conf/build.ts'
import { formatProblems } from '../../host/conf/report.ts'
import { ErrorLog } from '../../host/core/logfile.ts'
import { hostModules } from '../../host/modules/list.ts'
import { noteOfAbsent } from '../../host/modules/unsupported/module.ts'
import { packageRoot } from '../../host/core/install.ts'
import { PluginStore } from '../../host/wasm/store.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'
import { alone, inHttp, inLocation, inServer, inUpstream, place, problems } from './answer.ts'

const shipped = PluginStore.first(`${packageRoot}/build/plugins`)

/** Everything that `-t` prints about a text, the file written `F`. */
function shown(text: string | Buffer): string {
  const confFile = `${place()}/c.conf`
  writeFileSync(confFile, text)
  const options = { prefix: `${place()}/`, confFile, errorLog: `${place()}/logs/error.log`, globals: '', test: true }
  const { cycle } = buildCycle(options, hostModules, pluginsOf(shipped.next(), {}, options), new ErrorLog())
  cycle.openFiles.closeAll()
  return formatProblems(cycle.problems).replaceAll(confFile, 'F')
}

function note(text: string): string {
  return /^ {2}note: (.*)$/m.exec(shown(text))?.[1] ?? ''
}

test('the name that was meant', () => {
  const cases: [wrap: (text: string) => string, text: string, meant: string][] = [
    [inLocation, 'retrun 200;', 'return'], [inLocation, 'rewirte a b;', 'rewrite'], [inLocation, 'proxypass http://a;', 'proxy_pass'],
    [inLocation, 'proxy-pass http://a;', 'proxy_pass'], [inLocation, 'proxy_header a b;', 'proxy_set_header'], [inLocation, 'add_headers a b;', 'add_header'],
    [inLocation, 'addheader a b;', 'add_header'], [inLocation, 'expire 1h;', 'expires'], [inLocation, 'alow all;', 'allow'], [inLocation, 'deni all;', 'deny'],
    [inLocation, 'stubstatus;', 'stub_status'], [inLocation, 'empty_giff;', 'empty_gif'], [inLocation, 'indexes a;', 'index'], [inLocation, 'rot a;', 'root'],
    [inLocation, 'try_file a b;', 'try_files'], [inLocation, 'errorpage 404 /x;', 'error_page'], [inLocation, 'acces_log off;', 'access_log'],
    [inLocation, 'client_max_body 1m;', 'client_max_body_size'], [inLocation, 'keep_alive_timeout 1;', 'keepalive_timeout'], [inLocation, 'gzip_type a;', 'gzip_types'],
    [inLocation, 'limit_request zone=a;', 'limit_req'], [inLocation, 'auth_basic_userfile x;', 'auth_basic_user_file'], [inLocation, 'defaulttype x;', 'default_type'],
    [inServer, 'lisen 80;', 'listen'], [inServer, 'listen80;', 'listen'], [inServer, 'server-name a;', 'server_name'], [inServer, 'loction / {}', 'location'],
    [inServer, 'Location / {}', 'location'], [inServer, 'ssl_key a;', 'ssl_certificate_key'], [inServer, 'ssl_cert a;', 'ssl_certificate'],
    [inServer, 'listen 80 defualt_server;', 'default_server'], [inHttp, 'sever {}', 'server'], [inHttp, 'upstreams u {}', 'upstream'],
    [inHttp, 'log_formt a b;', 'log_format'], [inHttp, 'access_log logs/a cmbined;', 'combined'], [inUpstream, 'srever 127.0.0.1;', 'server'],
    [alone, 'htp {}', 'http'], [alone, 'event {}', 'events'], [alone, 'worker_process 5;', 'worker_processes'], [alone, 'load_modules x;', 'load_module'],
    [alone, 'usr a;', 'user'], [alone, 'events { worker_conections 5; }', 'worker_connections'],
  ]
  for (const [wrap, text, meant] of cases) assert.equal(note(wrap(text)), `did you mean "${meant}"?`, text)
  assert.equal(note(inLocation('frobnicate x;')), '')
  assert.equal(note(inLocation('return 200 $reqest_uri;')), 'used in F:5; did you mean "$request_uri"?')
})

test('directives of nginx that are not there say so', () => {
  const cases: [string, string][] = [
    ['fastcgi_pass a;', 'FastCGI is not supported; let the application speak HTTP and use proxy_pass'],
    ['uwsgi_param a b;', 'uwsgi is not supported; let the application speak HTTP and use proxy_pass'],
    ['grpc_pass a;', 'gRPC needs HTTP/2 to the server, which is not supported'],
    ['http3 on;', 'HTTP/3 is not supported; clients use HTTP/1.1'],
    ['ssl on;', 'use listen 443 ssl in its place'],
    ['content_by_lua_block { ngx.say("x") }', 'Lua is not supported; write a plugin for it (vespid new NAME)'],
    ['else {}', 'there is no else; use another if, or map'],
  ]
  for (const [text, said] of cases) {
    const name = text.split(' ')[0]
    assert.deepEqual(problems(place(), inLocation(text)), [`[emerg] unknown directive "${name}" in F:5`])
    assert.equal(note(inLocation(text)), said)
  }
  assert.equal(note('events{} stream { server { listen 1; } }'), 'TCP and UDP are not proxied; vespid serves HTTP')
  assert.equal(noteOfAbsent('fastcgi'), null)
  for (const module of hostModules) for (const { name } of module.directives ?? []) {
    if (!/_temp_path$|^http2_|^proxy_ssl_/.test(name)) assert.equal(noteOfAbsent(name), null, `${name} is there`)
  }
})

test('all mistakes of a run, each at its word, none that follows from another', () => {
  const text = 'events {}\nhttp {\n\tserver {\n\t\tlisten 8181 foo;\n\t\tlocation ~ ( { nope; }\n\t\terror_page 200 /x;\n\t\tlocation /a { root x }\n' +
    '\t\tbad { worse; }\n\t}\n\tupstream u { server 127.0.0.1 weight=0; }\n}\n'
  assert.equal(shown(text), [
    'vespid: [emerg] invalid parameter "foo" in F:4', '   4 | \t\tlisten 8181 foo;', '     | \t\t            ^^^',
    'vespid: [emerg] pcre2_compile() failed: missing closing parenthesis in "(" in F:5', '   5 | \t\tlocation ~ ( { nope; }', '     | \t\t           ^',
    'vespid: [emerg] value "200" must be between 300 and 599 in F:6', '   6 | \t\terror_page 200 /x;', '     | \t\t           ^^^',
    'vespid: [emerg] unexpected "}" in F:7', '   7 | \t\tlocation /a { root x }', '     | \t\t                     ^', '  note: ";" is missing after "x" on line 7',
    'vespid: [emerg] unknown directive "bad" in F:8', '   8 | \t\tbad { worse; }', '     | \t\t^^^',
    'vespid: [emerg] invalid parameter "weight=0" in F:10', '  10 | \tupstream u { server 127.0.0.1 weight=0; }', '     | \t                              ^^^^^^^^', '',
  ].join('\n'))
})

test('a file that is no text is one mistake', () => {
  const gzipped = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0]), Buffer.from('; x; { y } z "q'), Buffer.alloc(5000, 7)])
  assert.equal(shown(gzipped), 'vespid: [emerg] unknown directive "\\x1F\\x8B\\x08\\x00\\x00\\x00" in F:1\n' +
    '   1 | \\x1F\\x8B\\x08\\x00\\x00\\x00; x; { y } z "q' + `${'\\x07'.repeat(50)}`.slice(0, 110 - 39) + '…\n' +
    '     | ^^^^^^^^^^^^^^^^^^^^^^^^\n  note: the file is not a text\n')
  const far = `${'\x01'.repeat(200)} {} `
  assert.match(shown(`events {} "${far}";`), /^vespid: \[emerg\] unknown directive "(\\x01){200} \{\} " in F:1\n/)
})

test('a plugin that hands on a text which is no template: the mistake is the user\'s', () => {
  assert.deepEqual(problems(place(), inLocation('add_header a ${;')), ['[emerg] invalid variable name in F:5'])
  assert.deepEqual(problems(place(), inLocation('expires ${uri;')), ['[emerg] the closing bracket in "uri" variable is missing in F:5'])
})

test('a great many mistakes', () => {
  const out = shown(`events {}\n${'lcation / { }\n'.repeat(50_000)}`)
  assert.equal(out.endsWith('vespid: 49980 more errors are not shown\n'), true)
  assert.equal(out.split('\n').length, 20 * 4 + 2)
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Level } from '../../host/core/log.ts'
import type { Request } from '../../host/http/request.ts'
import { httpModule } from '../../host/http/block.ts'
import { GzipProxied, KeepaliveDisable } from '../../host/http/core/conf.ts'
import type { CoreLocConf } from '../../host/http/core/conf.ts'
import { httpCoreModule } from '../../host/http/core/module.ts'
import { build } from './conf-support.ts'
import { buildHttp } from './http-support.ts'

const quiet = 'server_name a; listen 8999;'
const request = () => ({ captures: null, variables: [] }) as unknown as Request

/** The messages of a server's body; it begins on line 3. */
function inServer(t: TestContext, body: string): string[] {
  return buildHttp(t, `server { ${quiet} ${body} }`).messages
}

test('defaults of a location and of a server', (t) => {
  const { at, servers, main, prefix, messages } = buildHttp(t, `server { ${quiet} }`)
  assert.deepEqual(messages, [])
  const { types, root, ...rest } = at('/')
  const compiled = ['steps', 'headerFilters', 'bodyFilters', 'inputFilters', 'demandFilters', 'confs', 'errorLog', 'children']
  assert.deepEqual(Object.fromEntries(Object.entries(rest).filter(([name]) => !compiled.includes(name))), {
    name: '', exact: false, noregex: false, regex: null, named: false, noname: false, limitExceptBlock: false, place: null, locations: null,
    handler: null, handlerConf: null, autoRedirect: false, limitExcept: null, alias: 0, defaultType: 'text/plain', etag: true,
    ifModifiedSince: 'exact', maxRanges: 2147483647, logNotFound: true, disableSymlinks: 'off', disableSymlinksFrom: null,
    openFileCache: null, openFileCacheErrors: false, openFileCacheEvents: false, openFileCacheMinUses: 1, openFileCacheValid: 60,
    aio: 'off', aioWrite: false, directio: Infinity, directioAlignment: 512, readAhead: 0, sendfile: false, sendfileMaxChunk: 2097152,
    clientMaxBodySize: 1048576, clientBodyBufferSize: 8192, clientBodyTimeout: 60000, clientBodyInFileOnly: 'off',
    clientBodyInSingleBuffer: false, clientBodyTempPath: { name: `${prefix}client_body_temp`, levels: [] }, keepaliveTimeout: 75000,
    keepaliveHeader: 0, keepaliveRequests: 1000, keepaliveTime: 3600000, keepaliveMinTimeout: 0, keepaliveDisable: KeepaliveDisable.msie6,
    lingeringClose: 'on', lingeringTime: 30000, lingeringTimeout: 5000, resetTimedoutConnection: false, tcpNodelay: true, tcpNopush: false,
    sendTimeout: 60000, sendLowat: 0, postponeOutput: 1460, outputBuffers: { count: 2, size: 32768 }, limitRate: 0, limitRateAfter: 0,
    chunkedTransferEncoding: true, serverTokens: 'on', absoluteRedirect: true, portInRedirect: true, serverNameInRedirect: false,
    msiePadding: true, msieRefresh: false, errorPages: null, recursiveErrorPages: false, earlyHints: null, gzipVary: false,
    gzipHttpVersion: 1001, gzipProxied: GzipProxied.off, gzipDisable: null, satisfy: 'all', authDelay: 0, internal: false, postAction: '',
    logSubrequest: false, subrequestOutputBufferSize: 4096, resolver: null, resolverTimeout: 30000, typesHashMaxSize: 1024,
    typesHashBucketSize: 64, boundHandler: null, lastHead: null,
  })
  assert.equal(root.constant, `${prefix}html`)
  assert.deepEqual([...types], [['html', 'text/html'], ['gif', 'image/gif'], ['jpg', 'image/jpeg']])
  const s = servers[0]!
  assert.deepEqual([s.clientHeaderTimeout, s.clientHeaderBufferSize, s.largeClientHeaderBuffers, s.maxHeaders, s.ignoreInvalidHeaders,
    s.underscoresInHeaders, s.mergeSlashes, s.connectionPoolSize, s.requestPoolSize, s.clientBodyEarlyRead],
    [60000, 1024, { count: 4, size: 8192 }, 1000, true, false, true, 512, 4096, null])
  assert.deepEqual([main.serverNamesHashMaxSize, main.serverNamesHashBucketSize, main.variablesHashMaxSize, main.variablesHashBucketSize],
    [512, 64, 1024, 64])
})

test('every directive of nginx\'s core module is there with its contexts and arguments', () => {
  const names = httpCoreModule.directives!.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.equal(names.length, 87 + 1)
})

test('values are read, and a place inherits what it does not set', (t) => {
  const { at, servers, messages } = buildHttp(t, `keepalive_timeout 5s 4s; client_max_body_size 1g; limit_rate 1k; types { a/b AB; }
    keepalive_disable msie6 safari; gzip_proxied any auth; output_buffers 1 2k; default_type x/y; gzip_http_version 1.0; aio threads=p;
    large_client_header_buffers 2 1k; server_tokens build; satisfy any; client_body_temp_path tmp/b 1 2; postpone_output 0;
    server { ${quiet} keepalive_timeout 6s; client_header_timeout 1m; max_headers 5;
      location /a { limit_rate $v1; internal; types { } location /a/b { root /r/; keepalive_disable none; } }
      location /c { directio 4m; aio off; disable_symlinks on from=$v2; open_file_cache max=3 inactive=5s; resolver 127.0.0.1 valid=5s ipv6=off; } }`,
    { modules: [variables('v1', 'v2')] })
  assert.deepEqual(messages, [])
  assert.equal(servers[0]!.clientHeaderTimeout, 60000)
  assert.equal(servers[0]!.maxHeaders, 5)
  assert.deepEqual(servers[0]!.largeClientHeaderBuffers, { count: 2, size: 1024 })
  const b = at('/a/b')
  assert.deepEqual([b.keepaliveTimeout, b.keepaliveHeader, b.clientMaxBodySize, b.internal, b.root.constant, b.keepaliveDisable, b.aio, b.satisfy,
    b.serverTokens, b.gzipHttpVersion, b.gzipProxied, b.outputBuffers, b.postponeOutput, b.clientBodyTempPath.levels],
    [6000, 4, 1073741824, true, '/r', KeepaliveDisable.none, 'threads', 'any', 'build', 1000, GzipProxied.any | GzipProxied.auth,
      { count: 1, size: 2048 }, 0, [1, 2]])
  assert.equal(typeof b.limitRate, 'object')
  assert.equal(b.contentType('ab'), 'x/y', 'types of the level around are replaced as a whole')
  const c = at('/c')
  assert.deepEqual([c.limitRate, c.contentType('aB'), c.contentType('ab'), c.contentType(''), c.contentType('html'), c.internal, c.directio, c.aio],
    [1024, 'a/b', 'a/b', 'x/y', 'x/y', false, 4194304, 'off'])
  assert.deepEqual([c.disableSymlinks, c.openFileCache, c.resolver], ['on', { max: 3, inactive: 5 },
    { servers: ['127.0.0.1'], valid: 5, ipv4: true, ipv6: false }])
})

/** A module that defines variables which are always `v:` and their name. */
function variables(...names: string[]) {
  return { name: 'test_variables', variables: names.map((name) => ({ name, get: () => `v:${name}` })) }
}

test('root and alias', (t) => {
  const { at, prefix, messages } = buildHttp(t, `root rel/; server { ${quiet}
    location /a { alias /x/; location /a/b { } } location ~ ^/r(.) { alias /y/$1; } location /v { root $v; } location /w { root w$v/; }
    location /slash { root /; } location /el { alias d/; } }`, { modules: [variables('v')] })
  assert.deepEqual(messages, [])
  const of = ({ root, alias }: CoreLocConf) => [root.evaluate(request()), alias]
  assert.deepEqual(of(at('/')), [`${prefix}rel`, 0])
  assert.deepEqual(of(at('/a')), ['/x/', 2])
  assert.deepEqual(of(at('/a/b')), ['/x/', 2], 'an inherited alias replaces as much as where it stands')
  assert.deepEqual(of(at('/rx')), ['/y/', -1])
  assert.deepEqual(of(at('/v')), [`${prefix}v:v`, 0])
  assert.deepEqual(of(at('/w')), [`${prefix}wv:v`, 0])
  assert.deepEqual(of(at('/slash')), ['', 0])
  assert.deepEqual(of(at('/el')), [`${prefix}d/`, 3])
})

test('error_page', (t) => {
  const { at, messages } = buildHttp(t, `error_page 404 /h; server { ${quiet} error_page 404 /404.html; error_page 403 401 =200 /p?x;
    error_page 500 = @n; error_page 497 495 https://$v/; location /a { } location /b { error_page 404 =301 /c; } }`,
    { modules: [variables('v')] })
  assert.deepEqual(messages, [])
  const pages = (conf: CoreLocConf) => conf.errorPages!.map((p) => [p.status, p.overwrite, p.uri.evaluate(request())])
  assert.deepEqual(pages(at('/a')), [[404, -1, '/404.html'], [403, 200, '/p?x'], [401, 200, '/p?x'], [500, 0, '@n'],
    [497, 400, 'https://v:v/'], [495, 400, 'https://v:v/']])
  assert.deepEqual(pages(at('/b')), [[404, 301, '/c']])
})

test('limit_except: other methods take the block\'s configuration', (t) => {
  const { at, main, messages } = buildHttp(t, `server { ${quiet} location /a { limit_except get POST { } etag off; } }`)
  assert.deepEqual(messages, [])
  const except = at('/a').limitExcept!
  assert.deepEqual(['GET', 'HEAD', 'POST', 'PUT', 'get', 'FOO'].map((m) => except.allows(m)), [true, true, true, false, false, false])
  assert.deepEqual([except.location.name, except.location.noname, except.location.etag, except.location.limitExcept], ['/a', true, false, null])
  assert.equal(main.locations.length, 3)
  assert.ok(main.locations.every((location) => location.steps !== undefined))
})

test('location: words and nesting', (t) => {
  const { servers, messages } = buildHttp(t, `server { ${quiet} location =/a {} location ^~/b {} location ~*\\.c$ {} location ~d {}
    location = /e {} location @f { } location /g { location /g/h { } location ~ i { } } }`)
  assert.deepEqual(messages, [])
  assert.deepEqual(servers[0]!.location.children.map((l) => [l.name, l.exact, l.noregex, l.regex?.caseless ?? null, l.named]), [
    ['/a', true, false, null, false], ['/b', false, true, null, false], ['\\.c$', false, false, true, false], ['d', false, false, false, false],
    ['/e', true, false, null, false], ['@f', false, false, null, true], ['/g', false, false, null, false],
  ])
  assert.equal(servers[0]!.named.get('@f')!.name, '@f')
})

test('messages of a server', (t) => {
  const place = ' in <P>/v.conf:3'
  const cases: [string, string][] = [
    ['location foo /a {}', `[emerg] invalid location modifier "foo"${place}`],
    ['location = /a { location /a/b {} }', `[emerg] location "/a/b" cannot be inside the exact location "/a"${place}`],
    ['location @a { location /b {} }', `[emerg] location "/b" cannot be inside the named location "@a"${place}`],
    ['location / { location @x {} }', `[emerg] named location "@x" can be on the server level only${place}`],
    ['location /a { location /b {} }', `[emerg] location "/b" is outside location "/a"${place}`],
    ['location /a {} location /a {}', `[emerg] duplicate location "/a"${place}`],
    ['location /a { limit_except GET {} limit_except GET {} }', `[emerg] "limit_except" directive is duplicate${place}`],
    ['location /a { limit_except FOO {} }', `[emerg] invalid method "FOO"${place}`],
    ['root /a; root /b;', `[emerg] "root" directive is duplicate${place}`],
    ['location /a { alias /a; alias /b; }', `[emerg] "alias" directive is duplicate${place}`],
    ['location /a { alias /a; root /b; }', `[emerg] "root" directive is duplicate, "alias" directive was specified earlier${place}`],
    ['location @a { alias /a; }', `[emerg] the "alias" directive cannot be used inside the named location${place}`],
    ['root ${realpath_root}/x;', `[emerg] the $realpath_root variable cannot be used in the "root" directive${place}`],
    ['alias /x;', `[emerg] "alias" directive is not allowed here${place}`],
    ['internal;', `[emerg] "internal" directive is not allowed here${place}`],
    ['location /a { internal; internal; }', `[emerg] "internal" directive is duplicate${place}`],
    ['error_page 404 =x /a;', `[emerg] invalid value "=x"${place}`],
    ['error_page x /a;', `[emerg] invalid value "x"${place}`],
    ['error_page 600 /a;', `[emerg] value "600" must be between 300 and 599${place}`],
    ['keepalive_timeout 1 x;', `[emerg] "keepalive_timeout" directive invalid value${place}`],
    ['keepalive_timeout 1; keepalive_timeout 1;', `[emerg] "keepalive_timeout" directive is duplicate${place}`],
    ['limit_rate x;', `[emerg] "limit_rate" directive invalid value${place}`],
    ['limit_rate 1; limit_rate 1;', `[emerg] "limit_rate" directive is duplicate${place}`],
    ['open_file_cache foo;', `[emerg] invalid "open_file_cache" parameter "foo"${place}`],
    ['open_file_cache inactive=1;', `[emerg] "open_file_cache" must have the "max" parameter${place}`],
    ['disable_symlinks foo;', `[emerg] invalid parameter "foo"${place}`],
    ['disable_symlinks off from=/;', `[emerg] "from=" cannot be used with "off" parameter${place}`],
    ['resolver valid=1s;', `[emerg] no name servers defined${place}`],
    ['resolver 127.0.0.1 valid=x;', `[emerg] invalid parameter: valid=x${place}`],
    ['aio foo;', `[emerg] "aio" directive invalid value${place}`],
    ['directio x;', `[emerg] "directio" directive invalid value${place}`],
    ['connection_pool_size 100;', `[emerg] the pool size must be no less than 112${place}`],
    ['request_pool_size 113;', `[emerg] the pool size must be a multiple of 16${place}`],
    ['error_log e foo;', `[emerg] invalid log level "foo"${place}`],
    ['send_lowat 1k;', `[warn] "send_lowat" is not supported, ignored${place}`],
    ['keepalive_disable safari safari;', `[warn] duplicate value "safari"${place}`],
    ['types { a/b c; d/e C; }', `[warn] duplicate extension "c", content type: "d/e", previous content type: "a/b"${place}`],
  ]
  for (const [body, message] of cases) assert.equal(inServer(t, body)[0], message, body)
})

test('what is found after reading is reported together', (t) => {
  const { messages, ok } = buildHttp(t, `server { ${quiet} location /a {} location /a {} location /b { location /b/c {} location /b/c {} } }
    server { large_client_header_buffers 1 1k; connection_pool_size 2k; }`)
  assert.equal(ok, false)
  assert.deepEqual(messages, [
    '[emerg] the "large_client_header_buffers" size must be equal to or greater than "connection_pool_size" in <P>/v.conf:5',
    '[emerg] duplicate location "/a" in <P>/v.conf:3', '[emerg] duplicate location "/b/c" in <P>/v.conf:3',
  ])
  assert.deepEqual(buildHttp(t, `server { ${quiet} default_type $nope; root $nope1; error_page 404 $nope2; }`).messages,
    ['[emerg] unknown "nope1" variable', '[emerg] unknown "nope2" variable'])
})

test('error logs: of the place, else of the place around, else the main one', (t) => {
  const { cycle, at, prefix } = buildHttp(t, `server { ${quiet} location /a { error_log a.log info; error_log b.log; location /a/b { } } }`)
  assert.equal(at('/').errorLog, cycle.log)
  assert.equal(at('/a/b').errorLog, at('/a').errorLog)
  assert.equal(at('/a').errorLog.level, Level.info)
  at('/a/b').errorLog.write(Level.error, 'both')
  at('/a/b').errorLog.write(Level.info, 'one')
  assert.match(readFileSync(`${prefix}a.log`, 'latin1'), /\[error\] [\d#]+: both\n.*\[info\] [\d#]+: one\n$/)
  assert.match(readFileSync(`${prefix}b.log`, 'latin1'), /\[error\] [\d#]+: both\n$/)
})

/** Recorded cases that need nothing but the main and the core http modules. */
const recorded = ['ok-min', 'unknown-directive', 'not-allowed-here', 'not-allowed-here-http', 'server-in-location', 'args-none', 'args-too-many',
  'args-1more-none', 'flag-bad', 'duplicate-str', 'duplicate-http', 'num-bad', 'size-bad', 'msec-bad', 'msec-ok', 'bufs-bad', 'enum-bad',
  'bitmask-bad', 'simple-with-brace', 'loc-dup-exact', 'loc-named-nested', 'loc-three-args', 'root-alias-dup', 'root-docroot',
  'listen-bad-host', 'listen-bad-param', 'listen-dup', 'listen-dup-options', 'server-name-bad2', 'server-name-slash', 'error-page-bad',
  'error-page-bad2', 'error-page-499', 'include-glob-empty-ok', 'types-block', 'types-dup-ext', 'types-no-semicolon', 'keepalive-timeout-bad',
  'limit-except-content', 'server-tokens-bad', 'comment-mid']

test('configurations that nginx was given', (t) => {
  const cases = JSON.parse(readFileSync(new URL('../golden/nginx/config.json', import.meta.url), 'utf8')) as
    { name: string, conf: string, rc: number, stderr: string }[]
  for (const name of recorded) {
    const { conf, rc, stderr } = cases.find((one) => one.name === name)!
    const { messages, ok } = build(t, conf, { modules: [httpModule, httpCoreModule] })
    const expected = stderr.split('\n').filter((line) => /^nginx: \[(emerg|warn)\]/.test(line)).map((line) => line.slice(7))
    assert.deepEqual(messages.slice(0, expected.length), expected.map((line) => line.replace(`${name}.conf`, 'v.conf')), name)
    assert.equal(ok, rc === 0, name)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cf } from '../../host/conf/cf.ts'
import { inet6Address, inetAddress, lookUpHost } from '../../host/http/core/hostnames.ts'
import { defaultListen, parseListen } from '../../host/http/listen.ts'
import type { ListenOptions } from '../../host/http/listen.ts'

const warnings: string[] = []

/** Parses the words of a `listen`; an error is returned as its text. */
function parse(words: string): ListenOptions[] | string {
  const cf = {
    args: ['listen', ...words.split(' ')],
    fail: (message: string) => { throw new Error(message) },
    warn: (message: string) => { warnings.push(message) },
  } as unknown as Cf
  try {
    return parseListen(cf, (name) => (name === 'two.test'
      ? [{ family: 'inet', host: '10.0.0.1' }, { family: 'inet', host: '10.0.0.1' }, { family: 'inet6', host: '::1' }] : []))
  } catch (error) {
    return (error as Error).message
  }
}

/** The texts of the addresses. */
function texts(words: string): string[] | string {
  const parsed = parse(words)
  return typeof parsed === 'string' ? parsed : parsed.map((options) => options.text)
}

function only(words: string): ListenOptions {
  return parse(words)[0] as ListenOptions
}

test('forms of an address', () => {
  const cases: [string, string[]][] = [
    ['127.0.0.1:8080', ['127.0.0.1:8080']], ['127.0.0.1', ['127.0.0.1:80']], ['8080', ['0.0.0.0:8080']], ['*:81', ['0.0.0.0:81']],
    ['*', ['0.0.0.0:80']], ['127.0.0.01:080', ['127.0.0.1:80']], ['[::]:80', ['[::]:80']], ['[::1]', ['[::1]:80']],
    ['[0:0:0:0:0:0:0:1]:8', ['[::1]:8']], ['8000-8002', ['0.0.0.0:8000', '0.0.0.0:8001', '0.0.0.0:8002']],
    ['[::1]:1-2', ['[::1]:1', '[::1]:2']], ['127.0.0.1:65535', ['127.0.0.1:65535']], ['unix:/tmp/s', ['unix:/tmp/s']],
    ['UNIX:/tmp/s:1', ['unix:/tmp/s:1']], ['two.test:1-2', ['10.0.0.1:1', '10.0.0.1:2', '[::1]:1', '[::1]:2']],
    ['127.0.0.1:0', ['127.0.0.1:0']],
  ]
  for (const [words, expected] of cases) assert.deepEqual(texts(words), expected, words)
})

test('what an address is', () => {
  const pick = ({ family, host, port, path, wildcard }: ListenOptions) => [family, host, port, path, wildcard]
  assert.deepEqual(pick(only('127.0.0.1:1')), ['inet', '127.0.0.1', 1, null, false])
  assert.deepEqual(pick(only('0.0.0.0')), ['inet', '0.0.0.0', 80, null, true])
  assert.deepEqual(pick(only('[::]:2')), ['inet6', '::', 2, null, true])
  assert.deepEqual(pick(only('unix:a')), ['unix', '', 0, 'a', false])
  assert.equal(defaultListen().text, process.geteuid!() === 0 ? '0.0.0.0:80' : '0.0.0.0:8000')
})

test('addresses that cannot be', () => {
  const cases: [string, string][] = [
    ['127.0.0.1:65536', 'invalid port'], ['65536', 'invalid port'], ['127.0.0.1:x', 'invalid port'], ['127.0.0.1:', 'invalid port'],
    ['127.0.0.1:1-65536', 'invalid port'], ['0-5', 'invalid port'], ['10-9', 'invalid port range'], ['[::]:10-9', 'invalid port range'],
    [':80', 'no host'], ['[]:80', 'no host'], ['foo.invalid:80', 'host not found'], ['foo', 'host not found'],
    ['127.0.0.256', 'host not found'], ['127.0.0.1/x', 'invalid host'], ['a?b', 'invalid host'], ['[::1', 'invalid host'],
    ['[::1]x', 'invalid host'], ['[::g]:80', 'invalid IPv6 address'], ['[fe80::1%lo]:80', 'invalid IPv6 address'],
    ['unix:', 'no path in the unix domain socket'], [`unix:/${'x'.repeat(107)}`, 'too long path in the unix domain socket'],
  ]
  for (const [words, reason] of cases) assert.equal(texts(words), `${reason} in "${words}" of the "listen" directive`)
  assert.deepEqual(texts(`unix:/${'x'.repeat(106)}`), [`unix:/${'x'.repeat(106)}`])
})

test('options', () => {
  const plain = only('1')
  assert.deepEqual([plain.set, plain.bind, plain.backlog, plain.ipv6only, plain.soKeepalive], [false, false, 511, true, null])
  const socket = only('1 backlog=5 rcvbuf=1k sndbuf=2K fastopen=3 deferred ipv6only=off reuseport multipath so_keepalive=30m::10')
  const { set, bind, backlog, rcvbuf, sndbuf, fastopen, deferred, ipv6only, reuseport, multipath, soKeepalive } = socket
  assert.deepEqual({ set, bind, backlog, rcvbuf, sndbuf, fastopen, deferred, ipv6only, reuseport, multipath, soKeepalive }, {
    set: true, bind: true, backlog: 5, rcvbuf: 1024, sndbuf: 2048, fastopen: 3, deferred: true, ipv6only: false, reuseport: true,
    multipath: true, soKeepalive: { idle: 1800, interval: 0, count: 10 },
  })
  const flags = only('1 default_server ssl proxy_protocol')
  assert.deepEqual([flags.defaultServer, flags.ssl, flags.proxyProtocol, flags.set, flags.bind], [true, true, true, false, false])
  assert.equal(only('1 default').defaultServer, true)
  assert.equal(only('1 bind').set, true)
  assert.deepEqual([only('1 so_keepalive=on').soKeepalive, only('1 so_keepalive=off').soKeepalive], ['on', 'off'])
})

test('options that cannot be', () => {
  const cases: [string, string][] = [
    ['foo', 'invalid parameter "foo"'], ['foo=1', 'invalid parameter "foo=1"'], ['ssl=on', 'invalid parameter "ssl=on"'],
    ['backlog=0', 'invalid backlog "backlog=0"'], ['backlog=x', 'invalid backlog "backlog=x"'], ['rcvbuf=1g', 'invalid rcvbuf "rcvbuf=1g"'],
    ['sndbuf=', 'invalid sndbuf "sndbuf="'], ['fastopen=x', 'invalid fastopen "fastopen=x"'], ['setfib=1', 'invalid parameter "setfib=1"'],
    ['ipv6only=maybe', 'invalid parameter "ipv6only=maybe"'], ['ipv6only=ox', 'invalid ipv6only flags "ox"'], ['spdy', 'invalid parameter "spdy"'], ['so_keepalive=x', 'invalid so_keepalive value: "x"'],
    ['so_keepalive=::', 'invalid so_keepalive value: "::"'], ['so_keepalive=1:2:3:4', 'invalid so_keepalive value: "1:2:3:4"'],
    ['so_keepalive=0::1', 'invalid so_keepalive value: "0::1"'], ['quic', 'the "quic" parameter requires ngx_http_v3_module'],
  ]
  for (const [option, message] of cases) assert.equal(parse(`1 ${option}`), message)
})

test('options that are warned of', () => {
  warnings.length = 0
  assert.equal(only('1 http2').http2, true)
  only('1 accept_filter=dataready')
  assert.deepEqual(warnings, [
    'the "listen ... http2" directive is deprecated, use the "http2" directive instead',
    'accept filters "accept_filter=dataready" are not supported on this platform, ignored',
  ])
})

test('numeric addresses', () => {
  assert.deepEqual(['1.2.3.4', '1.2.3', '1.2.3.4.5', '1.2.3.x', '1.2.3.', '256.1.1.1'].map(inetAddress), ['1.2.3.4', null, null, null, null, null])
  assert.deepEqual(['::', '::FFFF:1.2.3.4', '1::0:1', 'x'].map(inet6Address), ['::', '::ffff:1.2.3.4', '1::1', null])
})

test('host names are looked up at once', () => {
  assert.ok(lookUpHost('localhost').some(({ host }) => host === '127.0.0.1' || host === '::1'))
  assert.deepEqual(lookUpHost('foo.invalid'), [])
  assert.deepEqual(lookUpHost(''), [])
  assert.deepEqual(lookUpHost('--version'), [])
})

import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ListenAddress } from '../../host/http/servers.ts'
import type { Request } from '../../host/http/request.ts'
import { buildHttp } from './http-support.ts'

const request = { captures: null, variables: [] } as unknown as Request

/** Builds servers, each given by its body; returns their addresses. */
function addresses(t: TestContext, ...bodies: string[]): { list: readonly ListenAddress[], messages: string[] } {
  const result = buildHttp(t, bodies.map((body) => `server { ${body} }`).join('\n'))
  return { list: result.cycle.servers?.addresses ?? [], messages: result.messages }
}

/** The server that answers, by its first name. */
function selected(address: ListenAddress, host: string): string {
  return address.find(host, request).serverName
}

test('names: exact, longest wildcard in front, longest behind, regexes in order, default', (t) => {
  const { list, messages } = addresses(t, 'listen 81; server_name default;', 'listen 81; server_name a.example.com *.w.example.com w2.*;',
    'listen 81; server_name .dot.com;', 'listen 81; server_name *.example.com;', 'listen 81; server_name www.x.*;',
    'listen 81; server_name www.*;', 'listen 81; server_name ~^re(\\d+)\\.com$;', 'listen 81; server_name ~^re;', 'listen 81; server_name "";')
  assert.deepEqual(messages, [])
  const [address] = list
  const cases: [string, string][] = [
    ['default', 'default'], ['a.example.com', 'a.example.com'], ['x.w.example.com', 'a.example.com'], ['x.y.w.example.com', 'a.example.com'],
    ['w.example.com', '*.example.com'], ['example.com', 'default'], ['b.example.com', '*.example.com'], ['w2.de', 'a.example.com'],
    ['w2.co.uk', 'a.example.com'], ['w2', 'default'], ['dot.com', 'dot.com'], ['a.b.dot.com', 'dot.com'], ['adot.com', 'default'],
    ['www.x.de', 'www.x.*'], ['www.x', 'www.*'], ['www.y', 'www.*'], ['www.example.com', '*.example.com'], ['re12.com', '~^re(\\d+)\\.com$'],
    ['re.com', '~^re'], ['', ''], ['nobody', 'default'], ['.', 'default'], ['..', 'default'], ['.example.com', 'default'],
  ]
  for (const [host, expected] of cases) assert.equal(selected(address!, host), expected, host)
  address!.find('re12.com', request)
  assert.equal(request.captures![1], '12')
})

test('a long host costs only as many look-ups as names have labels', (t) => {
  const { list } = addresses(t, 'listen 81; server_name d;', 'listen 81; server_name *.a.b c.*;')
  assert.equal(selected(list[0]!, `${'x.'.repeat(4000)}a.b`), '*.a.b')
  assert.equal(selected(list[0]!, `c.${'x.'.repeat(4000)}y`), '*.a.b')
  assert.equal(selected(list[0]!, 'x.'.repeat(4000)), 'd')
})

test('names are lower-cased, $hostname is the machine\'s, a regex with capitals ignores case', (t) => {
  const { list } = addresses(t, 'listen 81; server_name d;', 'listen 81; server_name Foo.COM $HOSTNAME;', 'listen 81; server_name ~^AB$;',
    'listen 81; server_name ~^cd$;')
  assert.equal(selected(list[0]!, 'foo.com'), 'foo.com')
  assert.equal(selected(list[0]!, hostname().toLowerCase()), 'foo.com')
  assert.equal(selected(list[0]!, 'ab'), '~^AB$')
  assert.equal(selected(list[0]!, 'CD'), 'd')
})

test('conflicting and bad names', (t) => {
  const names = (...list: string[]) => addresses(t, ...list.map((name) => `listen 81; server_name ${name};`)).messages
  const warning = (name: string) => `[warn] conflicting server name "${name}" on 0.0.0.0:81, ignored`
  assert.deepEqual(names('a', 'a'), [warning('a')])
  assert.deepEqual(names('.a', 'a'), [warning('a')])
  assert.deepEqual(names('a', '.a'), [warning('.a')])
  assert.deepEqual(names('.a', '*.a'), [warning('*.a')])
  assert.deepEqual(names('a.*', 'a.*'), [warning('a.*')])
  assert.deepEqual(names('a.*', '*.a', 'a', '~a', '~a'), [])
  assert.deepEqual(addresses(t, 'listen 81;', 'listen 81;').messages, [warning('')])
  assert.deepEqual(names('a*b.com', 'x'), ['[emerg] invalid server name or wildcard "a*b.com" on 0.0.0.0:81'])
  assert.deepEqual(names('*.a.*', 'x'), ['[emerg] invalid server name or wildcard "*.a.*" on 0.0.0.0:81'])
  assert.deepEqual(names('a..b', 'x'), ['[emerg] invalid server name or wildcard "a..b" on 0.0.0.0:81'])
  assert.deepEqual(names('a*b.com'), [])
  assert.deepEqual(names('*a'), ['[emerg] server name "*a" is invalid in <P>/v.conf:3'])
  assert.deepEqual(names('.'), ['[emerg] server name "." is invalid in <P>/v.conf:3'])
  assert.deepEqual(names('~'), ['[emerg] empty regex in server name "~" in <P>/v.conf:3'])
  assert.deepEqual(names('a/b'), ['[warn] server name "a/b" has suspicious symbols in <P>/v.conf:3'])
})

test('addresses: the first server is the default unless one says so', (t) => {
  const { list } = addresses(t, 'listen 127.0.0.1:81; listen [::1]:81; server_name a;',
    'listen 127.0.0.1:81 default_server; listen unix:/tmp/x; server_name b;', 'server_name c;')
  const standard = process.geteuid!() === 0 ? '0.0.0.0:80' : '0.0.0.0:8000'
  assert.deepEqual(list.map((a) => [a.name, a.defaultServer.serverName]),
    [['127.0.0.1:81', 'b'], ['[::1]:81', 'a'], ['unix:/tmp/x', 'b'], [standard, 'c']])
  assert.deepEqual([list[2]!.path, list[0]!.path, list[0]!.host, list[0]!.port], ['/tmp/x', null, '127.0.0.1', 81])
})

test('a wildcard socket serves the addresses of its port that need none of their own', (t) => {
  const { list } = addresses(t, 'listen 127.0.0.1:81; server_name own;', 'listen 127.0.0.2:81 bind; server_name bound;',
    'listen *:81; server_name any;', 'listen [::1]:81; server_name six;', 'listen 127.0.0.1:82; server_name other;')
  assert.deepEqual(list.map((a) => a.name), ['127.0.0.2:81', '0.0.0.0:81', '[::1]:81', '127.0.0.1:82'])
  const any = list[1]!
  assert.equal(any.at('127.0.0.1').find('x', null).serverName, 'own')
  assert.equal(any.at('127.0.0.2').find('x', null).serverName, 'any')
  assert.equal(any.at('127.0.0.9').find('x', null).serverName, 'any')
  assert.equal(list[0]!.at('127.0.0.2'), list[0])
})

test('options of one address come together from its servers', (t) => {
  const { list, messages } = addresses(t, 'listen 81; server_name a;', 'listen 81 ssl backlog=7; server_name b;')
  assert.deepEqual(list.map((a) => [a.ssl, a.backlog, a.defaultServer.serverName]), [[true, 7, 'a']])
  assert.deepEqual(messages, [])
})

test('messages about addresses', (t) => {
  const cases: [string[], string][] = [
    [['listen 81; listen 81;'], '[emerg] a duplicate listen 0.0.0.0:81 in <P>/v.conf:3'],
    [['listen 81; listen 0.0.0.0:81;'], '[emerg] a duplicate listen 0.0.0.0:81 in <P>/v.conf:3'],
    [['listen 81 bind;', 'listen 81 backlog=1;'], '[emerg] duplicate listen options for 0.0.0.0:81 in <P>/v.conf:4'],
    [['listen 81 default;', 'listen 81 default_server;'], '[emerg] a duplicate default server for 0.0.0.0:81 in <P>/v.conf:4'],
    [['listen 81 ssl; server_name a;', 'listen 81 proxy_protocol; server_name b;'], '[warn] protocol options redefined for 0.0.0.0:81 in <P>/v.conf:4'],
    [['listen 81 ssl bind; server_name a;', 'listen 81 ssl proxy_protocol; server_name b;'],
      '[warn] protocol options redefined for 0.0.0.0:81 in <P>/v.conf:4'],
    [['listen [::]:81 foo;'], '[emerg] invalid parameter "foo" in <P>/v.conf:3'],
    [['listen foo.invalid:80;'], '[emerg] host not found in "foo.invalid:80" of the "listen" directive in <P>/v.conf:3'],
  ]
  for (const [bodies, message] of cases) assert.deepEqual(addresses(t, ...bodies).messages, [message])
})

import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { binaryAddress } from '../../host/http/core/variables.ts'
import { basicUser, cookieValue, queryArgument } from '../../host/http/core/variables-request.ts'
import { formatSeconds, formatTimeIso8601, formatTimeLocal } from '../../host/http/core/variables-time.ts'
import { version } from '../../host/core/version.ts'
import { engine } from './engine-kit.ts'

test('arguments are found by name without regard to case, undecoded, the first counts', () => {
  assert.equal(queryArgument('a=%31&A=2', 'a'), '%31')
  assert.equal(queryArgument('ab=1&B=2&b=3', 'b'), '2')
  assert.equal(queryArgument('a&b=&c=x=y', 'a'), null)
  assert.equal(queryArgument('a&b=&c=x=y', 'b'), '')
  assert.equal(queryArgument('a&b=&c=x=y', 'c'), 'x=y')
  assert.equal(queryArgument('', 'a'), null)
  assert.equal(queryArgument('&&&a=1', 'a'), '1')
})

test('cookies are found by name without regard to case, the first counts', () => {
  assert.equal(cookieValue('a=1; b=2', 'b'), '2')
  assert.equal(cookieValue('A=1', 'a'), '1')
  assert.equal(cookieValue('ab=1; b = 2 3; b=4', 'b'), '2 3')
  assert.equal(cookieValue('x,b=2', 'b'), '2')
  assert.equal(cookieValue('bb=1; b', 'b'), null)
  assert.equal(cookieValue('b=', 'b'), '')
  assert.equal(cookieValue('', 'b'), null)
})

test('addresses in bytes', () => {
  assert.equal(binaryAddress('127.0.0.1'), '\x7f\0\0\x01')
  assert.equal(binaryAddress('2001:db8::ff'), '\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\xff')
  assert.equal(binaryAddress('::'), '\0'.repeat(16))
  assert.equal(binaryAddress('1::'), `\0\x01${'\0'.repeat(14)}`)
  assert.equal(binaryAddress('::ffff:1.2.3.4'), `${'\0'.repeat(10)}\xff\xff\x01\x02\x03\x04`)
  assert.equal(binaryAddress('unix:'), 'unix:')
})

test('user names of basic authentication', () => {
  const basic = (text: string) => basicUser(`Basic ${Buffer.from(text, 'latin1').toString('base64')}`)
  assert.deepEqual([basic('u:p'), basic('u:p:q'), basic('u'), basic(':p'), basicUser(null), basicUser('Bearer dTpw'), basicUser('basic dTpw'), basicUser('Basic !!')],
    ['u', 'u', null, null, null, null, 'u', null])
})

test('times', () => {
  assert.deepEqual([0, 7, 65, 1234, 60000, -5, 1.9].map(formatSeconds), ['0.000', '0.007', '0.065', '1.234', '60.000', '0.000', '0.001'])
  const local = formatTimeLocal(1700000000000)
  assert.match(local, /^1[45]\/Nov\/2023:\d\d:\d\d:20 [+-]\d{4}$/)
  assert.equal(Date.parse(formatTimeIso8601(1700000000999)), 1700000000000)
  assert.equal(Date.parse(local.replace(/^(\d+)\/(\w+)\/(\d+):/, '$1 $2 $3 ')), 1700000000000)
})

const names = ['host', 'http_host', 'http_x_y', 'arg_a', 'cookie_c', 'request', 'request_method', 'request_uri', 'uri', 'document_uri', 'args', 'query_string',
  'is_args', 'server_protocol', 'remote_addr', 'server_addr', 'server_name', 'scheme', 'https', 'content_length', 'content_type', 'remote_user',
  'request_length', 'connection_requests', 'nginx_version', 'vespid_version', 'hostname', 'pid', 'limit_rate', 'bytes_sent', 'status',
  'request_completion', 'sent_http_connection', 'sent_http_x', 'pipe', 'request_body', 'request_body_file', 'proxy_protocol_addr']

test('the variables of a request', async (t) => {
  const server = await engine(t, `location / { return 200 "${names.map((name) => `${name}=$${name}\\n`).join('')}"; }`)
  const head = 'POST /%61/../b%20c?a=%31&A=2 HTTP/1.1\r\nHost: Example.COM:81\r\nCookie: C=x\r\nX-Y: 1\r\nx-y: 2\r\nConnection: close\r\n' +
    'Content-Type: t/x\r\nContent-Length: 3\r\nAuthorization: Basic dTpw\r\n\r\n'
  const body = (await server.raw(`${head}abc`)).split('\r\n\r\n')[1]!
  const seen = Object.fromEntries(body.trimEnd().split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)))
  assert.deepEqual(seen, {
    host: 'example.com', http_host: 'Example.COM:81', http_x_y: '1, 2', arg_a: '%31', cookie_c: 'x', request: 'POST /%61/../b%20c?a=%31&A=2 HTTP/1.1',
    request_method: 'POST', request_uri: '/%61/../b%20c?a=%31&A=2', uri: '/b c', document_uri: '/b c', args: 'a=%31&A=2', query_string: 'a=%31&A=2',
    is_args: '?', server_protocol: 'HTTP/1.1', remote_addr: '127.0.0.1', server_addr: '127.0.0.1', server_name: '', scheme: 'http', https: '',
    content_length: '3', content_type: 't/x', remote_user: 'u', request_length: seen['request_length'], connection_requests: '1', nginx_version: version,
    vespid_version: version, hostname: hostname().toLowerCase(), pid: String(process.pid), limit_rate: '0', bytes_sent: '0', status: '200',
    request_completion: '', sent_http_connection: 'close', sent_http_x: '', pipe: '.', request_body: '', request_body_file: '', proxy_protocol_addr: '',
  })
})

test('a request without Host has the server\'s name, an id of its own, and headers that are being sent can be read', async (t) => {
  const server = await engine(t, `server_name a.example; location / { return 301 "/$host-$server_protocol"; }
    location /id { return 200 "$request_id $request_id"; } location /sent { return 200 "$msec|$request_time|$connection_time"; }`)
  assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n'), /^Location: http:\/\/a\.example(:\d+)?\/a\.example-HTTP\/1\.0\r$|^Location: \S*\/a\.example-HTTP\/1\.0\r$/m)
  const [first, second] = (await server.raw('GET /id HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1]!.split(' ')
  assert.match(first!, /^[0-9a-f]{32}$/)
  assert.equal(first, second)
  assert.match((await server.raw('GET /sent HTTP/1.0\r\n\r\n')).split('\r\n\r\n')[1]!, /^\d+\.\d{3}\|\d+\.\d{3}\|\d+\.\d{3}$/)
})

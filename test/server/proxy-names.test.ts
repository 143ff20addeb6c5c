/** Upstreams behind TLS, and upstreams whose name is asked of a name server while requests run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { start } from './kit.ts'
import type { Test } from './kit.ts'
import { canned, reply, upstream } from './upstream-kit.ts'

/** Made for this test, for the name upstream.test, valid for a hundred years. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoYpQPv4aoSSQDC2+
1aZhYgbZcFWtx/0gCXr+4BcAbKShRANCAAT8NEqV5I9+pvMZAY80X6kKHqd3DHXw
U73gennkW5t0/uCvqjv29OvPY5297TgQyjFY9rGxOs640tDpE9+lvd1/
-----END PRIVATE KEY-----
`
const certificate = `-----BEGIN CERTIFICATE-----
MIIBoTCCAUegAwIBAgIUTm+sUAH2DzrttUvkmQ4oXSVjuGYwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNdXBzdHJlYW0udGVzdDAgFw0yNjExMjEwMjUyNTNaGA8yMTI2
MTAyODAyNTI1M1owGDEWMBQGA1UEAwwNdXBzdHJlYW0udGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABPw0SpXkj36m8xkBjzRfqQoep3cMdfBTveB6eeRbm3T+
4K+qO/b0689jnb3tOBDKMVj2sbE6zrjS0OkT36W93X+jbTBrMB0GA1UdDgQWBBR6
NzGpq1lVLqa2edOMXJSz0t3UhjAfBgNVHSMEGDAWgBR6NzGpq1lVLqa2edOMXJSz
0t3UhjAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXVwc3RyZWFtLnRlc3Qw
CgYIKoZIzj0EAwIDSAAwRQIgIAlzSTKstp4z8hTlnsvHshMs6P0FfyITbvCiRZyu
k2YCIQDmhly6pVnKJ0ddHBObVnxB3MZaLYssBsiriAIs23q+FQ==
-----END CERTIFICATE-----
`
/** Of nobody here. */
const otherCertificate = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUf4xu/tYWqu5tZHh8/yWPjH6mJNowCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKb3RoZXIudGVzdDAgFw0yNjExMjEwMjUyNTNaGA8yMTI2MTAy
ODAyNTI1M1owFTETMBEGA1UEAwwKb3RoZXIudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABNeW2+kiErObszo8q2ocaESpxTWadaGqTiSjQt2aHys/dToYvk0d
xDgtc/3ojaiCrm1vticVo6/Wk0dBvxk5k+OjajBoMB0GA1UdDgQWBBTgIKk6hQcz
v9LJRCg4TJPKnRaIHDAfBgNVHSMEGDAWgBTgIKk6hQczv9LJRCg4TJPKnRaIHDAP
BgNVHRMBAf8EBTADAQH/MBUGA1UdEQQOMAyCCm90aGVyLnRlc3QwCgYIKoZIzj0E
AwIDSAAwRQIgbK3zv6vm4wHLcLa/g/PrqqbzqHxrV6Du9O0THuhwgH8CIQDJHXw9
86OaW8IypHs2jVbb+K2Cq/ANXO6LyCEsLAH+mA==
-----END CERTIFICATE-----
`

interface TlsUpstream { readonly port: number, readonly names: (string | false | null)[], connections: number }

async function tlsUpstream(t: Test): Promise<TlsUpstream> {
  const names: (string | false | null)[] = []
  let made!: TlsUpstream
  const server = createServer({ key, cert: certificate }, (socket) => {
    made.connections++
    names.push(socket.servername ?? null)
    socket.on('error', () => {})
    socket.on('data', () => { socket.write(reply('secret')) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  made = { port: (server.address() as AddressInfo).port, names, connections: 0 }
  t.after(() => { server.close() })
  return made
}

test('https upstreams: name, verification, kept connections', async (t) => {
  const up = await tlsUpstream(t)
  const plain = await upstream(t, () => {}, { raw: (socket) => void socket.write(reply('plain')) })
  const server = await start(t, `http { server { listen 127.0.0.1:<port>; proxy_ssl_name upstream.test;
    location / { proxy_pass https://127.0.0.1:${up.port}; }
    location /sni { proxy_pass https://127.0.0.1:${up.port}; proxy_ssl_server_name on; proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; }
    location /wrong { proxy_pass https://127.0.0.1:${up.port}; proxy_ssl_name wrong.test; proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; }
    location /stranger { proxy_pass https://127.0.0.1:${up.port}; proxy_ssl_verify on; proxy_ssl_trusted_certificate other.pem; }
    location /plain { proxy_pass https://127.0.0.1:${plain.port}; } } }`, { files: { 'ca.pem': certificate, 'other.pem': otherCertificate } })
  assert.equal((await server.get('/')).body, 'secret')
  assert.equal((await server.get('/')).body, 'secret')
  assert.equal((await server.get('/sni')).body, 'secret')
  assert.deepEqual(up.names, [false, 'upstream.test'])
  for (const target of ['/wrong', '/stranger', '/plain']) assert.equal((await server.get(target)).status, 502, target)
  assert.equal(server.log().match(/\[error\] .* SSL_do_handshake\(\) failed \(SSL: .*\) while SSL handshaking to upstream, client: /g)!.length, 3)
})

test('a name in variables is asked of the resolver, and remembered', async (t) => {
  const up = await upstream(t, canned(reply('found')))
  let asked = 0
  const names = createSocket('udp4', (query, from) => {
    asked++
    const known = query.includes('backend')
    const end = query.indexOf(0, 12) + 5
    const answer = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1])
    const head = Buffer.from([query[0]!, query[1]!, 0x81, known ? 0x80 : 0x83, 0, 1, 0, known ? 1 : 0, 0, 0, 0, 0])
    names.send(Buffer.concat([head, query.subarray(12, end), known ? answer : Buffer.alloc(0)]), from.port, from.address)
  })
  await new Promise<void>((resolve) => names.bind(0, '127.0.0.1', resolve))
  t.after(() => { names.close() })
  const server = await start(t, `http { resolver 127.0.0.1:${names.address().port} ipv6=off; server { listen 127.0.0.1:<port>; location / { proxy_pass http://$arg_h:${up.port}/ok; } } }`)
  assert.equal((await server.get('/?h=backend.test')).body, 'found')
  assert.equal((await server.get('/?h=backend.test')).body, 'found')
  assert.equal(asked, 1)
  assert.match(up.requests[0]!.head, new RegExp(`^GET /ok HTTP/1\\.1\\r\\nHost: backend\\.test:${up.port}\\r\\n`))
  assert.equal((await server.get('/?h=nowhere.test')).status, 502)
  assert.ok(server.log().includes('nowhere.test could not be resolved (3: Host not found), client'))
})

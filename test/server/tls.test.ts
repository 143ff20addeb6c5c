/** TLS through the whole server: start-up lines, workers that share session tickets, reload with another certificate, the access log. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { run, site, start, untilAsync } from './kit.ts'

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)))
const files = { 'a.crt': fixture('a.test.crt'), 'a.key': fixture('a.test.key'), 'b.crt': fixture('b.test.crt'), 'b.key': fixture('b.test.key') }

interface Answer { readonly text: string, readonly socket: TLSSocket, readonly session: Buffer | undefined }

/** One GET over TLS, the whole answer, and the session that came with it. */
function get(port: number, path: string, options: ConnectionOptions = {}, headers = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = ''
    let session: Buffer | undefined
    const socket = connect({ host: '127.0.0.1', port, ca: fixture('ca.crt'), servername: 'a.test', checkServerIdentity: () => undefined, ...options }, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n${headers}\r\n`)
    })
    socket.setEncoding('latin1').on('data', (data) => { text += data }).on('session', (s) => { session = s })
    socket.on('close', () => resolve({ text, socket, session })).on('error', reject)
  })
}
const bodyOf = (answer: Answer) => answer.text.slice(answer.text.indexOf('\r\n\r\n') + 4)

const conf = (name: string) => `worker_processes 2;
  http { log_format tls '$ssl_protocol $scheme "$request" $status'; access_log access.log tls;
    server { listen 127.0.0.1:<port> ssl; server_name a.test; ssl_certificate ${name}.crt; ssl_certificate_key ${name}.key;
      gzip on; gzip_types *; gzip_min_length 1; default_type text/plain;
      location / { return 200 "$ssl_session_reused"; } location /conf { alias <prefix>/vespid.conf; } } }`

test('workers share session tickets, and a reload brings another certificate', async (t) => {
  const server = await start(t, conf('a'), { files })
  assert.match(server.stderr, new RegExp(`\n  https://127\\.0\\.0\\.1:${server.port()}\n`))
  const first = await get(server.port(), '/')
  assert.equal(bodyOf(first), '.')
  // 20 connections reach both workers.
  const again = await Promise.all(Array.from({ length: 20 }, () => get(server.port(), '/', { session: first.session! })))
  assert.deepEqual([...new Set(again.map(bodyOf))], ['r'])
  const packed = await get(server.port(), '/conf', {}, 'Accept-Encoding: gzip\r\n')
  assert.match(packed.text, /\r\nContent-Encoding: gzip\r\n/)
  const chunk = bodyOf(packed)
  const length = parseInt(chunk, 16)
  assert.equal(gunzipSync(Buffer.from(chunk.slice(chunk.indexOf('\r\n') + 2).slice(0, length), 'latin1')).toString(), server.site.read('vespid.conf'))
  assert.equal((await server.reload(conf('b'))).code, 0)
  const subject = async () => {
    let name = ''
    await get(server.port(), '/', { checkServerIdentity: (_host, certificate) => { name = certificate.subject.CN as string; return undefined } })
    return name
  }
  await untilAsync(async () => await subject() === 'b.test', () => 'the old certificate is still there')
  assert.match(server.site.read('access.log'), /^TLSv1\.3 https "GET \/ HTTP\/1\.1" 200$/m)
  await server.stop()
  assert.deepEqual(server.log().split('\n').filter((line) => /^\[(alert|emerg|crit|error)\]/.test(line)), [])
})

test('-t reads certificates and names what is wrong with them', async (t) => {
  const place = site(t)
  await place.configure('http { server { listen 127.0.0.1:<port> ssl; ssl_certificate no.crt; ssl_certificate_key no.key; } }')
  const { code, stderr } = await run(place, ['-p', '<prefix>', '-c', 'vespid.conf', '-t'])
  assert.equal(code, 1)
  assert.match(stderr, new RegExp(`\\[emerg\\] cannot load certificate "${place.prefix}/no\\.crt": BIO_new_file\\(\\) failed \\(SSL: error:80000002:system library::` +
    `No such file or directory:calling fopen\\(${place.prefix}/no\\.crt, r\\) error:10000080:BIO routines::no such file\\)`))
})

test('http2 on; loads with a warning', async (t) => {
  const place = site(t)
  await place.configure('http { http2 on; server { listen 127.0.0.1:<port>; } }')
  const { code, stderr } = await run(place, ['-p', '<prefix>', '-c', 'vespid.conf', '-t'])
  assert.equal(code, 0)
  assert.match(stderr, /\[warn\] HTTP\/2 is not served yet, clients are offered HTTP\/1\.1 in its place in /)
})

/** TLS on `listen … ssl`, over sockets, with the certificates of test/fixtures/tls. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { httpCoreModule } from '../../host/http/core/module.ts'
import { httpModule } from '../../host/http/block.ts'
import { sslModule } from '../../host/modules/ssl/module.ts'
import { freePort, until } from '../server/kit.ts'
import { build } from './conf-support.ts'
import { engine } from './engine-kit.ts'
import type { Engine } from './engine-kit.ts'

const fixtures = fileURLToPath(new URL('../fixtures/tls', import.meta.url))
const pem = (name: string) => readFileSync(`${fixtures}/${name}`)
const certificate = (name: string) => `ssl_certificate ${fixtures}/${name}.crt; ssl_certificate_key ${fixtures}/${name}.key;`

interface Tls extends Engine {
  readonly secure: number
  /** One connection: sends the request, resolves with what came until the server ended it, `error CODE` when TLS failed. */
  ask(bytes: string, options?: ConnectionOptions): Promise<string>
  /** What requests logged, without time and thread. */
  logged(): string[]
  open(options?: ConnectionOptions): Promise<TLSSocket>
}

/** `http` in front of the servers; `<tls>` is a free port. */
async function tls(t: TestContext, http: string): Promise<Tls> {
  const secure = await freePort()
  const made = await engine(t, '', [], `error_log e.log info; ${http}`.replaceAll('<tls>', `127.0.0.1:${secure}`))
  const options = { host: '127.0.0.1', port: secure, ca: pem('ca.crt'), servername: 'a.test' }
  const open = (more: ConnectionOptions = {}) => new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({ ...options, ...more }, () => resolve(socket))
    socket.once('error', reject)
    socket.setEncoding('latin1')
    t.after(() => void socket.destroy())
  })
  const ask = async (bytes: string, more: ConnectionOptions = {}): Promise<string> => {
    try {
      const socket = await open(more)
      let text = ''
      socket.on('data', (data) => { text += data })
      const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(text)).on('error', (e: NodeJS.ErrnoException) => resolve(`error ${e.code}`)))
      socket.write(bytes)
      return await ended
    } catch (error) {
      return `error ${(error as NodeJS.ErrnoException).code}`
    }
  }
  const logged = () => readFileSync(`${made.prefix}/e.log`, 'latin1').split('\n').filter((line) => line !== '').map((line) => line.replace(/^.*\[(\w+)\] [^ ]+ \*\d+ /, '[$1] '))
  return { ...made, secure, ask, open, logged }
}

const get = (host: string, path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`
const body = (answer: string) => answer.startsWith('error') ? answer : `${answer.slice(9, 12)} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`
const brief = (answer: string) => /<title>(.*)<\/title>/.exec(answer)?.[1] ?? body(answer)

test('a request over TLS: scheme, variables, an absolute redirect', async (t) => {
  const s = await tls(t, `server { listen <tls> ssl; server_name a.test; ${certificate('a.test')}
    location / { return 200 "$scheme|$https|$ssl_protocol|$ssl_cipher|$ssl_server_name|$ssl_alpn_protocol|$ssl_session_reused|$ssl_client_verify|$ssl_client_s_dn|$server_port|$remote_addr"; }
    location = /r { return 301 /x; } }`)
  assert.equal(body(await s.ask(get('a.test'), { ALPNProtocols: ['h2', 'http/1.1'] })),
    `200 https|on|TLSv1.3|TLS_AES_256_GCM_SHA384|a.test|http/1.1|.|NONE||${s.secure}|127.0.0.1`)
  assert.equal(body(await s.ask(get('a.test'), { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })),
    `200 https|on|TLSv1.2|ECDHE-ECDSA-AES128-GCM-SHA256|a.test||.|NONE||${s.secure}|127.0.0.1`)
  assert.match(await s.ask(get('a.test', '/r')), new RegExp(`\r\nLocation: https://a\\.test:${s.secure}/x\r\n`))
})

test('the name in the hello chooses the certificate, the Host header the server', async (t) => {
  const s = await tls(t, `server { listen <tls> ssl; server_name a.test; ${certificate('a.test')} return 200 a; }
    server { listen <tls> ssl; server_name b.test; ${certificate('b.test')} return 200 "b $ssl_server_name"; }
    server { listen <tls> ssl; server_name c.test; return 200 "c"; }
    server { listen <tls> ssl; server_name no.test; ssl_reject_handshake on; }`)
  const subject = async (servername: string) => {
    const socket = await s.open({ servername, rejectUnauthorized: false })
    return socket.getPeerCertificate().subject.CN
  }
  assert.deepEqual([await subject('a.test'), await subject('b.test'), await subject('B.TEST'), await subject('c.test'), await subject('other.test')],
    ['a.test', 'b.test', 'b.test', 'a.test', 'a.test'])
  assert.equal(body(await s.ask(get('b.test'), { servername: 'b.test' })), '200 b b.test')
  assert.equal(body(await s.ask(get('c.test'))), '200 c')
  assert.equal(await s.ask(get('no.test'), { servername: 'no.test' }), 'error ERR_SSL_TLSV1_UNRECOGNIZED_NAME')
  assert.deepEqual(s.lines.filter((line) => line.includes('rejected')),
    [`[7] handshake rejected while SSL handshaking, client: 127.0.0.1, server: 127.0.0.1:${s.secure}`])
})

test('several requests on a connection, pipelined ones, a large body both ways', async (t) => {
  const s = await tls(t, `client_max_body_size 2m; client_body_buffer_size 2m;
    server { listen <tls> ssl; ${certificate('a.test')} location / { return 200 $uri; } location /n { return 200 "$connection_requests"; }
      location /big { alias ${fixtures}/ca.crt; } }`)
  const socket = await s.open()
  let text = ''
  socket.on('data', (data) => { text += data })
  const until = (what: string) => new Promise<void>((resolve) => {
    const look = () => { if (text.includes(what)) { socket.off('data', look); resolve() } }
    socket.on('data', look)
    look()
  })
  socket.write('GET /one HTTP/1.1\r\nHost: a\r\n\r\n')
  await until('/one')
  socket.write('GET /two HTTP/1.1\r\nHost: a\r\n\r\nGET /three HTTP/1.1\r\nHost: a\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n')
  await until('\r\n\r\n4')
  assert.deepEqual(text.match(/\n\/(one|two|three)/g), ['\n/one', '\n/two', '\n/three'])
  text = ''
  socket.write(`POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000000)}GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  await until('-----END CERTIFICATE-----')
  assert.ok(text.includes(pem('ca.crt').toString()))
})

test('plain HTTP on a TLS port is answered 400, and error_page can catch 497', async (t) => {
  const s = await tls(t, `server { listen <tls> ssl; ${certificate('a.test')} location / { return 200 ok; } }`)
  const caught = await tls(t, `server { listen <tls> ssl; ${certificate('a.test')} error_page 497 https://$host/; }`)
  const plain = (port: number) => new Promise<string>((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(get('a.test', '/p')))
    let text = ''
    socket.setEncoding('latin1').on('data', (data) => { text += data }).on('close', () => resolve(text))
  })
  const answer = await plain(s.secure)
  assert.equal(answer.slice(0, 26), 'HTTP/1.1 400 Bad Request\r\n')
  assert.match(answer, /<title>400 The plain HTTP request was sent to HTTPS port<\/title>.*<center>The plain HTTP request was sent to HTTPS port<\/center>/s)
  assert.deepEqual(s.logged(), ['[info] client sent plain HTTP request to HTTPS port, client: 127.0.0.1, ' +
    'server: , request: "GET /p HTTP/1.1", host: "a.test"'])
  assert.match(await plain(caught.secure), /^HTTP\/1\.1 302 .*\r\nLocation: https:\/\/a\.test\/\r\n/s)
})

test('client certificates: on, optional, optional_no_ca, a list of revoked ones, the depth', async (t) => {
  const s = await tls(t, `ssl_client_certificate ${fixtures}/ca.crt; ${certificate('a.test')}
    server { listen <tls> ssl; server_name a.test; ssl_verify_client on; ssl_crl ${fixtures}/ca.crl; return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_client_s_dn_legacy $ssl_client_serial"; }
    server { listen <tls> ssl; server_name optional.test; ssl_verify_client optional; return 200 $ssl_client_verify; }
    server { listen <tls> ssl; server_name any.test; ssl_verify_client optional_no_ca; return 200 $ssl_client_verify; }
    server { listen <tls> ssl; server_name shallow.test; ssl_verify_client on; ssl_verify_depth 0; return 200 $ssl_client_verify; }
    server { listen <tls> ssl; server_name off.test; return 200 $ssl_client_verify; }`)
  const as = async (name: string | null, host = 'a.test', sni = host) => brief(await s.ask(get(host), {
    servername: sni, checkServerIdentity: () => undefined, ...name === null ? {} : { cert: pem(`${name}.crt`), key: pem(`${name.replace('-chain', '')}.key`) },
  }))
  assert.equal(await as('client'), '200 SUCCESS CN=a client,O=vespid test,C=XX /C=XX/O=vespid test/CN=a client 0ABC')
  assert.equal(await as(null), '400 No required SSL certificate was sent')
  assert.equal(await as('unknown'), '400 The SSL certificate error')
  assert.equal(await as('revoked'), '400 The SSL certificate error')
  assert.equal(await as(null, 'optional.test'), '200 NONE')
  assert.equal(await as('revoked', 'optional.test'), '200 SUCCESS')
  assert.equal(await as('unknown', 'optional.test'), '400 The SSL certificate error')
  assert.equal(await as('unknown', 'any.test'), '200 FAILED:unable to verify the first certificate')
  assert.equal(await as('below-chain', 'optional.test'), '200 SUCCESS')
  assert.equal(await as('below-chain', 'shallow.test'), '400 The SSL certificate error')
  assert.equal(await as('client', 'shallow.test'), '200 SUCCESS')
  assert.equal(await as('client', 'off.test'), '200 NONE')
  // A name that was not negotiated.
  assert.equal(await as('client', 'off.test', 'a.test'), '421 Misdirected Request')
  assert.equal(await as(null, 'a.test', 'off.test'), '400 No required SSL certificate was sent')
  assert.deepEqual(s.logged().map((line) => line.replace(/, client: .*/, '')), [
    '[info] client sent no required SSL certificate', '[info] client SSL certificate verify error: (21:unable to verify the first certificate)',
    '[info] client SSL certificate verify error: (23:certificate revoked)', '[info] client SSL certificate verify error: (21:unable to verify the first certificate)',
    '[info] client SSL certificate verify error: (22:certificate chain too long)', '[info] client attempted to request the server name different from the one that was negotiated', '[info] client sent no required SSL certificate',
  ])
})

test('a certificate that one server verified says nothing to a server with other issuers', async (t) => {
  const s = await tls(t, `${certificate('a.test')}
    server { listen <tls> ssl; ssl_client_certificate ${fixtures}/ca.crt; ssl_verify_client on; server_name a.test; return 200 a; }
    server { listen <tls> ssl; ssl_client_certificate ${fixtures}/stranger.crt; ssl_verify_client on; server_name b.test; return 200 b; }
    server { listen <tls> ssl; ssl_client_certificate ${fixtures}/ca.crt; ssl_verify_client on; server_name c.test; return 200 c; }`)
  const client = { cert: pem('client.crt'), key: pem('client.key'), servername: '' }
  assert.equal(brief(await s.ask(get('a.test'), { ...client, checkServerIdentity: () => undefined })), '200 a')
  assert.equal(brief(await s.ask(get('b.test'), { ...client, checkServerIdentity: () => undefined })), '421 Misdirected Request')
  assert.equal(brief(await s.ask(get('c.test'), { ...client, checkServerIdentity: () => undefined })), '200 c')
})

test('sessions are resumed by tickets, but not when they are off, and not at another server', async (t) => {
  const s = await tls(t, `${certificate('a.test')}
    server { listen <tls> ssl; server_name a.test; return 200 "$ssl_session_reused $ssl_session_id"; }
    server { listen <tls> ssl; server_name off.test; ssl_session_tickets off; return 200 $ssl_session_reused; }
    server { listen <tls> ssl; server_name other.test; return 200 $ssl_session_reused; }`)
  const session = async (servername: string): Promise<Buffer> => {
    const socket = await s.open({ servername, checkServerIdentity: () => undefined })
    const got = new Promise<Buffer>((resolve) => socket.once('session', resolve))
    socket.resume().write(get(servername))
    const ticket = await Promise.race([got, new Promise<Buffer>((resolve) => socket.once('close', () => resolve(Buffer.alloc(0))))])
    return ticket
  }
  const again = async (servername: string, ticket: Buffer) => body(await s.ask(get(servername), { servername, session: ticket, checkServerIdentity: () => undefined }))
  assert.match(await again('a.test', await session('a.test')), /^200 r [0-9a-f]{64}$/)
  assert.equal(await again('other.test', await session('a.test')), '200 .')
  assert.equal(await again('off.test', await session('off.test')), '200 .')
})

test('what goes wrong in a handshake is logged and costs only its connection', async (t) => {
  const s = await tls(t, `server { listen <tls> ssl; ${certificate('a.test')} client_header_timeout 50ms; return 200 ok; }`)
  const suffix = `while SSL handshaking, client: 127.0.0.1, server: 127.0.0.1:${s.secure}`
  const send = (bytes: Buffer, end: boolean) => new Promise<string>((resolve) => {
    const socket = connectTcp(s.secure, '127.0.0.1', () => { if (end) socket.end(bytes); else socket.write(bytes) })
    let text = ''
    socket.setEncoding('hex').on('data', (data) => { text += data }).on('close', () => resolve(text)).on('error', () => {})
  })
  assert.equal(await s.ask(get('a'), { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' }), 'error ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  await send(Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 9]), false)
  await send(Buffer.from([22, 3, 1, 2]), true)
  await send(Buffer.from([22, 3, 1, 2]), false)
  assert.equal(await send(Buffer.alloc(0), true), '')
  assert.deepEqual(s.lines.filter((line) => line.includes('SSL')), [
    `[7] SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol) ${suffix}`,
    `[7] SSL_do_handshake() failed (SSL: error:0A0000A0:SSL routines::length too short) ${suffix}`,
    `[7] peer closed connection in SSL handshake ${suffix}`, `[7] client timed out (110: Connection timed out) ${suffix}`,
  ])
  assert.equal(body(await s.ask(get('a'))), '200 ok')
  await until(() => s.engine.activity().active === 0, () => 'a connection is left')
  assert.deepEqual({ ...s.engine.activity(), accepted: 0, handled: 0, requests: 0 }, { accepted: 0, handled: 0, requests: 0, active: 0, reading: 0, writing: 0, waiting: 0 })
})

test('what is wrong with the configuration is said in nginx\'s words', (t) => {
  const messages = (inner: string, outer = '') => build(t, `events {}\nhttp { ${outer}\nserver { listen 1 ssl; ${inner} } }`, { modules: [httpModule, httpCoreModule, sslModule] })
    .messages.map((line) => line.replaceAll(fixtures, '<F>'))
  const a = `ssl_certificate ${fixtures}/a.test.crt;`
  assert.deepEqual(messages(''), ['[emerg] no "ssl_certificate" is defined for the "listen ... ssl" directive in <P>/v.conf:3'])
  assert.deepEqual(messages(a), ['[emerg] no "ssl_certificate_key" is defined for certificate "<F>/a.test.crt"'])
  assert.deepEqual(messages('ssl_certificate no.crt; ssl_certificate_key no.key;'), ['[emerg] cannot load certificate "<P>/no.crt": BIO_new_file() failed ' +
    '(SSL: error:80000002:system library::No such file or directory:calling fopen(<P>/no.crt, r) error:10000080:BIO routines::no such file)'])
  assert.deepEqual(messages(`ssl_certificate ${fixtures}/make.sh; ssl_certificate_key no.key;`), ['[emerg] cannot load certificate "<F>/make.sh": ' +
    'PEM_read_bio_X509_AUX() failed (SSL: error:0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE)'])
  assert.deepEqual(messages(`${a} ssl_certificate_key ${fixtures}/other.key;`),
    ['[emerg] SSL_CTX_use_PrivateKey("<F>/other.key") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)'])
  assert.match(messages(`${a} ssl_certificate_key ${fixtures}/a.test.encrypted.key;`)[0]!,
    /^\[emerg\] cannot load certificate key "<F>\/a\.test\.encrypted\.key": PEM_read_bio_PrivateKey\(\) failed \(SSL: /)
  assert.deepEqual(messages(`${certificate('a.test')} ssl_ciphers NONSENSE;`),
    ['[emerg] SSL_CTX_set_cipher_list("NONSENSE") failed (SSL: error:0A0000B9:SSL routines::no cipher match)'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_verify_client on;`), ['[emerg] no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_protocols TLSv1.4;`), ['[emerg] invalid value "TLSv1.4" in <P>/v.conf:3'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_session_cache shared:a:1k;`), ['[emerg] session cache "shared:a:1k" is too small in <P>/v.conf:3'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_session_cache some;`), ['[emerg] invalid session cache "some" in <P>/v.conf:3'])
  assert.deepEqual(messages('ssl_certificate $host.crt;'), ['[emerg] variables in "ssl_certificate" are not supported in <P>/v.conf:3'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_ocsp on;`), ['[emerg] "ssl_ocsp" directive is not supported on this platform in <P>/v.conf:3'])
  assert.deepEqual(messages(`${certificate('a.test')} ssl_stapling on;`), ['[warn] "ssl_stapling" is not supported, ignored in <P>/v.conf:3'])
  assert.deepEqual(messages(`${a} ssl_certificate_key ${fixtures}/a.test.encrypted.key; ssl_password_file pass;`), ['[emerg] open() "<P>/pass" failed (2: No such file or directory) in <P>/v.conf:3'])
  assert.deepEqual(messages('ssl_reject_handshake on;'), [])
})

/** From a server's ssl conf to the TlsServer that answers its handshakes. */
import { constants, createHash, createHmac, randomBytes } from 'node:crypto'
import type { SecureContextOptions, SecureVersion } from 'node:tls'
import { createSecureContext } from 'node:tls'
import type { Cf } from '../../conf/cf.ts'
import type { Zone } from '../../core/zones.ts'
import { TlsServer, opensslText } from '../../net/tls.ts'
import type { SslConf } from './conf.ts'
import { Protocols } from './conf.ts'
import { fail, readCertificate, readKey, readPem, readTicketKey } from './files.ts'

/** The suites of TLS 1.3, which `ssl_ciphers` does not choose, in nginx no more than here; node:tls wants them in the same list. */
const tls13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

const versions: readonly (readonly [number, SecureVersion, number])[] = [
  [Protocols.TLSv1, 'TLSv1', constants.SSL_OP_NO_TLSv1], [Protocols['TLSv1.1'], 'TLSv1.1', constants.SSL_OP_NO_TLSv1_1],
  [Protocols['TLSv1.2'], 'TLSv1.2', constants.SSL_OP_NO_TLSv1_2], [Protocols['TLSv1.3'], 'TLSv1.3', constants.SSL_OP_NO_TLSv1_3],
]

/** Builds how a server speaks TLS; null when it has no certificate and refuses nothing. Throws ConfigError with nginx's texts. */
export function buildTls(cf: Cf, conf: SslConf, names: string): TlsServer | null {
  const { certificates } = conf
  if (certificates === null && !conf.rejectHandshake) return null
  const options: SecureContextOptions = { sessionTimeout: conf.sessionTimeout, ...protocols(cf, conf), ca: [] }
  const pems = certificates === null ? [] : loadCertificates(cf, conf, certificates, options)
  const trust = conf.verify === 'off' ? '' : loadTrust(cf, conf, options)
  // What is wrong with all of it together, which no directive alone has caused.
  attempt('SSL_CTX_new()', options)
  const identity = createHash('sha256').update(JSON.stringify([names, pems, conf.verify, trust])).digest('hex')
  options.sessionIdContext = identity.slice(0, 32)
  return new TlsServer(options, conf.verify, conf.verifyDepth, trust, conf.rejectHandshake, ticketKeys(cf, conf, identity))
}

function protocols(cf: Cf, conf: SslConf): SecureContextOptions {
  const on = versions.filter(([bit]) => (conf.protocols & bit) !== 0)
  if (on.length === 0) fail('"ssl_protocols" names no protocol that is supported, as TLSv1.2 and TLSv1.3 are')
  let secureOptions = conf.preferServerCiphers ? constants.SSL_OP_CIPHER_SERVER_PREFERENCE : 0
  for (const [bit, , off] of versions) if ((conf.protocols & bit) === 0) secureOptions |= off
  if (!conf.sessionTickets) secureOptions |= constants.SSL_OP_NO_TICKET
  const ciphers = (conf.protocols & Protocols['TLSv1.3']) !== 0 ? `${conf.ciphers}:${tls13}` : conf.ciphers
  attempt(`SSL_CTX_set_cipher_list("${conf.ciphers}")`, { ciphers })
  if (conf.ecdhCurve !== 'auto') attempt(`SSL_CTX_set1_curves_list("${conf.ecdhCurve}")`, { ecdhCurve: conf.ecdhCurve })
  const options: SecureContextOptions = {
    minVersion: on[0]![1], maxVersion: on.at(-1)![1], secureOptions, ciphers, ecdhCurve: conf.ecdhCurve,
  }
  if (conf.dhparam !== '') {
    const file = readPem(cf, conf.dhparam, (name) => `BIO_new_file("${name}")`)
    options.dhparam = file.text
    attempt(`PEM_read_bio_Parameters("${file.name}")`, { dhparam: file.text })
  }
  return options
}

/** Whether node:tls takes these options; the failure is reported as that of `call`. */
function attempt(call: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options)
  } catch (error) {
    fail(`${call} failed (SSL: ${opensslText(error)})`)
  }
}

/** Loads certificates and their keys; returns the texts. */
function loadCertificates(cf: Cf, conf: SslConf, certificates: readonly string[], options: SecureContextOptions): string[] {
  const words = conf.certificateKeys ?? []
  if (words.length < certificates.length) fail(`no "ssl_certificate_key" is defined for certificate "${certificates.at(-1)}"`)
  const cert: string[] = []
  const key: string[] = []
  certificates.forEach((word, i) => {
    const certificate = readCertificate(cf, word)
    const secret = readKey(cf, words[i]!, conf.passwords)
    if (!certificate.leaf.checkPrivateKey(secret.key)) {
      fail(`SSL_CTX_use_PrivateKey("${secret.name}") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)`)
    }
    cert.push(certificate.text)
    key.push(secret.pem)
  })
  options.cert = cert
  options.key = key
  return cert
}

/** Loads the issuers that clients may have; returns a text that stands for what is trusted. */
function loadTrust(cf: Cf, conf: SslConf, options: SecureContextOptions): string {
  const { clientCertificate, trustedCertificate } = conf
  if (conf.verify !== 'optional_no_ca' && clientCertificate === '' && trustedCertificate === '') {
    fail('no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client')
  }
  const ca: string[] = []
  for (const word of [clientCertificate, trustedCertificate]) {
    if (word === '') continue
    const call = (name: string) => `SSL_CTX_load_verify_locations("${name}")`
    const file = readPem(cf, word, call)
    attempt(call(file.name), { ca: file.text })
    if (!file.text.includes('-----BEGIN')) {
      fail(`${call(file.name)} failed (SSL: error:05880020:x509 certificate routines::no certificate or crl found)`)
    }
    ca.push(file.text)
  }
  options.ca = ca
  let crl = ''
  if (conf.crl !== '') {
    const call = (name: string) => `X509_LOOKUP_load_file("${name}")`
    const file = readPem(cf, conf.crl, call)
    attempt(call(file.name), { ca, crl: file.text })
    options.crl = crl = file.text
  }
  return JSON.stringify([ca, crl, conf.verifyDepth])
}

const secretZone = 'vespid:ssl_tickets'

/**
 * The keys that session tickets are encrypted with: those of ssl_session_ticket_key, else made from a secret that the workers share and that
 * outlives reloads, other ones for each server, so that no server takes a session that another one verified.
 */
function ticketKeys(cf: Cf, conf: SslConf, identity: string): () => Buffer | null {
  if (!conf.sessionTickets) return () => null
  const given = conf.sessionTicketKeys?.map((word) => readTicketKey(cf, word))
  if (given !== undefined) return () => derive(given[0]!, identity)
  const zone = cf.cycle.zones.add(secretZone, 32768, 'ssl')
  return () => derive(sharedSecret(zone), identity)
}

function derive(secret: Buffer, identity: string): Buffer {
  return createHmac('sha512', secret).update(identity).digest().subarray(0, 48)
}

function sharedSecret(zone: Zone): Buffer {
  const { table } = zone
  if (table === undefined) return randomBytes(32)
  table.lock()
  try {
    let entry = table.find('secret')
    if (entry === 0) {
      entry = table.insert('secret')
      table.setValue(entry, randomBytes(32))
    }
    return table.value(entry)
  } finally {
    table.unlock()
  }
}

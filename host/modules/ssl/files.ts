/** Reading what the ssl directives name, with the complaints that nginx makes with OpenSSL 3. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Cf } from '../../conf/cf.ts'
import { bytesOf } from '../../core/text.ts'
import { ConfigError, errnoText } from '../../core/errors.ts'
import { fsPath } from '../static/files.ts'
import { opensslText } from '../../net/tls.ts'

/** A PEM file's text and its full name, both byte strings. */
export interface PemFile { readonly name: string, readonly text: string }

/** Fails as nginx does where files are loaded: when the directives have been read, so without a line to name. */
export function fail(message: string): never {
  throw new ConfigError(message)
}

/** The full name of a file named by an ssl directive: relative to the directory of the configuration file. */
function fullName(cf: Cf, name: string): string {
  return bytesOf(cf.fullName(name, 'conf'))
}

/** Reads a file through what nginx calls a BIO; fails with `COMPLAINT: BIO_new_file() failed (SSL: …)`. */
export function readPem(cf: Cf, word: string, complaint: (name: string) => string): PemFile {
  const name = fullName(cf, word)
  try {
    return { name, text: readFileSync(fsPath(name)).latin1Slice() }
  } catch (error) {
    return fail(`${complaint(name)} failed (SSL: ${openFailure(name, error)})`)
  }
}

/** What OpenSSL 3 says when it cannot open a file: the system's error, then its own. */
function openFailure(name: string, error: unknown): string {
  const [, number = '0', words = ''] = /^(\d+): (.*)$/.exec(errnoText(error as NodeJS.ErrnoException)) ?? []
  const own = number === '2' ? '10000080:BIO routines::no such file' : '10080002:BIO routines::system lib'
  const code = (0x80000000 + Number(number)).toString(16).toUpperCase()
  return `error:${code}:system library::${words}:calling fopen(${name}, r) error:${own}`
}

/** The certificates of a file: the server's own first, then its chain. */
export function readCertificate(cf: Cf, word: string): PemFile & { readonly leaf: X509Certificate } {
  const file = readPem(cf, word, (name) => `cannot load certificate "${name}": BIO_new_file()`)
  if (!/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(file.text)) {
    fail(`cannot load certificate "${file.name}": PEM_read_bio_X509_AUX() failed ` +
      '(SSL: error:0480006C:PEM routines::no start line:Expecting: TRUSTED CERTIFICATE)')
  }
  try {
    return { ...file, leaf: new X509Certificate(file.text) }
  } catch (error) {
    return fail(`cannot load certificate "${file.name}": PEM_read_bio_X509_AUX() failed (SSL: ${opensslText(error)})`)
  }
}

/** A private key, and the pass phrase that opened it (undefined for none). */
export interface PrivateKey { readonly pem: string, readonly key: KeyObject, readonly name: string }

/** Reads a private key, trying the pass phrases in their order; what is returned is not encrypted any more. */
export function readKey(cf: Cf, word: string, passwords: readonly string[] | null): PrivateKey {
  const file = readPem(cf, word, (name) => `cannot load certificate key "${name}": BIO_new_file()`)
  let failure: unknown = null
  for (const passphrase of passwords ?? [undefined]) {
    try {
      const key = createPrivateKey({ key: file.text, passphrase })
      return { name: file.name, key, pem: key.export({ type: 'pkcs8', format: 'pem' }) as string }
    } catch (error) {
      failure = error
    }
  }
  return fail(`cannot load certificate key "${file.name}": PEM_read_bio_PrivateKey() failed (SSL: ${opensslText(failure)})`)
}

/** The pass phrases of a file, one a line (ssl_password_file). */
export function readPasswords(cf: Cf, word: string): string[] {
  const name = fullName(cf, word)
  try {
    return readFileSync(fsPath(name)).latin1Slice().split('\n').map((line) => line.replace(/\r$/, '')).filter((line) => line !== '')
  } catch (error) {
    return cf.fail(`open() "${name}" failed (${errnoText(error as NodeJS.ErrnoException)})`)
  }
}

/** The key of a file of ssl_session_ticket_key, 48 or 80 random bytes. */
export function readTicketKey(cf: Cf, word: string): Buffer {
  const name = fullName(cf, word)
  let key: Buffer
  try {
    key = readFileSync(fsPath(name))
  } catch (error) {
    return fail(`open() "${name}" failed (${errnoText(error as NodeJS.ErrnoException)})`)
  }
  return key.length === 48 || key.length === 80 ? key : fail(`"${name}" must be 48 or 80 bytes`)
}

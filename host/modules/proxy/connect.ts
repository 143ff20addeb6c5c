/** How a server is connected to: source address and TLS. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContextOptions, SecureVersion } from 'node:tls'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { Endpoint } from '../upstream/address.ts'
import type { LinkOptions } from '../upstream/link.ts'
import type { ProxyConf, Target } from './conf.ts'
import { ConfigError, systemFailure } from '../../core/errors.ts'
import { Level } from '../../core/log.ts'
import { textOf } from '../../core/text.ts'
import { bindAddress } from './bind.ts'

/** Bits of `proxy_ssl_protocols`. */
export const SslProtocols = { SSLv2: 1, SSLv3: 2, TLSv1: 4, 'TLSv1.1': 8, 'TLSv1.2': 16, 'TLSv1.3': 32 } as const

const numbers = new WeakMap<ProxyConf, number>()
let confs = 0

/** Connections with one key can take each other's requests: same scheme, server, TLS settings and source address. */
export function linkKey(r: Request, conf: ProxyConf, target: Target, endpoint: Endpoint): string {
  const from = conf.bind === null ? '' : `|${conf.bind.evaluate(r)}`
  if (!target.ssl) return endpoint.name + from
  let number = numbers.get(conf)
  if (number === undefined) numbers.set(conf, number = ++confs)
  return `${endpoint.name}${from}|${number}|${sslName(r, conf, target)}`
}

function sslName(r: Request, conf: ProxyConf, target: Target): string {
  const name = conf.sslName === null ? target.name : conf.sslName.evaluate(r)
  const colon = /:\d+$/.exec(name)
  return colon === null ? name : name.slice(0, colon.index)
}

/** The options of a new connection. */
export function linkOptions(r: Request, conf: ProxyConf, target: Target): LinkOptions {
  const tls = target.ssl ? tlsOptions(r, conf, target) : null
  return { tls, localAddress: localAddress(r, conf), keepalive: conf.socketKeepalive }
}

function tlsOptions(r: Request, conf: ProxyConf, target: Target): ConnectionOptions {
  const name = sslName(r, conf, target)
  return {
    ...conf.tls,
    rejectUnauthorized: conf.sslVerify,
    // A numeric address is no server name (RFC 6066 §3).
    ...(conf.sslServerName && isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_host, certificate) => conf.sslVerify ? checkServerIdentity(name, certificate) : undefined,
  }
}

function localAddress(r: Request, conf: ProxyConf): string | null {
  const value = conf.bind === null ? '' : conf.bind.evaluate(r)
  if (value === '') return null
  const address = bindAddress(value)
  if (address !== null) return address
  r.log(Level.error, `invalid local address "${value}"`)
  return null
}

function readPem(cf: Cf, file: string): Buffer {
  const path = cf.fullName(file, 'conf')
  try {
    return readFileSync(textOf(path))
  } catch (error) {
    throw new ConfigError(`cannot load certificate "${path}": ${systemFailure('fopen()', error)}`, cf.place)
  }
}

const versions: readonly [number, SecureVersion][] = [
  [SslProtocols.TLSv1, 'TLSv1'], [SslProtocols['TLSv1.1'], 'TLSv1.1'], [SslProtocols['TLSv1.2'], 'TLSv1.2'],
  [SslProtocols['TLSv1.3'], 'TLSv1.3'],
]

/**
 * The part of the TLS options that does not depend on the request; reads the files. Throws ConfigError when one cannot
 * be read or used.
 */
export function compileTls(cf: Cf, conf: ProxyConf): ConnectionOptions {
  const { place } = cf
  const allowed = versions.filter(([bit]) => (conf.sslProtocols & bit) !== 0).map(([, name]) => name)
  const options: SecureContextOptions = {}
  if (allowed.length > 0) {
    options.minVersion = allowed[0]!
    options.maxVersion = allowed[allowed.length - 1]!
  }
  if (conf.sslCiphers !== 'DEFAULT') options.ciphers = conf.sslCiphers
  if (conf.sslVerify) {
    if (conf.sslTrustedCertificate === '') throw new ConfigError('no proxy_ssl_trusted_certificate for proxy_ssl_verify')
    options.ca = readPem(cf, conf.sslTrustedCertificate)
  }
  if (conf.sslCertificate !== '') {
    if (conf.sslCertificateKey === '') {
      throw new ConfigError(`no "proxy_ssl_certificate_key" is defined for certificate "${conf.sslCertificate}"`)
    }
    options.cert = readPem(cf, conf.sslCertificate)
    options.key = readPem(cf, conf.sslCertificateKey)
  }
  try {
    return { secureContext: createSecureContext(options) }
  } catch (error) {
    throw new ConfigError(`cannot use the proxy_ssl directives: ${(error as Error).message}`, place)
  }
}

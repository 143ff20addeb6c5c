/**
 * TLS on `listen … ssl` (nginx's ngx_http_ssl_module). In the host because it stands between sockets and HTTP and holds private keys.
 *
 * Accepted, checked and without effect, because node:tls decides or has nothing of the kind:
 *
 * | directives | instead |
 * |---|---|
 * | ssl_session_cache | sessions are resumed by tickets, whose keys all workers share; none by session ids |
 * | ssl_session_ticket_key | only the first key is used |
 * | ssl_buffer_size, ssl_certificate_cache, ssl_certificate_compression | node:tls chooses record sizes; files are read once |
 * | ssl_early_data on, ssl_stapling on | a warning: neither is done |
 * | ssl_trusted_certificate | its names are sent to clients too |
 *
 * Refused, because leaving them out would weaken what was asked for: `ssl_ocsp`, `ssl_conf_command`, `ssl_ech_file`, certificates named by
 * variables. Without value: `$ssl_ciphers`, `$ssl_curve(s)`, `$ssl_sigalg(s)`, `$ssl_client_sigalg`, `$ssl_early_data`, `$ssl_ech_…`.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Directive, Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import { ConfigError } from '../../core/errors.ts'
import { mergeValues } from '../../conf/merge.ts'
import { setBitmask, setEnum, setFlag, setNum, setSec, setSize, setStr, setStrArray } from '../../conf/setters.ts'
import { parseNumber, parseSec, parseSize } from '../../core/units.ts'
import { coreMain, coreSrv } from '../../http/core/confs.ts'
import { Protocols, SslConf, sslDefaults } from './conf.ts'
import { buildTls } from './context.ts'
import { readPasswords } from './files.ts'
import { sslVariables } from './variables.ts'

type Setter = Directive<any>['set']

/** A file name without variables. */
const setFiles: Setter = (cf, directive, conf) => {
  if (cf.args[1]!.includes('$')) {
    cf.fail(`variables in "${directive.name}" are not supported`, 1, 'name the file; a server for each certificate can be chosen by server_name')
  }
  return setStrArray(cf, directive, conf)
}

/** `ssl_password_file FILE;` */
const setPasswords: Setter = (cf, _directive, conf: SslConf) => {
  if (conf.passwords !== undefined) return 'is duplicate'
  conf.passwords = readPasswords(cf, cf.args[1]!)
}

/** `ssl_session_cache off|none|builtin[:SIZE]|shared:NAME:SIZE …;` */
const setSessionCache: Setter = (cf, _directive, conf: SslConf) => {
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    if (word === 'off' || word === 'none' || word === 'builtin') continue
    if (/^builtin:./.test(word) && parseNumber(word.slice(8)) !== null) continue
    const shared = /^shared:([^:]+):(.*)$/s.exec(word)
    const size = shared === null ? null : parseSize(shared[2]!)
    if (size === null) return cf.fail(`invalid session cache "${word}"`, i)
    if (size < 8 * 4096) cf.fail(`session cache "${word}" is too small`, i)
  }
  conf.sessionCache = true
}

/** `ssl_certificate_cache off|max=N [inactive=TIME] [valid=TIME];` */
const setCertificateCache: Setter = (cf, _directive, conf: SslConf) => {
  if (conf.certificateCache !== undefined) return 'is duplicate'
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const [, name, value = ''] = /^(max|inactive|valid)=(.*)$/s.exec(word) ?? []
    const good = word === 'off' || (name === 'max' ? (parseNumber(value) ?? 0) > 0 : name !== undefined && parseSec(value) !== null)
    if (!good) cf.fail(`invalid parameter "${word}"`, i)
  }
  conf.certificateCache = true
}

/** A flag that is taken, and warned of when it is on. */
const setIgnored: Setter = (cf, directive, conf) => {
  const text = setFlag(cf, directive, conf)
  if (typeof text !== 'string' && conf[directive.field!] === true) cf.warn(`"${directive.name}" is not supported, ignored`)
  return text
}

const refuse: Setter = (cf, directive) => cf.fail(`"${directive.name}" directive is not supported on this platform`)

/** `ssl_ocsp off;` */
const setOcsp: Setter = (cf, directive) => {
  if (cf.args[1] !== 'off') refuse(cf, directive, null)
}

const accept: Setter = () => {}

function directive(name: string, set: Setter, field: string, args: number = Args.Take1, post?: unknown): Directive {
  return { name, where: Where.Http | Where.Server, args, conf: 'srv', set, field, post }
}

const directives: readonly Directive[] = [
  directive('ssl_certificate', setFiles, 'certificates'),
  directive('ssl_certificate_key', setFiles, 'certificateKeys'),
  directive('ssl_password_file', setPasswords, 'passwords'),
  directive('ssl_protocols', setBitmask, 'protocols', Args.OneOrMore, Protocols),
  directive('ssl_ciphers', setStr, 'ciphers'),
  directive('ssl_prefer_server_ciphers', setFlag, 'preferServerCiphers', Args.Flag),
  directive('ssl_ecdh_curve', setStr, 'ecdhCurve'),
  directive('ssl_dhparam', setStr, 'dhparam'),
  directive('ssl_verify_client', setEnum, 'verify', Args.Take1, { off: 'off', on: 'on', optional: 'optional', optional_no_ca: 'optional_no_ca' }),
  directive('ssl_verify_depth', setNum, 'verifyDepth'),
  directive('ssl_client_certificate', setStr, 'clientCertificate'),
  directive('ssl_trusted_certificate', setStr, 'trustedCertificate'),
  directive('ssl_crl', setStr, 'crl'),
  directive('ssl_session_cache', setSessionCache, 'sessionCache', Args.Take12),
  directive('ssl_session_timeout', setSec, 'sessionTimeout'),
  directive('ssl_session_tickets', setFlag, 'sessionTickets', Args.Flag),
  directive('ssl_session_ticket_key', setStrArray, 'sessionTicketKeys'),
  directive('ssl_reject_handshake', setFlag, 'rejectHandshake', Args.Flag),
  directive('ssl_buffer_size', setSize, 'bufferSize'),
  directive('ssl_certificate_cache', setCertificateCache, 'certificateCache', Args.Take123),
  directive('ssl_certificate_compression', setFlag, 'certificateCompression', Args.Flag),
  directive('ssl_early_data', setIgnored, 'earlyData', Args.Flag),
  directive('ssl_stapling', setIgnored, 'stapling', Args.Flag),
  directive('ssl_stapling_file', setStr, 'staplingFile'),
  directive('ssl_stapling_responder', setStr, 'staplingResponder'),
  directive('ssl_stapling_verify', setFlag, 'staplingVerify', Args.Flag),
  directive('ssl_ocsp', setOcsp, ''),
  directive('ssl_ocsp_cache', accept, ''),
  directive('ssl_ocsp_responder', accept, ''),
  directive('ssl_conf_command', refuse, '', Args.Take2),
  directive('ssl_ech_file', refuse, ''),
]

/** Every address with `ssl` needs a certificate, or a reason to do without: checked for its servers as nginx does. */
function checkListens(cf: Cf): void {
  for (const { options, servers, defaultServer } of coreMain(cf).listens.values()) {
    if (!options.ssl) continue
    const asked = defaultServer.tls?.reject === true ? servers : [defaultServer]
    const bare = asked.find((server) => server.tls === null)
    if (bare === undefined) continue
    cf.report(new ConfigError('no "ssl_certificate" is defined for the "listen ... ssl" directive', bare.place))
  }
}

/** The ssl module. */
export const sslModule: Module = {
  name: 'ssl',
  directives,
  variables: sslVariables,
  createSrvConf: () => new SslConf(),
  mergeSrvConf(cf, parent: SslConf, child: SslConf) {
    mergeValues(parent, child, sslDefaults)
    const server = coreSrv(cf)
    server.tls = buildTls(cf, child, server.serverNames.map((entry) => entry.name).join(' '))
  },
  postconfiguration: checkListens,
}

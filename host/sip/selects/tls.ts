/** `@tls…` of Kamailio's module tls. Everything is an error without TLS. */
import type { CertificateInfo, TlsInfo } from '../message.ts'
import type { SelectRow, Selected } from '../../expr/select/table.ts'

function tls(pattern: string, read: (info: TlsInfo) => string | null): SelectRow {
  return { pattern: `tls${pattern}`, bind: () => (m) => m.tls === null ? undefined : read(m.tls) ?? undefined }
}

/** The same question about the peer's certificate and about our own. */
function certificate(pattern: string, read: (certificate: CertificateInfo) => string | null): SelectRow[] {
  const of = (info: CertificateInfo | null): string | null => info === null ? null : read(info)
  return [tls(`.peer${pattern}`, (info) => of(info.peer)), tls(`.my|me|myself${pattern}`, (info) => of(info.local))]
}

/** A property of the peer's certificate: "1" or "0"; there is no such thing of our own. */
function check(name: string, read: (info: TlsInfo) => boolean): SelectRow[] {
  const own: SelectRow = { pattern: `tls.my|me|myself.${name}`, bind: () => (): Selected => undefined }
  return [tls(`.peer.${name}`, (info) => info.peer !== null && read(info) ? '1' : '0'), own]
}

/** Components of a name with all the names that Kamailio gives them. */
const components: readonly (readonly [string, string])[] = [
  ['cn|commonname|common_name|name', 'CN'], ['l|localityname|locality_name|locality', 'L'], ['c|countryname|country_name|country', 'C'],
  ['st|stateorprovincename|state_or_province_name|state', 'ST'], ['o|organizationname|organization_name|organization', 'O'],
  ['ou|organizationalunitname|organizational_unit_name|unit', 'OU'], ['uid|uniqueidentifier|unique_identifier', 'UID'],
]

function names(): SelectRow[] {
  return [
    ...certificate('', (c) => c.subject('CN')),
    ...certificate('.subject|subj', (c) => c.subject('CN')),
    ...certificate('.issuer', (c) => c.issuer('CN')),
    ...components.flatMap(([written, component]) => [
      ...certificate(`.subject|subj.${written}`, (c) => c.subject(component)),
      ...certificate(`.issuer.${written}`, (c) => c.issuer(component)),
    ]),
  ]
}

function alternatives(): SelectRow[] {
  return [
    ...certificate('.email|emailaddress|email_address', (c) => c.alternative('email')),
    ...certificate('.host|hostname|dns', (c) => c.alternative('dns')),
    ...certificate('.uri|url|urn', (c) => c.alternative('uri')),
    ...certificate('.ip|ipaddress|ip_address', (c) => c.alternative('ip')),
  ]
}

/** As Kamailio encodes a PEM text, with small hex digits; the text is ASCII. */
function urlEncoded(pem: string): string {
  return pem.replace(/[^A-Za-z0-9._~-]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

const chain: SelectRow[] = [
  {
    pattern: 'tls.peer.verified_cert_chain[n]',
    bind: ([index]) => (m) => m.tls === null || !m.tls.verified || (index as number) < 0 ? undefined : m.tls.chain(index as number) ?? undefined,
  },
  { pattern: 'tls.my|me|myself.verified_cert_chain[n]', bind: () => () => undefined },
]

/** The module's rows. */
export const tlsRows: readonly SelectRow[] = [
  tls('', (info) => info.description),
  tls('.version', (info) => info.version),
  tls('.desc|description', (info) => info.description),
  tls('.cipher', (info) => info.cipher),
  tls('.cipher.bits', (info) => String(info.bits)),
  tls('.servername|server_name', (info) => info.serverName),
  ...names(),
  ...check('verified', (info) => info.verified),
  ...check('revoked', (info) => info.revoked),
  ...check('expired', (info) => info.expired),
  ...check('self_signed', (info) => info.selfSigned),
  ...certificate('.version', (c) => String(c.version)),
  ...certificate('.rawcert|raw_cert', (c) => c.pem),
  ...certificate('.urlencodedcert|urlencoded_cert', (c) => urlEncoded(c.pem)),
  ...chain,
  ...certificate('.sn|serialnumber|serial_number', (c) => c.serial),
  ...certificate('.notbefore|not_before', (c) => c.notBefore),
  ...certificate('.notafter|not_after', (c) => c.notAfter),
  ...alternatives(),
]

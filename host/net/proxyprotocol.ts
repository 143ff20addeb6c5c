/** The PROXY protocol, versions 1 and 2: the addresses of a connection that a balancer passes on (haproxy's proxy-protocol.txt). */
import { isIP } from 'node:net'

/** What a PROXY header says. Addresses are texts, ports numbers. */
export interface ProxiedAddresses {
  readonly sourceAddress: string
  readonly sourcePort: number
  readonly destinationAddress: string
  readonly destinationPort: number
  /** The type-length-value fields of version 2 as they came; empty in version 1. */
  readonly fields: Buffer
}

/** A header that was read: its length in bytes; `addresses` is null when it names none (UNKNOWN, LOCAL, other families). */
export interface ProxyHeader { readonly length: number, readonly addresses: ProxiedAddresses | null }

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const longestV1 = 107
/** nginx reads no longer header than this. */
const longestV2 = 4096
const nothing = Buffer.alloc(0)

/** Reads a header at the begin of a connection; null while bytes are missing; a text when it is none: nginx's complaint. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | string | null {
  const shared = Math.min(bytes.length, signature.length)
  if (bytes.compare(signature, 0, shared, 0, shared) === 0) return bytes.length < 16 ? null : version2(bytes)
  const text = bytes.latin1Slice(0, Math.min(bytes.length, longestV1))
  const end = text.indexOf('\r\n')
  if (end >= 0) return version1(text.slice(0, end)) ?? broken(text)
  const begins = 'PROXY '.startsWith(text.slice(0, 6)) || text.startsWith('PROXY ')
  return begins && text.length < longestV1 && !text.slice(0, -1).includes('\r') && !text.includes('\n') ? null : broken(text)
}

function broken(text: string): string {
  return `broken header: "${/^[^\r\n]*/.exec(text)![0]}"`
}

function version1(line: string): ProxyHeader | null {
  const length = line.length + 2
  if (line.startsWith('PROXY UNKNOWN')) return { length, addresses: null }
  const match = /^PROXY TCP([46]) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) (\d{1,5}) (\d{1,5})$/.exec(line)
  if (match === null) return null
  const [, family, sourceAddress, destinationAddress, from, to] = match as unknown as [string, string, string, string, string, string]
  const sourcePort = Number(from)
  const destinationPort = Number(to)
  if (sourcePort > 65535 || destinationPort > 65535) return null
  if (isIP(sourceAddress) !== Number(family) || isIP(destinationAddress) !== Number(family)) return null
  return { length, addresses: { sourceAddress, sourcePort, destinationAddress, destinationPort, fields: nothing } }
}

function version2(bytes: Buffer): ProxyHeader | string | null {
  const version = bytes[12]! >> 4
  if (version !== 2) return `unknown PROXY protocol version: ${version}`
  const length = 16 + bytes.readUInt16BE(14)
  if (length > longestV2) return 'header is too large'
  if (bytes.length < length) return null
  const local = (bytes[12]! & 15) !== 1
  const stream = (bytes[13]! & 15) === 1
  const size = bytes[13]! >> 4 === 1 ? 4 : bytes[13]! >> 4 === 2 ? 16 : 0
  if (local || !stream || size === 0) return { length, addresses: null }
  const ports = 16 + 2 * size
  if (ports + 4 > length) return `broken header: address does not fit`
  const addresses: ProxiedAddresses = {
    sourceAddress: addressText(bytes.subarray(16, 16 + size)), sourcePort: bytes.readUInt16BE(ports),
    destinationAddress: addressText(bytes.subarray(16 + size, ports)), destinationPort: bytes.readUInt16BE(ports + 2),
    fields: Buffer.from(bytes.subarray(ports + 4, length)),
  }
  return { length, addresses }
}

/** 4 or 16 bytes as an address, in the shortest form (RFC 5952; the URL parser writes it). */
function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

const names = new Map([['alpn', 0x01], ['authority', 0x02], ['unique_id', 0x05], ['ssl', 0x20], ['netns', 0x30]])
const sslNames = new Map([['ssl_version', 0x21], ['ssl_cn', 0x22], ['ssl_cipher', 0x23], ['ssl_sig_alg', 0x24], ['ssl_key_alg', 0x25]])

/**
 * A field of version 2 by nginx's name for it (`authority`, `ssl_cn`, `0x05` …) as a byte string, or null when it did not come or the
 * name is none; `ssl_verify` is a number in decimal.
 */
export function proxyField(fields: Buffer, name: string): string | null {
  if (name === 'ssl_verify') {
    const ssl = field(fields, 0x20)
    return ssl === null || ssl.length < 5 ? null : String(ssl.readUInt32BE(1))
  }
  const inSsl = sslNames.get(name)
  if (inSsl !== undefined) {
    const ssl = field(fields, 0x20)
    return ssl === null ? null : field(ssl.subarray(5), inSsl)?.latin1Slice() ?? null
  }
  const type = names.get(name) ?? (/^0x[0-9a-f]{1,2}$/.test(name) ? parseInt(name, 16) : -1)
  return field(fields, type)?.latin1Slice() ?? null
}

function field(fields: Buffer, type: number): Buffer | null {
  for (let at = 0; at + 3 <= fields.length;) {
    const end = at + 3 + fields.readUInt16BE(at + 1)
    if (end > fields.length) return null
    if (fields[at] === type) return fields.subarray(at + 3, end)
    at = end
  }
  return null
}

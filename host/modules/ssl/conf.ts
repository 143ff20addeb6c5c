/** What the ssl module's directives say of one server. */

/** Bits of `ssl_protocols`. */
export const Protocols = { SSLv2: 1, SSLv3: 2, TLSv1: 4, 'TLSv1.1': 8, 'TLSv1.2': 16, 'TLSv1.3': 32 } as const

const unset = undefined as never

/** Server conf; file names as written. `undefined`: not said here. */
export class SslConf {
  certificates: string[] | null = unset
  certificateKeys: string[] | null = unset
  /** Pass phrases to try on encrypted keys, in their order. */
  passwords: string[] | null = unset
  protocols: number = unset
  ciphers: string = unset
  preferServerCiphers: boolean = unset
  ecdhCurve: string = unset
  dhparam: string = unset
  verify: 'off' | 'on' | 'optional' | 'optional_no_ca' = unset
  verifyDepth: number = unset
  clientCertificate: string = unset
  trustedCertificate: string = unset
  crl: string = unset
  sessionTimeout: number = unset
  sessionTickets: boolean = unset
  sessionTicketKeys: string[] | null = unset
  rejectHandshake: boolean = unset
  // Accepted without effect; module.ts tells why.
  sessionCache: boolean = unset
  bufferSize: number = unset
  certificateCache: boolean = unset
  certificateCompression: boolean = unset
  earlyData: boolean = unset
  stapling: boolean = unset
  staplingFile: string = unset
  staplingResponder: string = unset
  staplingVerify: boolean = unset
}

/** nginx's defaults. */
export const sslDefaults: Partial<SslConf> = {
  certificates: null, certificateKeys: null, passwords: null, protocols: Protocols['TLSv1.2'] | Protocols['TLSv1.3'],
  ciphers: 'HIGH:!aNULL:!MD5', preferServerCiphers: false, ecdhCurve: 'auto', dhparam: '', verify: 'off', verifyDepth: 1,
  clientCertificate: '', trustedCertificate: '', crl: '', sessionTimeout: 300, sessionTickets: true, sessionTicketKeys: null,
  rejectHandshake: false,
}

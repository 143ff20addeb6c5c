/** What a byte transport is: a socket or fifo of the host's that carries documents to a plugin and its answers back. */

/** What all have. */
interface Common {
  /** The longest document in bytes. */
  readonly limit: number
  /** As Kamailio does, where that is worse: see the kinds. */
  readonly strict: boolean
  /** The server starts without it where it cannot be opened. */
  readonly optional: boolean
}

/** Who owns a file of the file system; null: whoever runs the server. */
export interface Owner {
  readonly mode: number
  readonly user: string | null
  readonly group: string | null
}

/** A fifo that is read; answers go to fifos that the callers make, below `replies`. Strict: framed by braces only, and never back in step once it was lost. */
export interface FifoSpec extends Owner, Common {
  readonly kind: 'fifo'
  readonly path: string
  /** What is put before the name of a reply fifo. */
  readonly replies: string
}

/** A datagram socket, UDP or unix: one datagram is one document, and its answer another. Strict: UDP answers what is no call too. */
export interface DatagramSpec extends Owner, Common {
  readonly kind: 'datagram'
  /** A unix socket's; null: UDP. */
  readonly path: string | null
  readonly host: string
  readonly port: number
  /** How long an answer is tried to be sent, in milliseconds. */
  readonly timeout: number
}

/** A TCP socket: one document a connection. Strict: it must come in one piece, and what is no JSON is left without answer and end. */
export interface TcpSpec extends Common {
  readonly kind: 'tcp'
  readonly host: string
  readonly port: number
  /** How long a client may take for its document, and for the answer, in milliseconds. */
  readonly timeout: number
  /** Clients at the same time. */
  readonly clients: number
}

export type TransportSpec = FifoSpec | DatagramSpec | TcpSpec

/** The answer to a document: bytes, empty for none, and in a fifo's case the name of the fifo that it goes to. */
export interface TransportAnswer {
  readonly bytes: Uint8Array
  /** Null: the document names none. */
  readonly to: string | null
  /** The document was understood; of one that was not, Kamailio's TCP transport leaves the connection open. */
  readonly understood: boolean
}

/** Answers a document of `peer`; null for none at all. */
export type Serve = (document: Buffer, peer: string) => Promise<TransportAnswer | null>

/** One line for the error log. */
export type Note = (level: 'error' | 'warn' | 'info', message: string) => void

/** What an open transport is told to do. */
export interface Transport {
  /** Opens it; rejects with a sentence for the operator. */
  open(): Promise<void>
  /** Takes other settings of the same address into use; a sentence when that failed. */
  update(spec: TransportSpec): string | null
  /** Ends it: no document is taken any more, and its file is removed. Answers in progress may still leave. */
  close(): void
}

/** The address of a transport as grants and messages name it: `fifo:/run/x`, `unix:/run/x.sock`, `udp:127.0.0.1:8050`, `tcp:[::1]:8050`. */
export function addressOf(spec: TransportSpec): string {
  if (spec.kind === 'fifo') return `fifo:${spec.path}`
  if (spec.kind === 'datagram' && spec.path !== null) return `unix:${spec.path}`
  const { host, port } = spec
  return `${spec.kind === 'tcp' ? 'tcp' : 'udp'}:${host.includes(':') ? `[${host}]` : host}:${port}`
}

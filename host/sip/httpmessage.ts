import type { Message, TlsInfo, Transport } from './message.ts'
import type { MessageState } from './state.ts'
import type { TlsSession } from '../net/tls.ts'
import { Parsed } from './parsed.ts'
import { lowerAscii } from './scan.ts'
import { SessionInfo } from './tlsinfo.ts'

/** What is read of an HTTP request; host/http/request.ts's Request is one. */
export interface HttpRequestView {
  readonly serial: number
  /** Changes when the head is changed. */
  readonly revision: number
  readonly method: string
  readonly requestLine: string
  /** As it stands in the request line. */
  readonly target: string
  readonly head: { readonly count: number, name(i: number): string, value(i: number): string, readonly understood: boolean, line?(lower: string, from: number): number }
  readonly bodyBuffer: Buffer | null
  /** What `messageOf` made for it. */
  message?: HttpMessage | null
  /** What a script that runs on it has changed; a message that is made has it. */
  scriptState?: MessageState | null
  readonly connection: {
    readonly remoteAddress: string
    readonly remotePort: number
    readonly localAddress: string
    readonly localPort: number
    readonly secure?: TlsSession | null
  }
}

/**
 * An HTTP request as a Message (select.md §7). No Via line is put in front, unlike in Kamailio; `@ruri` is the effective request URI. One object serves all
 * selects of a request; the request object is reused by its connection, so whoever keeps the message compares `serial`.
 */
export class HttpMessage implements Message {
  readonly kind = 'http'
  readonly isRequest = true
  readonly isResponse = false
  readonly status = ''
  readonly reason = ''
  readonly request: HttpRequestView
  state: MessageState | null = null
  readonly serial: number
  private secure: TlsInfo | null | undefined = undefined
  private revision: number
  private names: string[] | null = null
  private values: (string | undefined)[] | null = null
  private understood: Parsed | null = null
  private way: Transport | null = null

  constructor(request: HttpRequestView) {
    this.request = request
    this.serial = request.serial
    this.revision = request.revision
    this.state = request.scriptState ?? null
  }

  get tls(): TlsInfo | null {
    if (this.secure === undefined) {
      const session = this.request.connection.secure ?? null
      this.secure = session === null ? null : new SessionInfo(session)
    }
    return this.secure
  }

  get method(): string { return this.request.method }
  get target(): string { return this.request.target }
  get firstLine(): string { return this.request.requestLine }

  get version(): string {
    const line = this.firstLine
    const at = line.lastIndexOf(' ')
    return at < 0 || !line.startsWith('HTTP/', at + 1) ? 'HTTP/0.9' : line.slice(at + 1)
  }

  get parsed(): Parsed {
    this.refresh()
    return this.understood ??= new Parsed(this)
  }

  get transport(): Transport {
    return this.way ??= transportOf(this.request, this.tls !== null)
  }

  get count(): number { return this.request.head.count }
  name(i: number): string { return this.request.head.name(i) }

  value(i: number): string {
    this.refresh()
    const values = this.values ??= []
    return values[i] ??= this.request.head.value(i)
  }

  find(_id: number, lower: string, from: number): number {
    const { head } = this.request
    if (head.line !== undefined) return head.line(lower, from)
    this.refresh()
    const names = this.names ?? this.lowerNames()
    for (let i = from; i < names.length; i++) if (names[i] === lower) return i
    return -1
  }

  get headerText(): string {
    let text = ''
    const { head } = this.request
    for (let i = 0; i < head.count; i++) text += `${head.name(i)}: ${head.value(i)}\r\n`
    return text + '\r\n'
  }

  get body(): string | null {
    const { bodyBuffer } = this.request
    return bodyBuffer === null ? null : bodyBuffer.latin1Slice()
  }

  get text(): string { return `${this.firstLine}\r\n${this.headerText}${this.body ?? ''}` }

  private lowerNames(): string[] {
    const names: string[] = []
    const { head } = this.request
    for (let i = 0, n = head.count; i < n; i++) names.push(lowerAscii(head.name(i)))
    return this.names = names
  }

  /** Forgets what was read of a head that has changed since. */
  private refresh(): void {
    if (this.revision === this.request.revision) return
    this.revision = this.request.revision
    this.names = this.understood = this.values = null
  }
}

/** The message of a request, the same one for all who ask during the request: templates, conditions, log formats, plugins. */
export function messageOf(request: HttpRequestView): HttpMessage {
  const kept = request.message
  if (kept !== undefined && kept !== null && kept.serial === request.serial) return kept
  return request.message = new HttpMessage(request)
}

function transportOf({ connection }: HttpRequestView, secure: boolean): Transport {
  return {
    protocol: secure ? 'tls' : 'tcp',
    source: { address: connection.remoteAddress, port: connection.remotePort },
    destination: { address: connection.localAddress, port: connection.localPort },
  }
}


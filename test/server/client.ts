/** A raw client for tests: bytes in, bytes out, one character per byte. */
import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'

/** A parsed HTTP response. */
export interface Response {
  readonly status: number
  readonly statusLine: string
  /** Header lines in order: lower-case name and value. */
  readonly lines: readonly (readonly [string, string])[]
  /** The body, chunked framing removed; one character per byte. */
  readonly body: string
  /** The first value of a header, or null. */
  header(name: string): string | null
}

/** One connection. Reads fail after 20 seconds with what has arrived. */
export class Client {
  readonly socket: Socket
  #buffer = ''
  #ended = false
  #wake: (() => void) | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => { this.#buffer += text; this.#wake?.() })
    socket.on('error', () => {})
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
  }

  static open(options: NetConnectOpts): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...options, allowHalfOpen: true }, () => {
        socket.off('error', reject)
        resolve(new Client(socket))
      })
      socket.once('error', reject)
    })
  }

  #end(): void {
    this.#ended = true
    this.#wake?.()
  }

  write(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Ends our side; the server may still answer. */
  end(): void {
    this.socket.end()
  }

  close(): void {
    this.socket.destroy()
  }

  /** Whether the server has ended the connection. */
  get ended(): boolean {
    return this.#ended
  }

  /** What has arrived and was not taken yet. */
  get pending(): string {
    return this.#buffer
  }

  async #wait(ready: () => boolean, what: string): Promise<void> {
    const limit = setTimeout(() => { this.socket.destroy(new Error('time')) }, 20000)
    while (!ready() && !this.#ended) await new Promise<void>((resolve) => { this.#wake = resolve })
    clearTimeout(limit)
    if (!ready()) throw new Error(`the connection ended before ${what}; it brought ${JSON.stringify(this.#buffer)}`)
  }

  /** Takes everything up to and including `text`. */
  async until(text: string): Promise<string> {
    await this.#wait(() => this.#buffer.includes(text), JSON.stringify(text))
    return this.#take(this.#buffer.indexOf(text) + text.length)
  }

  /** Takes exactly `length` bytes. */
  async bytes(length: number): Promise<string> {
    await this.#wait(() => this.#buffer.length >= length, `${length} bytes`)
    return this.#take(length)
  }

  /** Takes everything until the server ends the connection, and closes ours. */
  async rest(): Promise<string> {
    await this.#wait(() => this.#ended, 'its end')
    this.socket.destroy()
    return this.#take(this.#buffer.length)
  }

  /** Takes one response with its body (by Content-Length, chunks, or the end of the connection). `method` HEAD has no body. */
  async response(method = 'GET'): Promise<Response> {
    let text = await this.until('\r\n\r\n')
    const head = parseResponse(text, 'HEAD')
    if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return head
    const length = head.header('content-length')
    if (head.header('transfer-encoding') === 'chunked') {
      for (;;) {
        const line = await this.until('\r\n')
        const size = parseInt(line, 16)
        text += line + (size > 0 ? await this.bytes(size + 2) : await this.until('\r\n'))
        if (!(size > 0)) break
      }
    } else if (length !== null) {
      text += await this.bytes(Number(length))
    } else {
      text += await this.rest()
    }
    return parseResponse(text, method)
  }

  #take(length: number): string {
    const taken = this.#buffer.slice(0, length)
    this.#buffer = this.#buffer.slice(length)
    return taken
  }
}

/** Splits a whole response; throws when it is none. */
export function parseResponse(text: string, method: string): Response {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0 || !text.startsWith('HTTP/')) throw new Error(`not a response: ${JSON.stringify(text)}`)
  const [statusLine, ...rows] = text.slice(0, end).split('\r\n')
  const lines = rows.map((row) => [row.slice(0, row.indexOf(':')).toLowerCase(), row.slice(row.indexOf(':') + 1).trim()] as const)
  const header = (name: string) => lines.find((line) => line[0] === name.toLowerCase())?.[1] ?? null
  let body = text.slice(end + 4)
  if (method !== 'HEAD' && header('transfer-encoding') === 'chunked') body = unchunk(body)
  return { status: Number(statusLine!.split(' ')[1]), statusLine: statusLine!, lines, body, header }
}

/** The content of a chunked body; throws when its framing is broken or it is not complete. */
export function unchunk(text: string): string {
  let out = ''
  let at = 0
  for (;;) {
    const line = /^([0-9a-f]+)(?:;[^\r\n]*)?\r\n/i.exec(text.slice(at, at + 64))
    if (line === null) throw new Error(`broken chunk at ${at}: ${JSON.stringify(text.slice(at, at + 40))}`)
    const size = parseInt(line[1]!, 16)
    at += line[0].length
    if (size === 0) return out
    out += text.slice(at, at + size)
    if (text.slice(at + size, at + size + 2) !== '\r\n') throw new Error(`chunk at ${at} does not end`)
    at += size + 2
  }
}

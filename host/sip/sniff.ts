import type { Socket } from 'node:net'

/** Bytes of a first line, at most. */
const longestLine = 8192

/** What a connection's first line says: SIP, not SIP, or not yet known. Empty lines in front of it say nothing. */
export function firstLineIsSip(bytes: Buffer): boolean | null {
  let at = 0
  while (at < bytes.length && (bytes[at] === 13 || bytes[at] === 10)) at++
  if (at > 4) return true
  const end = bytes.indexOf(10, at)
  if (end < 0) return bytes.length - at > longestLine ? false : null
  const line = bytes.latin1Slice(at, end)
  return / SIP\/2\.0\r?$/i.test(line) || /^SIP\/2\.0 /i.test(line)
}

/** A connection on a port that HTTP and SIP share, until its first line has come: that decides, for the whole connection (Kamailio decides anew for each message). */
export class Sniffer {
  private readonly socket: Socket
  readonly deadline: number
  private bytes: Buffer | null = null
  private readonly decided: (sip: boolean, bytes: Buffer) => void
  private readonly gone: () => void
  private readonly onData = (data: Buffer): void => this.received(data)

  constructor(socket: Socket, deadline: number, decided: (sip: boolean, bytes: Buffer) => void, gone: () => void) {
    this.socket = socket
    this.deadline = deadline
    this.decided = decided
    this.gone = gone
    socket.on('data', this.onData).on('end', this.gone).on('close', this.gone)
    socket.on('error', () => {})
    socket.resume()
  }

  abort(): void {
    this.finish()
    this.socket.destroy()
  }

  private received(data: Buffer): void {
    this.bytes = this.bytes === null ? data : Buffer.concat([this.bytes, data])
    const sip = firstLineIsSip(this.bytes)
    if (sip === null) return
    this.finish()
    const more = this.socket.read() as Buffer | null
    this.decided(sip, more === null ? this.bytes : Buffer.concat([this.bytes, more]))
  }

  private finish(): void {
    this.socket.off('data', this.onData).off('end', this.gone).off('close', this.gone)
  }
}

/** Enough of TLS's first message to choose a server by name before TLS begins (RFC 8446 §4.1.2, RFC 6066 §3). */

/** A first message longer than this is left to TLS without a look at it. */
const longestHello = 65536

/**
 * The host name that a ClientHello asks for: '' when it names none or is no ClientHello (TLS will say what is wrong with it), null
 * while bytes are missing. `bytes` begin with the first record of the connection.
 */
export function helloName(bytes: Buffer): string | null {
  const hello = firstMessage(bytes)
  if (hello === null) return bytes.length < longestHello ? null : ''
  return hello.length === 0 ? '' : nameIn(hello)
}

/** The body of the first handshake message, put together from its records; empty when it is no ClientHello; null while it is incomplete. */
function firstMessage(bytes: Buffer): Buffer | null {
  const empty = Buffer.alloc(0)
  const fragments: Buffer[] = []
  let have = 0
  for (let at = 0; ;) {
    if (at + 5 > bytes.length) return null
    if (bytes[at] !== 22) return empty
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    fragments.push(bytes.subarray(at + 5, Math.min(end, bytes.length)))
    have += fragments.at(-1)!.length
    if (have >= 4) {
      const message = fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments)
      const length = message.readUIntBE(1, 3)
      if (message[0] !== 1 || length > longestHello) return empty
      if (have >= 4 + length) return message.subarray(4, 4 + length)
    }
    if (end > bytes.length) return null
    if (end === at + 5) return empty
    at = end
  }
}

/** Reads length-prefixed fields one after the other; past the end it yields nothing. */
class Fields {
  private readonly bytes: Buffer
  private at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  get left(): number { return this.bytes.length - this.at }

  number(size: 1 | 2): number {
    if (this.left < size) return this.at = this.bytes.length, 0
    this.at += size
    return this.bytes.readUIntBE(this.at - size, size)
  }

  vector(size: 1 | 2): Buffer {
    const length = Math.min(this.number(size), this.left)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
}

/** version, random, session id, cipher suites, compression methods, extensions. */
function nameIn(hello: Buffer): string {
  const fields = new Fields(hello, 34)
  fields.vector(1)
  fields.vector(2)
  fields.vector(1)
  const extensions = new Fields(fields.vector(2), 0)
  while (extensions.left >= 4) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type !== 0) continue
    const names = new Fields(new Fields(content, 0).vector(2), 0)
    while (names.left >= 3) {
      const kind = names.number(1)
      const name = names.vector(2)
      if (kind === 0) return name.latin1Slice()
    }
  }
  return ''
}

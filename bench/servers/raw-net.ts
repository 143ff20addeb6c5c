// A server that does nothing but the two system calls: it finds the ends of the heads in what it read and writes a
// canned answer for each. `onread` reads into one static buffer, `data` lets Node allocate a buffer per read. Nobody
// who speaks HTTP/1.1 through Node can be cheaper, so this is what the engine is measured against.
import net from 'node:net'
import { body, servedBy } from '../peers/peer.ts'

type Handle = object
type Conn = net.Socket & { matched: number }

const [port = '0', mode = 'onread', listeners = '1'] = process.argv.slice(2)
const answer = Buffer.from('HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n'
  + `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n`
  + `${servedBy.name}: ${servedBy.value}\r\n\r\n${body}`, 'latin1')
const answers = [Buffer.alloc(0), answer]
const end = Buffer.from('\r\n\r\n', 'latin1')

// The number of heads that end in the first `length` bytes of `chunk`; `conn.matched` carries a CRLFCRLF cut by the
// read.
function heads(conn: Conn, chunk: Buffer, length: number): number {
  let count = 0
  let at = 0
  while (conn.matched > 0 && at < length) {
    if (chunk[at] !== end[conn.matched]) conn.matched = 0
    else if (at++, ++conn.matched === 4) { count++; conn.matched = 0 }
  }
  // Behind `length` the static buffer holds what earlier reads left there.
  while (at + 4 <= length) {
    const next = chunk.indexOf(end, at)
    if (next < 0 || next + 4 > length) break
    count++
    at = next + 4
  }
  for (let keep = Math.min(3, length - at); keep > 0; keep--) {
    if (chunk.compare(end, 0, keep, length - keep, length) === 0) { conn.matched = keep; break }
  }
  return count
}

function reply(conn: Conn, count: number): void {
  if (count > 0) conn.write(answers[count] ??= Buffer.from(answer.toString('latin1').repeat(count), 'latin1'))
}

function watch(conn: Conn): void {
  conn.matched = 0
  conn.setNoDelay(true)
  conn.on('error', () => conn.destroy())
  conn.on('end', () => conn.end())
}

const onread = {
  buffer: Buffer.alloc(65536),
  // Node calls it with the socket as `this`, so that one function serves all of them.
  callback(this: unknown, length: number, buffer: Uint8Array): boolean {
    const conn = this as Conn
    reply(conn, heads(conn, buffer as Buffer, length))
    return true
  },
}

// net.Server cannot be given `onread`; a socket made anew around the accepted handle can.
function adopt(accepted: net.Socket): void {
  const holder = accepted as unknown as { _handle: Handle | null }
  const handle = holder._handle
  holder._handle = null
  const options = { handle, readable: true, writable: true, onread } as unknown as net.SocketConstructorOpts
  const conn = new net.Socket(options) as Conn
  watch(conn)
  conn.read(0)
}

function serve(): net.Server {
  if (mode === 'onread') return net.createServer({ pauseOnConnect: true }, adopt)
  return net.createServer(accepted => {
    const conn = accepted as Conn
    watch(conn)
    conn.on('data', chunk => reply(conn, heads(conn, chunk as Buffer, chunk.length)))
  })
}

// libuv accepts one connection of a listener per turn of its loop; several listeners on one port are that many per
// turn.
for (let i = 0; i < Number(listeners); i++) {
  serve().listen({ port: Number(port), host: '127.0.0.1', backlog: 1024, reusePort: Number(listeners) > 1 })
}

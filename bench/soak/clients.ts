/** The clients of the soak test. Each sends one request after another, and compares what it gets with what it must get, byte for byte. */
import { connect } from 'node:net'
import { Client } from '../../test/server/client.ts'
import { hostileCases } from './plugins.ts'

/** What the clients need to know of the server, and where they put down what they saw. */
export interface Tally {
  readonly port: number
  /** What `/file` holds, one character per byte. */
  readonly file: string
  /** Good answers, by kind of client. */
  readonly good: Map<string, number>
  /** What was lost or wrong, in words. */
  readonly losses: string[]
  /** The answers of `/counted`: the numbers that each instance's successors gave. */
  readonly counted: Map<string, number[]>
  /** The answers of `/zoned`. */
  readonly zoned: number[]
  stopped: boolean
}

/** One round of a client: whether it was all right is noted in the tally. */
type Round = (tally: Tally, client: Client, i: number) => Promise<void>

const open = (tally: Tally): Promise<Client> => Client.open({ host: '127.0.0.1', port: tally.port })
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

function good(tally: Tally, kind: string): void {
  tally.good.set(kind, (tally.good.get(kind) ?? 0) + 1)
}

function loss(tally: Tally, kind: string, text: string): void {
  tally.losses.push(`${kind}: ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`)
}

/** The whole answer as it came, without the lines that name the server and the time. */
async function answer(client: Client): Promise<{ head: string, body: string }> {
  const head = await client.until('\r\n\r\n')
  const length = Number(/^Content-Length: (\d+)\r$/m.exec(head)?.[1] ?? -1)
  if (length < 0) throw new Error(`an answer without a length: ${head}`)
  return { head: head.replace(/^(Server|Date|Last-Modified|ETag|Accept-Ranges): .*\r\n/gm, ''), body: await client.bytes(length) }
}

const headOf = (status: string, type: string, length: number): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\nConnection: keep-alive\r\n\r\n`

/** One request whose answer is known but for what `matches` finds in it. */
function asking(kind: string, path: (i: number) => string, expected: (body: string, i: number, tally: Tally) => boolean): Round {
  return async (tally, client, i) => {
    client.write(`GET ${path(i)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const { head, body } = await answer(client)
    if (head === headOf('200 OK', 'text/plain', body.length) && expected(body, i, tally)) good(tally, kind)
    else loss(tally, kind, `${path(i)}: ${head}${body}`)
  }
}

const plugin = asking('plugin', (i) => `/good/${i}?q=${i}`, (body, i) => body === `good 1: /good/${i}?q=${i}` || body === `good 2: /good/${i}?q=${i}`)
const text = asking('text', (i) => `/text/${i}`, (body, i) => body === `text of /text/${i}`)
const waiting = asking('waiting', (i) => `/waiting?${i}`, (body) => body === '200 text of /text/inside')
const counted = asking('state', () => '/counted', (body, _i, tally) => {
  const [, name, count] = /^(\d+) (\d+)$/.exec(body) ?? []
  if (count === undefined) return false
  const list = tally.counted.get(name!)
  if (list === undefined) tally.counted.set(name!, [Number(count)])
  else list.push(Number(count))
  return true
})
const zoned = asking('zone', () => '/zoned', (body, _i, tally) => {
  tally.zoned.push(Number(body))
  return /^\d+$/.test(body)
})

/** One request whose answer comes in chunks, or with a length: its status and body. */
function whole(kind: string, request: (i: number) => string, expected: (body: string, i: number, tally: Tally) => boolean): Round {
  return async (tally, client, i) => {
    client.write(request(i))
    const { status, body } = await client.response()
    if (status === 200 && expected(body, i, tally)) good(tally, kind)
    else loss(tally, kind, `request ${i}: ${status} ${body}`)
  }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const post = (path: string, body: string): string => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const ordered = whole('ordered subrequests', (i) => get(`/ordered?q=${i}`), (body, i) => /^<text of \/text\/one>good [12]: \/good\/two\?q=(\d+)$/.exec(body)?.[1] === String(i))
const streamed = whole('subrequest stream', () => get('/streamed'), (body, _i, { file }) => body === `200 ${file.length} false`)
const bodyOf = (i: number): string => `body ${i} `.repeat(i % 300)
const filtered = whole('hooks and filters', (i) => post(`/filtered?${i}`, bodyOf(i)), (body, i) => body === `<${bodyOf(i).toUpperCase()}>text of /text/behind` || (i % 300 === 0 && body === 'text of /text/behind'))
const scripted = whole('script', (i) => post(`/script?${i}`, `of ${i}`), (body, i) => body === `POST /script?${i} of ${i}`)
const twice = whole('script function', (i) => get(`/twice/${i}`), (body, i) => body === `/twice/${i}/twice/${i}`)

/** Bodies up to 200 kB there and back. */
const echo: Round = async (tally, client, i) => {
  const length = (i * 7919) % 200_000
  const body = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at++) body[at] = (at * 31 + i) & 0xff
  client.write(`POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`)
  client.write(body)
  const { head, body: back } = await answer(client)
  if (head === headOf('200 OK', 'application/octet-stream', length) && back === body.toString('latin1')) good(tally, 'large body')
  else loss(tally, 'large body', `${length} bytes: ${head} and ${back.length} bytes`)
}

/** A file, taken in sips. */
const file: Round = async (tally, client) => {
  client.write('GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n')
  for (let i = 0; i < 5; i++) {
    client.socket.pause()
    await pause(10)
    client.socket.resume()
    await pause(1)
  }
  const { head, body } = await answer(client)
  if (head === headOf('200 OK', 'text/plain', tally.file.length) && body === tally.file) good(tally, 'slow reader')
  else loss(tally, 'slow reader', `${head} and ${body.length} bytes`)
}

/** A request in pieces, the body too. */
const slow: Round = async (tally, client, i) => {
  const body = `slow ${i} `.repeat(20)
  const bytes = `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  for (let at = 0; at < bytes.length; at += 40) {
    client.write(bytes.slice(at, at + 40))
    await pause(3)
  }
  const { head, body: back } = await answer(client)
  if (head === headOf('200 OK', 'application/octet-stream', body.length) && back === body) good(tally, 'slow writer')
  else loss(tally, 'slow writer', `${head}${back}`)
}

/** Requests to plugins that do harm: each is answered with its status, on a connection of its own. */
const hostile: Round = async (tally, _client, i) => {
  const { path, status } = hostileCases[i % hostileCases.length]!
  const client = await open(tally)
  client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  const whole = await client.rest()
  if (whole.startsWith(`HTTP/1.1 ${status} `)) good(tally, 'hostile')
  else loss(tally, 'hostile', `${path}: ${whole}`)
}

/** Connections that are broken off: in the head, in the body, while the server works, in the answer. Nobody is owed anything. */
const aborted: Round = async (tally, _client, i) => {
  const socket = connect(tally.port, '127.0.0.1').on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  const requests = ['GET /go', 'POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nonly this', 'GET /waiting HTTP/1.1\r\nHost: h\r\n\r\n', 'GET /file HTTP/1.1\r\nHost: h\r\n\r\n']
  socket.write(requests[i % requests.length]!)
  await pause(i % 7)
  if (i % 2 === 0) socket.resetAndDestroy()
  else socket.destroy()
  good(tally, 'aborted')
}

const kinds: readonly (readonly [count: number, kind: string, round: Round])[] = [
  [3, 'plugin', plugin], [2, 'text', text], [2, 'waiting', waiting], [3, 'state', counted], [2, 'zone', zoned], [1, 'large body', echo],
  [1, 'slow reader', file], [2, 'slow writer', slow], [2, 'hostile', hostile], [1, 'aborted', aborted],
  [1, 'ordered subrequests', ordered], [1, 'subrequest stream', streamed], [1, 'hooks and filters', filtered], [1, 'script', scripted], [1, 'script function', twice],
]

/** The kinds of clients. */
export const kindNames: readonly string[] = kinds.map(([, kind]) => kind)

/** Starts all clients, or those of some kinds; each goes on until the tally says stop, and has its last answer then. */
export function startClients(tally: Tally, only: readonly string[] = kindNames): Promise<void>[] {
  return kinds.filter(([, kind]) => only.includes(kind)).flatMap(([count, kind, round]) => Array.from({ length: count }, async () => {
    let client = await open(tally)
    for (let i = 0; !tally.stopped; i++) {
      try {
        await round(tally, client, i)
      } catch (error) {
        if (tally.losses.length > 50) break
        loss(tally, kind, `request ${i}: ${(error as Error).message}`)
        client.close()
        client = await open(tally).catch(() => client)
      }
    }
    client.close()
  }))
}

/** Replays what was recorded from nginx 1.22.1 for addition, auth_request, mirror and sub_filter: heads, bodies, access log, error log, what upstream got. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync, utimesSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { freePort, site, start, until } from './kit.ts'
import { unchunk } from './client.ts'

interface Recorded {
  readonly name: string
  readonly request: string
  readonly responses: readonly { readonly head: string, readonly body: string }[]
  readonly access: readonly string[]
  readonly upstream: readonly string[]
  readonly errors: readonly string[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/nginx/subrequests.json', import.meta.url), 'utf8')) as
  { config: string, files: Record<string, string>, cases: Recorded[] }

const big = '0123456789abcdef'.repeat(20000)

/** There is no ssi here: what those locations recorded is compared in test/unit/subrequest.test.ts. */
const cases = golden.cases.filter(({ name }) => !name.startsWith('nested'))
const config = golden.config.split('\n').filter((line) => !line.includes('ssi on')).join('\n')

/** Splits what came on one connection into its responses. */
function responses(text: string, method: string): { head: string, body: string }[] {
  const found: { head: string, body: string }[] = []
  for (let rest = text; rest !== '';) {
    const end = rest.startsWith('HTTP/') ? rest.indexOf('\r\n\r\n') : -1
    const head = end < 0 ? '' : rest.slice(0, end)
    if (end >= 0) rest = rest.slice(end + 4)
    const [length, body] = bodyOf(head, rest, method)
    found.push({ head, body: body.replaceAll(big, '<BIG>') })
    rest = rest.slice(length)
  }
  return found
}

/** How many bytes of `rest` are the body of the response with this head, and its content. */
function bodyOf(head: string, rest: string, method: string): [number, string] {
  const announced = /^Content-Length: (\d+)/m.exec(head)
  if (method === 'HEAD' || head.startsWith('HTTP/1.1 304')) return [0, '']
  if (head.includes('Transfer-Encoding: chunked')) {
    const length = rest.indexOf('\r\n0\r\n\r\n') + 7
    return [length, unchunk(rest.slice(0, length))]
  }
  const length = announced === null ? rest.length : Number(announced[1])
  return [length, rest.slice(0, length)]
}

/** The recording says nginx, in the Server line and on its pages; a page's length follows from the name's. */
function asOurs({ head, body }: { head: string, body: string }): { head: string, body: string } {
  const ours = body.replaceAll('<center>nginx</center>', '<center>vespid</center>')
  const longer = ours.length - body.length
  return {
    head: head.replace('Server: nginx', 'Server: vespid').replace(/^(Content-Length: )(\d+)/m, (_, name, length) => name + (Number(length) + longer)),
    body: ours,
  }
}

/** Lines of the error log as they are recorded: level and text. */
function errorLines(log: string, prefix: string, ports: readonly [number, number]): string[] {
  return log.split('\n').filter((line) => line.startsWith('[error]')).map((line) => line.replace(/^(\[\w+\]) \d+#\d+: \*\d+ /, '$1 ')
    .replaceAll(prefix, '<W>').replaceAll(`:${ports[0]}`, ':8961').replaceAll(`:${ports[1]}`, ':8962'))
}

test('the recorded requests are answered, logged and passed on as nginx does it', async (t) => {
  const place = site(t)
  for (const [name, text] of Object.entries(golden.files)) {
    await place.write(name, text.replaceAll('<BIG>', big))
    utimesSync(join(place.prefix, name), 1700000000, 1700000000)
  }
  for (const name of ['logs/.keep', 'tmp/.keep']) await place.write(name, '')
  const ports = [await freePort(), await freePort()] as const
  const conf = config.replaceAll('<W>', '<prefix>').replaceAll(':8961', `:${ports[0]}`).replaceAll(':8962', `:${ports[1]}`)
  const server = await start(t, conf, { site: place })
  for (const recorded of cases) {
    await t.test(recorded.name, async () => {
      const seen = { access: place.read('logs/a.log').length, upstream: place.read('logs/up.log').length, errors: place.log('logs/e.log').length }
      const text = await server.raw(Buffer.from(recorded.request, 'latin1'), ports[0])
      const lines = (name: string, from: number) => place.read(name).slice(from).split('\n').slice(0, -1)
      const access = () => lines('logs/a.log', seen.access)
      const upstream = () => lines('logs/up.log', seen.upstream).sort()
      const errors = () => errorLines(place.log('logs/e.log').slice(seen.errors), place.prefix, ports)
      const found = responses(text.replace(/^Date: .*$/gm, 'Date: <D>\r').replaceAll('\r\r', '\r'), recorded.request.split(' ')[0]!)
      assert.deepEqual(found.map((r) => ({ head: r.head.replaceAll(place.prefix, '<W>'), body: r.body })), recorded.responses.map(asOurs))
      // What runs behind the response writes its lines later.
      const complete = () => access().length >= recorded.access.length && upstream().length >= recorded.upstream.length && errors().length >= recorded.errors.length
      await until(complete, () => JSON.stringify({ access: access(), upstream: upstream(), errors: errors() }))
      assert.deepEqual({ access: access(), upstream: upstream(), errors: errors() },
        { access: recorded.access, upstream: recorded.upstream, errors: recorded.errors })
    })
  }
})

/** What sub_filter with `sub_filter_once off` is to make of a text: the first place wins, there the first of the pairs. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  let out = ''
  for (let at = 0; at < text.length;) {
    const pair = pairs.find(([match]) => text.slice(at, at + match.length).toLowerCase() === match.toLowerCase())
    out += pair === undefined ? text[at] : pair[1]
    at += pair === undefined ? 1 : pair[0].length
  }
  return out
}

test('sub_filter finds texts across the borders of what upstream sends, and of the pieces of a file', async (t) => {
  const pairs = [['aab', '<1>'], ['abcab', '<22>'], ['B', 'bb'], ['caca', '']] as const
  let random = 12345
  const next = (bound: number) => (random = random * 1103515245 + 12345 & 0x7fffffff) % bound
  const text = Array.from({ length: 3000 }, () => 'aabcAbC '[next(8)]).join('')
  const upstream = createServer((socket) => socket.on('error', () => {}).setNoDelay(true).once('data', () => {
    socket.write('HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n')
    let at = 0
    const more = () => {
      const length = 1 + next(4)
      if (at >= text.length) return void socket.end()
      socket.write(text.slice(at, at += length), () => setImmediate(more))
    }
    more()
  }))
  const port = await freePort()
  await new Promise<void>((resolve) => upstream.listen(port, '127.0.0.1', resolve))
  t.after(() => void upstream.close())
  const file = text.repeat(60)
  const rules = pairs.map(([match, replacement]) => `sub_filter ${match} "${replacement}";`).join(' ')
  const server = await start(t, `http { access_log off; server { listen 127.0.0.1:<port>; root <prefix>; default_type text/html; ${rules} sub_filter_once off;
    location / { proxy_pass http://127.0.0.1:${port}; } location /file { } } }`, { files: { file } })
  assert.equal((await server.get('/')).body, replaced(text, pairs))
  assert.equal((await server.get('/file')).body, replaced(file, pairs))
})

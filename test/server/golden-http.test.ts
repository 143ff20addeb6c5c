/** Replays what was recorded from nginx 1.31.5: raw requests in, raw responses out, byte for byte but for date, server name and port. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { mkdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { site, start } from './kit.ts'

interface Recorded { readonly name: string, readonly request: string, readonly response: string, readonly end: string }

const golden = JSON.parse(readFileSync(new URL('../golden/nginx/http.json', import.meta.url), 'utf8')) as { config: string, cases: Recorded[] }

/** The recording says nginx, in the Server line and on its pages; a page's length follows from the name's. */
function asOurs({ request, response }: Recorded): string {
  const page = request.startsWith('HEAD ') ? /(Content-Length: )(\d+)(\r\n(?:[^\r]+\r\n)*\r\n)$/g
    : /(Content-Length: )(\d+)(\r\n(?:[^\r]+\r\n)*\r\n<html>\r\n<head><title>)/g
  const longer = request.startsWith('HEAD ') && !/^HTTP\/1.1 [345]/.test(response) ? response
    : response.replace(page, (_, name, length, rest) => name + (Number(length) + 1) + rest)
  return longer.replaceAll('Server: nginx', 'Server: vespid').replaceAll('<center>nginx</center>', '<center>vespid</center>')
}

/** A free port of four digits: the recorded one had as many, and the length of what names it is recorded too. */
async function fourDigitPort(): Promise<number> {
  for (;;) {
    const port = 2000 + Math.floor(Math.random() * 8000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/** What differs from run to run. */
function normalised(response: string, port: number): string {
  return response.replace(/^Date: .*$/gm, 'Date: <D>\r').replace(/^Expires: .* GMT\r$/gm, 'Expires: <E>\r').replaceAll('\r\r', '\r').replaceAll(`:${port}`, ':8951').replaceAll(`|${port}|`, '|8951|')
    .replace(/boundary=\d{20}/g, 'boundary=<B>').replace(/^--\d{20}/gm, '--<B>')
}

test('the recorded requests are answered as nginx answers them', async (t) => {
  const place = site(t)
  const time = 1700000000
  const files: Record<string, string> = {
    'html/t.html': '0123456789'.repeat(5), 'html/idx/index.html': 'idx', 'html/e.txt': '', 'html/404.html': 'custom404', 'html/dir/a.txt': 'a',
    'logs/.keep': '', 'tmp/.keep': '',
  }
  for (const [name, text] of Object.entries(files)) await place.write(name, text)
  mkdirSync(join(place.prefix, 'html/sub dir'))
  for (const name of ['t.html', 'idx/index.html', 'e.txt', '404.html', 'dir/a.txt', 'dir']) utimesSync(join(place.prefix, 'html', name), time, time)
  const port = await fourDigitPort()
  const conf = golden.config.replaceAll('<W>', '<prefix>').replaceAll('127.0.0.1:8951', `127.0.0.1:${port}`)
  const server = await start(t, conf, { site: place })
  for (const recorded of golden.cases) {
    const { name, request } = recorded
    await t.test(name, async () => {
      const answer = await server.raw(Buffer.from(request, 'latin1'), port)
      assert.equal(normalised(answer, port).replaceAll(place.prefix, '<W>'), asOurs(recorded))
    })
  }
})

/** Replays what was recorded from nginx 1.22.1 for addition, auth_request, mirror and sub_filter: heads, bodies, access log, error log, what upstream got. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync, utimesSync } from 'node:fs'
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
    const end = rest.startsWith('HTTP/') ? rest.indexOf('\r\n\r\n') : 0
    const head = rest.slice(0, end)
    rest = end === 0 ? rest : rest.slice(end + 4)
    let length = rest.length
    let body = rest
    const announced = /^Content-Length: (\d+)/m.exec(head)
    if (method === 'HEAD' || / 304 /.test(head.slice(0, 20))) length = body.length = 0 as never
    else if (head.includes('Transfer-Encoding: chunked')) {
      length = rest.indexOf('\r\n0\r\n\r\n') + 7
      body = unchunk(rest.slice(0, length))
    } else if (announced !== null) body = rest.slice(0, length = Number(announced[1]))
    found.push({ head, body: body.replaceAll(big, '<BIG>') })
    rest = rest.slice(length)
  }
  return found
}

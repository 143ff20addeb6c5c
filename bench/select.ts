/**
 * What a select costs on an HTTP request, against nginx's variable and against a plain JavaScript closure that reads the same thing.
 *
 *   node bench/select.ts [--rounds N]
 *
 * `again`: read once more in the same request, where variables and messages keep what was read. `first`: the first read in a request. Nanoseconds, the best of
 * all rounds; the candidates take turns, so that others on the machine slow all of them. Above a million expressions per second is below 1,000 ns.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Request } from '../host/http/request.ts'
import { openCycle } from './cycle.ts'
import { Fed } from './swallow.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } })

/** Per line: a name, the select, the variable that says the same (or ''), and a closure. */
const lines: readonly (readonly [string, string, string, (r: Request) => unknown])[] = [
  ['method', '@method', 'request_method', (r) => r.method],
  ['address of the client', '@src.ip', 'remote_addr', (r) => r.connection.remoteAddress],
  ['known header', '@user_agent', 'http_user_agent', (r) => r.header('user-agent')],
  ['known header by name', '@msg.header.user_agent', 'http_user_agent', (r) => r.header('user-agent')],
  ['any header', '@msg.header["X-Tenant"]', 'http_x_tenant', (r) => r.header('x-tenant')],
  ['header value', '@hf_value.x_list[2]', '', (r) => r.header('x-list')!.split(',')[1]!.trim()],
  ['cookie', '@http.cookie.session', 'cookie_session', (r) => /(?:^|; )session=([^;]*)/.exec(r.header('cookie')!)![1]],
  ['argument', '@http.query["b"]', 'arg_b', (r) => new URLSearchParams(r.args).get('b')],
  ['host of the URI', '@ruri.host', 'host', (r) => new URL(`http://${r.header('host')!}${r.unparsedUri}`).hostname],
  ['cookie, by a plugin', '@cookie.session', 'cookie_session', (r) => /(?:^|; )session=([^;]*)/.exec(r.header('cookie')!)![1]],
  ['user of From', '@from.uri.user', '', (r) => /<sips?:([^@>]*)@/.exec(r.header('from')!)![1]],
]

const names = lines.flatMap(([, , variable]) => variable === '' ? [] : [variable])
const conf = `error_log stderr emerg; events {} http { log_format x '${names.map((name) => `$${name} `).join('')} \${@cookie.session}'; access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:0; location / { return 204; } } }`
const head = 'GET /a/b?a=1&b=2 HTTP/1.1\r\nHost: www.example.org:8080\r\nConnection: keep-alive\r\nX-Tenant: blue\r\nX-List: one, two, three\r\n' +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nFrom: "Ann" <sip:ann@example.org>;tag=1\r\n' +
  'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: theme=dark; session=0123456789abcdef\r\n\r\n'

let kept: unknown

function time(count: number, f: (r: Request) => unknown, r: Request, forget: boolean): number {
  const { variables } = r
  const from = process.hrtime.bigint()
  for (let i = 0; i < count; i++) {
    if (forget) {
      variables.fill(undefined)
      r.message = null
    }
    kept = f(r)
  }
  return Number(process.hrtime.bigint() - from) / count
}

/** Best times of several functions, taking turns. */
function race(functions: readonly ((r: Request) => unknown)[], r: Request, forget: boolean): number[] {
  const best = functions.map(() => Infinity)
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, f] of functions.entries()) best[i] = Math.min(best[i]!, time(20_000, f, r, forget))
  }
  return best
}

function report(r: Request): void {
  const { selects, variables } = r.running.cycle
  const nothing = [false, true].map((forget) => race([() => 1], r, forget)[0]!)
  console.log(`${''.padEnd(24)}${'again: select'.padStart(14)}${'variable'.padStart(10)}${'closure'.padStart(10)}${'first: select'.padStart(16)}${'variable'.padStart(10)}${'closure'.padStart(10)}`)
  for (const [name, select, variable, closure] of lines) {
    const use = selects.reference(select, null)
    const functions: ((r: Request) => unknown)[] = [(q) => use.value(q)]
    if (variable !== '') {
      const known = variables.reference(variable)
      functions.push((q) => known.value(q))
    }
    functions.push(closure)
    if (use.value(r) === null) throw new Error(`${select} says nothing`)
    const figures = [false, true].flatMap((forget, i) => {
      const all = race(functions, r, forget).map((ns) => Math.max(0, ns - nothing[i]!))
      return variable === '' ? [all[0]!, null, all[1]!] : all
    })
    console.log(name.padEnd(24) + figures.map((ns, i) => (ns === null ? '-' : ns.toFixed(1)).padStart([14, 10, 10, 16, 10, 10][i]!)).join(''))
  }
}

const directory = mkdtempSync(join(tmpdir(), 'vespid-bench-'))
try {
  writeFileSync(join(directory, 'vespid.conf'), conf)
  const fed = await Fed.open(openCycle(directory))
  const { engine, connection } = fed
  // Asked when a location was found: the request is what a handler sees.
  let measured = false
  const original = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(connection), 'mayKeepAlive')!.value as (r: Request) => boolean
  Object.assign(connection, {
    mayKeepAlive(r: Request): boolean {
      if (!measured) report(r)
      measured = true
      return original.call(connection, r)
    },
  })
  fed.send(Buffer.from(head))
  await engine.close(false, 0)
} finally {
  rmSync(directory, { recursive: true })
}
void kept

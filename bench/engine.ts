/**
 * What the engine itself costs per request: heads are put into the read buffer of a connection whose socket swallows what is written, so no
 * system call is counted. `node bench/engine.ts [--unchecked] [LOCATION…]`; prints the best of many batches in nanoseconds per request, for a small
 * head, a browser's head, and 16 pipelined small ones; `/rpc` is a JSON-RPC call of `core.version`, `/dispatch` the same by a script. `--unchecked` leaves out the checks of the plugins' time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCycle } from './cycle.ts'
import { Fed } from './swallow.ts'

const route = `event_route[xhttp:request] { if ($hu == "/dispatch") { jsonrpc_dispatch(); exit; }
    if (src_ip != 127.0.0.0/8) { xhttp_reply("403", "Forbidden", "text/plain", "no"); exit; }
    append_to_reply("X-Served-By: v\\r\\n"); xhttp_reply("200", "OK", "text/plain", "hello\\n"); }`
const conf = `error_log stderr emerg; events {} http { access_log off; keepalive_requests 1000000000; server { listen 127.0.0.1:0;
  location /return { return 200 "hello\\n"; } location /hello { hello; } location /rpc { jsonrpcs; }
  location /hooks { allow 127.0.0.1; deny all; hello; add_header X-Served-By v; } location /access { allow 127.0.0.1; deny all; return 200 "hello\\n"; }
  location /route { ${route} } location /dispatch { ${route} } } }`

const browser = 'Host: 127.0.0.1:8080\r\nConnection: keep-alive\r\nsec-ch-ua: "Chromium";v="130"\r\nsec-ch-ua-mobile: ?0\r\nUpgrade-Insecure-Requests: 1\r\n' +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n' +
  'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nCookie: session=0123456789abcdef\r\n\r\n'

const call = '{"jsonrpc":"2.0","method":"core.version","id":1}'

/** A request of one location: a JSON-RPC call where that is what it takes. */
function request(path: string, headers: string): string {
  if (path !== '/rpc' && path !== '/dispatch') return `GET ${path} HTTP/1.1\r\n${headers}`
  return `POST ${path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${call.length}\r\n${headers}${call}`
}

function measure(fed: Fed, text: string, requests: number): number {
  const head = Buffer.from(text)
  let best = Infinity
  for (let round = 0; round < 60; round++) {
    const count = Math.ceil(4000 / requests)
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) fed.send(head)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / (count * requests))
  }
  return best
}

const directory = mkdtempSync(join(tmpdir(), 'vespid-bench-'))
try {
  writeFileSync(join(directory, 'vespid.conf'), conf)
  const cycle = openCycle(directory, process.argv.includes('--unchecked'))
  const paths = process.argv.slice(2).filter((word) => word !== '--unchecked')
  for (const path of paths.length > 0 ? paths : ['/return', '/hello', '/access', '/hooks', '/rpc', '/route', '/dispatch']) {
    const fed = await Fed.open(cycle)
    const small = request(path, 'Host: 127.0.0.1:8080\r\n\r\n')
    const figures = [measure(fed, small, 1), measure(fed, request(path, browser), 1), measure(fed, small.repeat(16), 16)]
    console.log(`${path.padEnd(10)} small ${figures[0]!.toFixed(0).padStart(6)} ns   browser ${figures[1]!.toFixed(0).padStart(6)} ns   16 pipelined ${figures[2]!.toFixed(0).padStart(6)} ns each`)
    await fed.engine.close(false, 0)
  }
} finally {
  rmSync(directory, { recursive: true })
}

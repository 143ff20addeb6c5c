/**
 * What the routing language costs per request: typical routes on a made-up HTTP request, without sockets.
 *
 *   node bench/script.ts [--seconds S]
 *
 * Each line: nanoseconds per run (the best of nine rounds), and what is above the empty route.
 */
import { parseArgs } from 'node:util'
import { HttpMessage } from '../host/sip/httpmessage.ts'
import { hostLibrary } from '../host/script/builtin.ts'
import { compileProgram } from '../host/script/compile.ts'
import type { ScriptSubject } from '../host/script/contract.ts'
import { readScriptFile } from '../host/script/file.ts'
import { HashTable, HashTables, parseTable } from '../host/script/htable.ts'
import { scriptOptions } from '../host/script/options.ts'
import type { Program } from '../host/script/program.ts'
import { localStore } from '../host/script/shared.ts'

const routes: Readonly<Record<string, string>> = {
  'empty route': ';',
  'article: address, URL, reply': 'if (src_ip != 127.0.0.1) { xhttp_reply("403", "Forbidden", "text/html", ""); exit; } if ($hu =~ "^/RPC") { exit; }' +
    ' xhttp_reply("200", "OK", "text/html", "<html><body>Wrong URL $hu</body></html>"); exit;',
  'ten tests of $hu, then a reply': Array.from({ length: 10 }, (_, i) => `if ($hu == "/p/${i}") { exit; }`).join(' ') + ' xhttp_reply("200", "OK", "text/plain", "$rm");',
  'switch over $rm, route call': 'switch ($rm) { case "POST": exit; case "GET": route(ONE); break; default: exit; } if ($rc > 0) { $var(x) = $rc; }',
  'variables and arithmetic': '$var(i) = 0; while ($var(i) < 10) { $var(i) = $var(i) + 1; $avp(a) = $var(i) * 2; }',
  'transformations': '$var(p) = $(hu{url.path}); $var(q) = $(hu{url.querystring}{param.value,b,&}); $var(l) = $(var(p){s.substr,1,4}{s.toupper});',
  'hash table counter': '$var(n) = $shtinc(t=>$si); if ($var(n) < 0) { exit; }',
}

/** The subject of one request; its answers go nowhere. */
class Sink implements ScriptSubject {
  readonly request = null
  readonly message = new HttpMessage({
    serial: 1, revision: 0, method: 'GET', requestLine: 'GET /path/x?a=1&b=2 HTTP/1.1', target: '/path/x?a=1&b=2',
    head: { count: 1, name: () => 'Host', value: () => 'example.org', understood: true }, bodyBuffer: null,
    connection: { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 80 },
  })
  replies = 0
  reply(): boolean { this.replies++; return true }
  appendReplyHeader(): boolean { return true }
  closeAfterReply(): void {}
  log(_: number, text: string): void { throw new Error(text) }
}

function compile(body: string): Program {
  const library = hostLibrary()
  library.addFunction({ name: 'xhttp_reply', minimum: 4, maximum: 4, call: (run, args) => run.subject.reply(Number(args[0]), String(args[1]), '', String(args[3])) ? 1 : -1 })
  const tables = new HashTables()
  tables.add(new HashTable(parseTable('t=>size=4;initval=0;') as never, localStore('t')))
  const text = `route[ONE] { return 1; }\nevent_route[b:b] { ${body} }\n`
  const { file, problems } = readScriptFile('/b.cfg', { prefix: '/', read: () => text })
  const { program, errors } = compileProgram(file.routes, library, scriptOptions({ tables, milliseconds: 1e9 }))
  const wrong = [...problems.map(({ error }) => error), ...errors]
  if (wrong.length > 0) throw new Error(wrong[0]!.line)
  return program
}

/** Nanoseconds per run: the best of nine rounds, for others use the machine too. */
function measure(program: Program, seconds: number): number {
  const route = program.events.get('b:b')!
  const runs = (count: number): number => {
    const from = process.hrtime.bigint()
    for (let i = 0; i < count; i++) {
      const run = program.start(route, new Sink())
      if (run instanceof Promise || run.failed) throw new Error('the route failed')
    }
    return Number(process.hrtime.bigint() - from) / count
  }
  runs(20_000)
  const count = Math.max(1000, Math.round(seconds * 1e9 / 9 / runs(20_000)))
  return Math.min(...Array.from({ length: 9 }, () => runs(count)))
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } })
let base = 0
for (const [name, body] of Object.entries(routes)) {
  const time = measure(compile(body), Number(values.seconds))
  if (base === 0) base = time
  console.log(`${name.padEnd(34)} ${time.toFixed(0).padStart(7)} ns per request   ${(time - base).toFixed(0).padStart(7)} ns above the empty route`)
}

/**
 * What the sandbox costs a request: the checks of the plugins' time, `plugin_isolation`, waiting, hooks and filters that are there and are not used. As in
 * engine.ts no system call is counted. `node bench/sandbox.ts [--rounds N]`; also the first table of `npm run bench`. Nanoseconds per request, the best of N batches (40); the rows of a
 * group take turns, so that a slow minute hits them all, and the first is measured twice: what these two differ by is noise.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPlugin } from '../host/cli/build.ts'
import { openCycle } from './cycle.ts'
import { Fed } from './swallow.ts'

const plain = `import { Needs, Request, Status, Where, content } from '@vespid/sdk'
content('b_plain', (r: Request): Status => r.reply(200, 'text/plain', 'hello'), Where.Location, Needs.Nothing)
content('b_body', (r: Request): Status => r.reply(200, 'text/plain', 'hello'))
`
const waits = `import { Needs, Request, Status, Where, content, rpc_call, sleep } from '@vespid/sdk'
content('b_may', (r: Request): Status => { if (r.args == 'x') sleep(1); return r.reply(200, 'text/plain', 'hello') }, Where.Location, Needs.Nothing)
content('b_once', (r: Request): Status => { rpc_call('core.version'); return r.reply(200, 'text/plain', 'hello') }, Where.Location, Needs.Nothing)
`
const filters = `import { Part, Request, Status, Where, body_filter, directive, header_filter, hook, input_filter } from '@vespid/sdk'
class Conf { what: string = '' }
class State {}
directive<Conf>('b_use', Where.Location, 1, (c: Conf, args: string[]): string | null => { c.what = args[1]; return null })
hook<Conf>('fixups', (r: Request, c: Conf): Status => Status.Declined)
hook<Conf>('access_checker', (r: Request, c: Conf): Status => Status.Declined)
header_filter<Conf>((r: Request, c: Conf): void => {})
body_filter<State, Conf>((r: Request, c: Conf): State | null => c.what == 'all' ? new State() : null, (r: Request, part: Part, s: State): void => {})
input_filter<State, Conf>((r: Request, c: Conf): State | null => c.what == 'all' ? new State() : null, (r: Request, part: Part, s: State): void => {})
`

interface Row {
  readonly name: string
  readonly location: string
  /** What the main context has besides. */
  readonly main?: string
  readonly plugins?: readonly string[]
  readonly unchecked?: boolean
  readonly post?: boolean
}

const groups: readonly (readonly Row[])[] = [
  [
    { name: 'hello, checked', location: 'hello;' }, { name: 'hello, unchecked', location: 'hello;', unchecked: true },
    { name: 'three plugins, checked', location: 'allow 127.0.0.1; deny all; hello; add_header X-Served-By v;' },
    { name: 'three plugins, unchecked', location: 'allow 127.0.0.1; deny all; hello; add_header X-Served-By v;', unchecked: true },
  ], [
    { name: 'plugin_isolation worker', location: 'b_plain;', plugins: ['plain'] },
    { name: 'plugin_isolation request', location: 'b_plain;', plugins: ['plain'], main: 'plugin_isolation request;' },
  ], [
    { name: 'handler that never waits', location: 'b_plain;', plugins: ['plain', 'waits'] },
    { name: 'handler that may wait and does not', location: 'b_may;', plugins: ['plain', 'waits'] },
    { name: 'handler that waits once', location: 'b_once;', plugins: ['plain', 'waits'], main: 'plugin waits { allow rpc *; }' },
  ], [
    { name: 'no hooks, no filters', location: 'b_plain;', plugins: ['plain'] },
    { name: 'hooks and filters, not used there', location: 'b_plain;', plugins: ['plain', 'filters'] },
    { name: 'two hooks, header filter, body filter that declines', location: 'b_plain; b_use some;', plugins: ['plain', 'filters'] },
    { name: 'two hooks, header filter, body filter', location: 'b_plain; b_use all;', plugins: ['plain', 'filters'] },
  ], [
    { name: 'body of 100 bytes, no filters', location: 'b_body;', plugins: ['plain'], post: true },
    { name: 'the same, filters not used there', location: 'b_body;', plugins: ['plain', 'filters'], post: true },
    { name: 'the same, two hooks, header, body and input filter', location: 'b_body; b_use all;', plugins: ['plain', 'filters'], post: true },
  ],
]

/** A row at work: a batch of requests, one after the other. */
interface Running {
  readonly row: Row
  best: number
  batch(): Promise<number>
}

const count = 2000

async function open(row: Row, directory: string): Promise<Running> {
  const modules = (row.plugins ?? []).map((name) => `load_module ${directory}/${name}.wasm;`).join(' ')
  writeFileSync(join(directory, 'vespid.conf'), `error_log stderr crit; ${modules} ${row.main ?? ''} events {}
    http { access_log off; keepalive_requests 1000000000; server { listen 127.0.0.1:0; location / { ${row.location} } } }`)
  const fed = await Fed.open(openCycle(directory, row.unchecked === true))
  const { sink } = fed
  const text = row.post === true ? `POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 100\r\n\r\n${'b'.repeat(100)}` : 'GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n'
  const head = Buffer.from(text)
  const once = async (): Promise<void> => {
    const before = sink.written
    for (let turn = 0; sink.written === before; turn++) await (turn < 200 ? null : new Promise(setImmediate))
  }
  const batch = async (): Promise<number> => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) {
      const before = sink.written
      fed.send(head)
      if (sink.written === before) await once()
    }
    return Number(process.hrtime.bigint() - start) / count
  }
  await batch()
  if (!sink.first.startsWith('HTTP/1.1 200 ')) throw new Error(`${row.name}: ${sink.first}`)
  return { row, best: Infinity, batch }
}

/** The lines of the table. */
export async function sandboxTable(rounds: number): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vespid-bench-'))
  try {
    for (const [name, source] of Object.entries({ plain, waits, filters })) {
      mkdirSync(join(directory, name))
      writeFileSync(join(directory, name, 'index.ts'), source)
      await buildPlugin(join(directory, name), join(directory, `${name}.wasm`))
    }
    const lines = [`${'what the sandbox costs a request'.padEnd(56)}     ns    to the first`]
    for (const group of groups) {
      const running: Running[] = []
      for (const row of [...group, { ...group[0]!, name: `${group[0]!.name} (A/A)` }]) running.push(await open(row, directory))
      for (let round = 0; round < rounds; round++) {
        const turn = round % 2 === 0 ? running : [...running].reverse()
        for (const one of turn) one.best = Math.min(one.best, await one.batch())
      }
      const [first] = running
      for (const { row, best } of running) {
        const more = best - first!.best
        lines.push(`${row.name.padEnd(54)} ${best.toFixed(0).padStart(8)}   ${more >= 0 ? '+' : '−'}${Math.abs(more).toFixed(0)} (${(100 * best / first!.best).toFixed(1)} %)`)
      }
    }
    return lines
  } finally {
    rmSync(directory, { recursive: true })
  }
}

if (import.meta.main) {
  const at = process.argv.indexOf('--rounds')
  const rounds = at < 0 ? 40 : Number(process.argv[at + 1])
  if (!(rounds >= 1 && rounds <= 10_000)) {
    process.stderr.write('usage: node bench/sandbox.ts [--rounds N]\n')
    process.exit(2)
  }
  console.log((await sandboxTable(rounds)).join('\n'))
  process.exit(0)
}

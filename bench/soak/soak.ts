/**
 * The soak test: reloads of every kind while clients of every kind, plugins that do harm among them, keep the server busy. Every good answer
 * is compared byte for byte; nothing may be lost.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { site, start } from '../../test/server/kit.ts'
import type { Server } from '../../test/server/kit.ts'
import { kindNames, startClients } from './clients.ts'
import type { Tally } from './clients.ts'
import { hostileCases, makePlugins, putBroken, putSteady } from './plugins.ts'

/** How long it goes on: a time, or a number of reloads. */
export interface SoakOptions {
  readonly milliseconds?: number
  readonly reloads?: number
  /** Good answers of every kind that there must be between two reloads; default 2. */
  readonly between?: number
  /** Kinds of clients; all when nothing is said. */
  readonly kinds?: readonly string[]
  /** Ways to replace the configuration; all when nothing is said. */
  readonly ways?: readonly string[]
  /** Told of the progress now and then. */
  readonly tell?: (line: string) => void
}

/** What came of it. */
export interface SoakReport {
  readonly seconds: number
  readonly reloads: Readonly<Record<string, number>>
  readonly answers: Readonly<Record<string, number>>
  /** What was lost or wrong; must be empty. */
  readonly losses: readonly string[]
  /** Resident kB, about twenty values over the time. */
  readonly memory: readonly number[]
}

const conf = `worker_processes 2; plugins plugins; plugin_fault_limit off; zone soak 1m;
  plugin steady { allow zone soak; }
  error_log <prefix>/error.log crit; events {}
  http { access_log off; keepalive_requests 100000000; client_max_body_size 10m;
    server { listen 127.0.0.1:<port>; root <prefix>; default_type text/plain;
      location /good { good; } location /counted { counted; } location /zoned { zoned; } location /echo { echo; } location /waiting { waiting; }
      location /ordered { ordered; } location /streamed { streamed; } location /filtered { filtered; echo; }
      location /script { event_route[xhttp:request] { $var(t) = $rb; xhttp_reply("200", "OK", "text/plain", "$rm $hu $var(t)"); } }
      location /twice { event_route[xhttp:request] { soak_twice("$hu"); } }
      location /text { return 200 "text of $uri"; } location = /file { }
      ${hostileCases.map(({ path }) => `location = ${path} { ${path.slice(1)}; }`).join('\n')}
    } }`

/** Resident memory of a process in kB; 0 where the system does not tell. */
function resident(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The ways in which a configuration is replaced, taken in turn. */
const allWays: readonly string[] = ['plugin.reload', 'core.reload', 'SIGHUP', 'refused']

class Soak {
  private readonly server: Server
  private readonly tally: Tally
  private readonly reloads = new Map<string, number>()
  private readonly kinds: readonly string[]
  private readonly ways: readonly string[]
  private version = 1

  constructor(server: Server, tally: Tally, kinds: readonly string[], ways: readonly string[]) {
    this.server = server
    this.tally = tally
    this.kinds = kinds
    this.ways = ways
  }

  private get counts(): number[] { return this.kinds.map((kind) => this.tally.good.get(kind) ?? 0) }

  /** Waits until each kind of client has had so many more good answers, or something was lost. */
  async more(count: number): Promise<void> {
    const before = this.counts
    const end = Date.now() + 60_000
    while (this.tally.losses.length === 0 && this.counts.some((n, i) => n < before[i]! + count)) {
      if (Date.now() > end) return void this.tally.losses.push(`no more answers within a minute: ${this.kinds.map((kind, i) => `${kind} ${this.counts[i]! - before[i]!}`).join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  /** Replaces the configuration in one of the ways. */
  async reload(n: number): Promise<void> {
    const way = this.ways[n % this.ways.length]!
    this.reloads.set(way, (this.reloads.get(way) ?? 0) + 1)
    if (way === 'SIGHUP') return this.hangUp()
    if (way === 'refused') putBroken(this.server.prefix)
    else if (way === 'plugin.reload') putSteady(this.server.prefix, this.version = 3 - this.version)
    const { error } = way === 'core.reload' ? await this.server.rpc('core.reload') : await this.server.rpc('plugin.reload', 'steady')
    if (way === 'refused') putSteady(this.server.prefix, this.version)
    if ((error !== undefined) !== (way === 'refused')) this.tally.losses.push(`${way}: ${error === undefined ? 'a broken file was accepted' : JSON.stringify(error)}`)
  }

  private async hangUp(): Promise<void> {
    const number = async (): Promise<number> => Math.min(...(await this.server.rpc('worker.list')).result.map(({ cycle }: { cycle: number }) => cycle))
    const before = await number()
    this.server.kill('SIGHUP')
    const end = Date.now() + 20_000
    while (await number() === before) if (Date.now() > end) return void this.tally.losses.push('SIGHUP: nothing happened')
  }

  /** What can be said only when all answers are there. */
  async settle(): Promise<void> {
    const { losses, counted, zoned } = this.tally
    for (const list of counted.values()) {
      list.sort((a, b) => a - b)
      const wrong = list.findIndex((count, i) => count !== i + 1)
      if (wrong >= 0) losses.push(`state: ${list[wrong]} comes after ${list[wrong - 1] ?? 'nothing'}`)
    }
    if (counted.size > 2) losses.push(`state: ${counted.size} instances began afresh, of 2`)
    zoned.sort((a, b) => a - b)
    const wrong = zoned.findIndex((count, i) => count !== i + 1)
    if (wrong >= 0) losses.push(`zone: ${zoned[wrong]} comes after ${zoned[wrong - 1] ?? 'nothing'}`)
    const overlaps = (await this.server.rpc('zone.get', 'soak', 'overlaps')).result
    if (overlaps !== null) losses.push(`timers: ${overlaps} calls of one timer overlapped`)
    const log = this.server.log().split('\n').filter((line) => /^\[(alert|crit|emerg)\]/.test(line) && !/steady|soak_twice|is not a valid module|is not a WebAssembly/.test(line))
    for (const line of log.slice(0, 5)) losses.push(`log: ${line}`)
  }

  report(seconds: number, memory: readonly number[]): SoakReport {
    const step = Math.max(1, Math.floor(memory.length / 20))
    return {
      seconds, reloads: Object.fromEntries(this.reloads), answers: Object.fromEntries(this.tally.good), losses: this.tally.losses,
      memory: memory.filter((_, i) => i % step === 0),
    }
  }
}

/** Runs the soak test in a directory of its own, which is removed afterwards. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { milliseconds = Infinity, reloads = Infinity, between = 2, kinds = kindNames, ways = allWays, tell } = options
  const cleanups: (() => void | Promise<void>)[] = []
  const owner = { after: (fn: () => void | Promise<void>): void => { cleanups.push(fn) } }
  try {
    const place = site(owner)
    await makePlugins(place.prefix)
    const file = Array.from({ length: 1 << 16 }, (_, i) => `line ${i} of the file\n`).join('')
    writeFileSync(join(place.prefix, 'file'), file)
    const server = await start(owner, conf, { site: place })
    const tally: Tally = { port: server.port(), file, good: new Map(), losses: [], counted: new Map(), zoned: [], stopped: false }
    const run = new Soak(server, tally, kinds, ways)
    const began = Date.now()
    const memory: number[] = []
    const clients = startClients(tally, kinds)
    for (let n = 0; n < reloads && Date.now() - began < milliseconds && tally.losses.length === 0; n++) {
      await run.more(between)
      await run.reload(n)
      memory.push(resident(server.pid))
      if (n % 50 === 49) tell?.(`${n + 1} reloads, ${[...tally.good.values()].reduce((a, b) => a + b, 0)} answers, ${memory.at(-1)} kB`)
    }
    await run.more(between)
    tally.stopped = true
    await Promise.all(clients)
    await run.settle()
    const { code } = await server.stop('SIGQUIT')
    if (code !== 0) tally.losses.push(`the server ended with code ${code}`)
    return run.report(Math.round((Date.now() - began) / 1000), memory)
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
}

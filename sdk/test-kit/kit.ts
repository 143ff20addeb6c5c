/**
 * Tests of plugins without a server: a request goes through the real configuration, phases and filters, but over no
 * socket.
 *
 *   import { plugin } from '@vespid/sdk/test'
 *
 *   const access = await plugin('build/access.wasm', 'deny 10.0.0.0/8;')
 *   assert.equal((await access.get('/', { from: '10.1.2.3' })).status, 403)
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { buildPlugin } from '../../host/cli/build.ts'
import { buildCycle } from '../../host/conf/build.ts'
import { packageRoot } from '../../host/core/install.ts'
import type { Log, LogContext } from '../../host/core/log.ts'
import { Level, levelNames } from '../../host/core/log.ts'
import { textOf } from '../../host/core/text.ts'
import type { Cycle } from '../../host/cycle.ts'
import { Connection } from '../../host/http/connection.ts'
import { State } from '../../host/http/connstate.ts'
import { CoreLocConf } from '../../host/http/core/conf.ts'
import { HttpEngine } from '../../host/http/engine.ts'
import type { ByteStream, Slab } from '../../host/net/bytestream.ts'
import { hostModules } from '../../host/modules/list.ts'
import type { Module } from '../../host/module.ts'
import { Args, Where } from '../../host/module.ts'
import { ThreadRpc } from '../../host/worker/rpc.ts'
import { pluginsOf } from '../../host/worker/plugins.ts'
import { PluginStore } from '../../host/wasm/store.ts'

/** What a test request may say besides its path. */
export interface Ask {
  /** Default GET, POST when there is a body. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** The client's address; default 127.0.0.1. */
  readonly from?: string
}

/** An answer: header names in lower case, lines of one name joined by `, `; the body as UTF-8 text and as bytes. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly bytes: Buffer
}

/** A configuration that is refused; the message has a line per mistake. */
export class ConfError extends Error {
  override readonly name = 'ConfError'
}

/** A byte stream that keeps what is written to it. */
class Wire implements ByteStream {
  readonly chunks: Buffer[] = []
  readonly pending = 0
  destroyed = false
  private readonly done: () => void

  /** `done` is called when it is closed. */
  constructor(done: () => void) {
    this.done = done
  }

  write({ bytes }: Slab, length: number): void { this.chunks.push(Buffer.from(bytes.subarray(0, length))) }

  writeWith(slab: Slab, length: number, body: Uint8Array): void {
    this.write(slab, length)
    this.chunks.push(Buffer.from(body))
  }

  whenTaken(done: () => void): void { done() }
  pause(): void {}
  resume(): void {}
  end(): void { this.destroy() }
  destroySoon(): void { this.destroy() }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.done()
  }
}

/** A plugin under test, in a server of its own. */
export class Plugin {
  /** What was logged, `[level] text`, oldest first. */
  readonly log: string[]
  private readonly engine: HttpEngine
  private readonly rpc: ThreadRpc
  private readonly cycle: Cycle
  private connections = 0

  constructor(cycle: Cycle, rpc: ThreadRpc, log: string[]) {
    this.cycle = cycle
    this.rpc = rpc
    this.log = log
    this.engine = new HttpEngine(cycle, null)
  }

  /** Sends a GET (or what `ask` says) for a path and returns the answer. */
  get(path: string, ask: Ask = {}): Promise<Answer> {
    const { method = ask.body === undefined ? 'GET' : 'POST', headers = {}, from = '127.0.0.1' } = ask
    const body = Buffer.from(ask.body ?? '')
    const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...(ask.body === undefined ? {} : { 'Content-Length': String(body.length) }), ...headers })
    const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    return this.raw(Buffer.concat([Buffer.from(head), body]), from)
  }

  /** Calls an RPC command of the plugin. */
  async call(command: string, ...params: unknown[]): Promise<unknown> {
    return this.rpc.run(command, params, { transport: 'test', caller: 'test' })
  }

  /** Sends bytes on a connection of their own. */
  async raw(bytes: Uint8Array, from = '127.0.0.1'): Promise<Answer> {
    const { engine } = this
    const address = [...this.cycle.servers!.addresses][0]!
    const connection = new Connection(engine, address, ++this.connections, { remoteAddress: from, remotePort: 50000, localAddress: '127.0.0.1', localPort: 80 })
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const wire = connection.stream = new Wire(resolve)
    engine.connections.add(connection)
    for (let at = 0; at < bytes.length && !wire.destroyed; at += engine.memory.read.length) {
      const part = bytes.subarray(at, at + engine.memory.read.length)
      engine.memory.read.set(part)
      engine.now = Date.now()
      connection.received(part.length)
      // More of a body that a handler waits for: let it take what is there first.
      await Promise.resolve()
    }
    if (!wire.destroyed && connection.state === State.Head) throw new Error('the request ended within its head')
    await closed
    engine.connections.delete(connection)
    return parse(Buffer.concat(wire.chunks))
  }
}

function parse(bytes: Buffer): Answer {
  const end = bytes.indexOf('\r\n\r\n')
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines.slice(1)) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const value = line.slice(line.indexOf(':') + 1).trim()
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  const body = headers['transfer-encoding'] === 'chunked' ? unchunk(bytes.subarray(end + 4)) : bytes.subarray(end + 4)
  return { status: Number(lines[0]!.split(' ')[1] ?? 0), headers, text: body.toString('utf8'), bytes: body }
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const line = bytes.indexOf('\r\n', at)
    const size = parseInt(bytes.toString('latin1', at, line), 16)
    if (!(size > 0)) break
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + size + 4
  }
  return Buffer.concat(parts)
}

const directories: string[] = []
process.once('exit', () => { for (const directory of directories) rmSync(directory, { recursive: true, force: true }) })

/** `test_ok;`: the content of the location that a test does not write itself: 200 and `ok`. */
const okModule: Module = {
  name: 'test',
  directives: [{
    name: 'test_ok', where: Where.Location, args: Args.None, conf: 'loc',
    set: (cf) => {
      const location = cf.http!.loc.find((c) => c instanceof CoreLocConf)!
      location.handler = (r) => r.respond(200, 'text/plain', 'ok\n')
    },
  }],
}

/**
 * Loads a plugin (a `.wasm` file, or a folder, which is compiled first) with a configuration: the inside of a
 * `server` block when it holds a `location`, otherwise that of the one location, which answers 200 `ok` unless a
 * directive binds another handler. Throws ConfError.
 */
export async function plugin(file: string, conf = ''): Promise<Plugin> {
  const directory = mkdtempSync(join(tmpdir(), 'vespid-test-'))
  directories.push(directory)
  const wasm = statSync(file).isDirectory() ? (await buildPlugin(file, join(directory, `${resolve(file).split('/').pop()}.wasm`))).file : resolve(file)
  const inside = /\blocation\b/.test(conf) ? conf : `location / { test_ok; ${conf} }`
  const confFile = join(directory, 'vespid.conf')
  writeFileSync(confFile, `load_module ${wasm}; error_log stderr debug; events {} http { access_log off; client_body_temp_path tmp; server { listen 127.0.0.1:80; ${inside}\n} }`)
  const lines: string[] = []
  const log: Log = { level: Level.debug, write: (level, text, who?: LogContext) => { lines.push(textOf(`[${levelNames[level]}] ${text}${who?.logSuffix() ?? ''}`)) } }
  const rpc = new ThreadRpc(() => { throw new Error('there is no server in a test') })
  const options = { prefix: `${directory}/`, confFile, errorLog: 'stderr', globals: '', test: true }
  const plugins = pluginsOf(PluginStore.first(join(packageRoot, 'build/plugins')), rpc.services, options)
  const { cycle, ok } = buildCycle(options, [...hostModules, okModule], plugins, log)
  if (!ok) throw new ConfError(cycle.problems.map((p) => textOf(p.error.message)).join('\n'))
  for (const problem of cycle.problems) lines.push(textOf(`[warn] ${problem.error.message}`))
  catchLogs(cycle, log)
  for (const module of cycle.modules) module.initProcess?.(cycle)
  rpc.use(cycle)
  return new Plugin(cycle, rpc, lines)
}

/** Every error log of the configuration writes to the test's list. */
function catchLogs(cycle: Cycle, log: Log): void {
  cycle.log = log
  const visit = (location: CoreLocConf): void => {
    location.errorLog = log
    for (const child of location.children) visit(child)
    if (location.limitExcept !== null) visit(location.limitExcept.location)
  }
  for (const server of cycle.servers?.addresses ?? []) visit(server.defaultServer.location)
}

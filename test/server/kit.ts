/**
 * The black-box test kit: starts the real command with an inline configuration in a directory of its own, talks raw bytes to it,
 * and cleans up when the test ends.
 *
 *   const server = await start(t, 'http { server { listen 127.0.0.1:<port>; location / { return 200 ok; } } }')
 *   assert.equal(await server.raw('GET / HTTP/1.0\r\n\r\n'), 'HTTP/1.1 200 OK…')
 *
 * In a configuration (and in extra files) `<prefix>` stands for the directory without a last slash, and `<port>`, `<port2>`,
 * `<port:admin>` … each for a free port of their own. `pid`, `error_log` and `events` are appended when the configuration lacks them,
 * at its end, so that line numbers stay. With VESPID_TEST_EVENTS in the environment the appended `events` names that event method.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { vespid } from '../built.ts'
import { Client, parseResponse } from './client.ts'
import type { Response } from './client.ts'

/** What a test gives besides the configuration text. */
export interface StartOptions {
  /** Files to write below the prefix before the start, by relative path; text gets the same replacements as the configuration. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  /** Further arguments of the command. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A site to start in; without it a new one is made. */
  readonly site?: Site
}

/** The part of node:test's context that the kit uses. */
export interface Test {
  after(fn: () => void | Promise<void>): void
}

/** How a finished command ended. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A directory for one server with its ports; removed when the test ends. */
export class Site {
  /** Absolute, without a last slash. */
  readonly prefix: string
  readonly #ports = new Map<string, number>()

  constructor(prefix: string) {
    this.prefix = prefix
  }

  /** The port that stands for `<port>` (or `<NAME>`); it must occur in a text that was written before. */
  port(name = 'port'): number {
    const port = this.#ports.get(name)
    if (port === undefined) throw new Error(`no text of this site names <${name}>`)
    return port
  }

  /** Replaces the placeholders of a text. */
  async fill(text: string): Promise<string> {
    for (const match of text.matchAll(/<(port\d*|port:\w+)>/g)) {
      if (!this.#ports.has(match[1]!)) this.#ports.set(match[1]!, await freePort())
    }
    return text.replace(/<(port\d*|port:\w+)>/g, (_, name) => String(this.#ports.get(name))).replaceAll('<prefix>', this.prefix)
  }

  /** Writes a file below the prefix, making its directories. Returns its absolute path. */
  async write(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.prefix, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof content === 'string' ? await this.fill(content) : content)
    return path
  }

  /** Writes the configuration file, completed with what every server needs. */
  async configure(conf: string): Promise<void> {
    let text = conf.endsWith('\n') ? conf : conf + '\n'
    if (!/(^|[;}\s])pid\s/.test(conf)) text += 'pid vespid.pid;\n'
    if (!/(^|[;}\s])error_log\s/.test(conf)) text += 'error_log error.log info;\n'
    if (!/\bevents\s*\{/.test(conf)) text += process.env.VESPID_TEST_EVENTS === undefined ? 'events {}\n' : `events { use ${process.env.VESPID_TEST_EVENTS}; }\n`
    await this.write('vespid.conf', text)
  }

  /** A file below the prefix as text, byte for character; '' when it is not there. */
  read(name: string): string {
    try {
      return readFileSync(join(this.prefix, name), 'latin1')
    } catch {
      return ''
    }
  }

  /** The error log without the time stamps: `[notice] PID#TID: text`. */
  log(name = 'error.log'): string {
    return this.read(name).replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /gm, '')
  }

  /** Waits until the error log matches; returns the match. Fails after 20 seconds with the log. */
  async waitLog(pattern: RegExp, name = 'error.log'): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null
    await until(() => (found = pattern.exec(this.log(name))) !== null, () => `no ${pattern} in the log:\n${this.log(name)}`)
    return found!
  }
}

/** Makes a site that lives as long as the test. */
export function site(t: Test): Site {
  const made = new Site(mkdtempSync(join(tmpdir(), 'vespid-')))
  t.after(() => rmSync(made.prefix, { recursive: true, force: true, maxRetries: 5 }))
  return made
}

/** Whoever talks to the server of a site. */
export class Visitor {
  readonly site: Site

  constructor(site: Site) {
    this.site = site
  }

  get prefix(): string {
    return this.site.prefix
  }

  port(name = 'port'): number {
    return this.site.port(name)
  }

  /** Opens a connection to a port of the site, or to a unix socket given by its path below the prefix. */
  connect(to: number | string = this.port()): Promise<Client> {
    return Client.open(typeof to === 'number' ? { host: '127.0.0.1', port: to } : { path: join(this.prefix, to) })
  }

  /** Sends bytes (a string is taken as bytes) on a new connection and returns everything that comes until the server closes. */
  async raw(bytes: string | Buffer, to?: number | string): Promise<string> {
    const client = await this.connect(to)
    client.write(bytes)
    return client.rest()
  }

  /** One GET with `Connection: close`; further request header lines may be given. */
  async get(target: string, headers: Readonly<Record<string, string>> = {}, to?: number | string): Promise<Response> {
    return this.request('GET', target, headers, '', to)
  }

  /** One request with `Connection: close` (and Content-Length when there is a body). */
  async request(method: string, target: string, headers: Readonly<Record<string, string>> = {}, body: string | Buffer = '',
                to?: number | string): Promise<Response> {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    const lines = [`${method} ${target} HTTP/1.1`, 'Connection: close']
    if (!Object.keys(headers).some((name) => name.toLowerCase() === 'host')) lines.push('Host: localhost')
    if (bytes.length > 0) lines.push(`Content-Length: ${bytes.length}`)
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
    return parseResponse(await this.raw(Buffer.concat([Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), bytes]), to), method)
  }
}

/** A running server. */
export class Server extends Visitor {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<Finished>
  /** What the command has written to standard error so far: the start-up lines, and the log when it goes to stderr. */
  stderr = ''
  stdout = ''

  constructor(site: Site, child: ChildProcess) {
    super(site)
    this.#child = child
    this.pid = child.pid ?? 0
    child.stderr!.setEncoding('latin1').on('data', (text: string) => { this.stderr += text })
    child.stdout!.setEncoding('latin1').on('data', (text: string) => { this.stdout += text })
    this.#ended = new Promise((resolve) => child.once('close', (code, signal) => {
      resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
    }))
  }

  log(name?: string): string {
    return this.site.log(name)
  }

  waitLog(pattern: RegExp, name?: string): Promise<RegExpExecArray> {
    return this.site.waitLog(pattern, name)
  }

  /** Resolves when the command has ended. */
  ended(): Promise<Finished> {
    return this.#ended
  }

  /** Sends a signal to the master. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends the server by a signal and waits for its end. */
  stop(signal: NodeJS.Signals = 'SIGQUIT'): Promise<Finished> {
    this.#child.kill(signal)
    return this.#ended
  }

  /** Calls a command over the control socket; returns the whole JSON-RPC answer. */
  async rpc(method: string, ...params: unknown[]): Promise<{ result?: any, error?: { code: number, message: string, data?: any } }> {
    const client = await this.connect('vespid.pid.sock')
    client.write(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) + '\n'))
    const line = await client.until('\n')
    client.close()
    return JSON.parse(Buffer.from(line, 'latin1').toString())
  }

  /** Writes another configuration, if given, and reloads through `-s reload`. */
  async reload(conf?: string): Promise<Finished> {
    if (conf !== undefined) await this.site.configure(conf)
    return run(this.site, ['-p', this.prefix, '-c', 'vespid.conf', '-s', 'reload'])
  }
}

/** Starts a server in the foreground and waits until it says that it is ready; rejects with its output when it ends before. */
export async function start(t: Test, conf: string, options: StartOptions = {}): Promise<Server> {
  const place = options.site ?? site(t)
  await place.configure(conf)
  return launch(t, place, ['-c', 'vespid.conf'], options)
}

/** Starts `vespid -f kamailio.cfg` with this text, as `start` does for the other language; the working directory is the prefix. */
export async function startScript(t: Test, text: string, options: StartOptions = {}): Promise<Server> {
  const place = options.site ?? site(t)
  await place.write('kamailio.cfg', text)
  return launch(t, place, ['-f', 'kamailio.cfg'], options, place.prefix)
}

async function launch(t: Test, place: Site, args: readonly string[], options: StartOptions, cwd?: string): Promise<Server> {
  for (const [name, content] of Object.entries(options.files ?? {})) await place.write(name, content)
  const child = spawn(await vespid(), ['-p', place.prefix, ...args, ...options.args ?? []], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env }, cwd,
  })
  const server = new Server(place, child)
  t.after(async () => {
    child.kill('SIGKILL')
    await server.ended()
  })
  let over = false
  void server.ended().then(() => { over = true })
  await until(() => over || /^ready in /m.test(server.stderr), () => `not ready:\n${server.stderr}\n${server.log()}`)
  if (over) throw new Error(`the server did not start:\n${server.stderr}`)
  return server
}

/** Sees to it that the daemon which the site's pid file names now does not outlive the test. */
export function endDaemon(t: Test, place: Site): void {
  const pid = Number(place.read('vespid.pid'))
  // Zero would be this process's whole group.
  if (!(pid > 1)) return
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  })
}

/** Runs the command to its end in a site (working directory: the prefix). `<prefix>` in arguments is replaced. */
export async function run(place: Site, args: readonly string[], options: {
  readonly env?: Readonly<Record<string, string>>, readonly input?: string, readonly cwd?: string,
} = {}): Promise<Finished> {
  const words = await Promise.all(args.map((word) => place.fill(word)))
  const child = spawn(await vespid(), words, {
    stdio: ['pipe', 'pipe', 'pipe'], cwd: options.cwd ?? place.prefix, env: { ...process.env, ...options.env },
  })
  child.stdin!.on('error', () => {}).end(options.input ?? '')
  return new Server(place, child).ended()
}

/** Waits until `ready` answers true, looking every few milliseconds; fails after 20 seconds with what `explain` says. */
export async function until(ready: () => boolean, explain: () => string): Promise<void> {
  const end = Date.now() + 20000
  while (!ready()) {
    if (Date.now() > end) throw new Error(explain())
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** As `until`, for a question whose answer takes time. */
export async function untilAsync(ready: () => Promise<boolean>, explain: () => string): Promise<void> {
  const end = Date.now() + 20000
  while (!await ready()) if (Date.now() > end) throw new Error(explain())
}

/** A TCP port of 127.0.0.1 on which nobody listens, below the range that the system hands out to clients. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10240 + Math.floor(Math.random() * 22000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free && !await answers(port)) return port
  }
}

/** Whether somebody accepts connections on the port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}

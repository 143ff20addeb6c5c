/** Runs the HTTP engine in the test's own process with an inline configuration and extra modules, over real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { buildCycle } from '../../host/conf/build.ts'
import { Level } from '../../host/core/log.ts'
import type { Log, LogContext } from '../../host/core/log.ts'
import { HttpEngine } from '../../host/http/engine.ts'
import { Poller } from '../../host/net/epoll/poller.ts'
import { hostModules } from '../../host/modules/list.ts'
import type { Module } from '../../host/module.ts'
import type { PluginSet } from '../../host/wasm/plugins.ts'
import { Client } from '../server/client.ts'
import { freePort } from '../server/kit.ts'

const noPlugins: PluginSet = { loadDirectory: () => [], loadFile: () => [], loadFor: () => null, providerOf: () => null }

const noAccessLog = hostModules.some((m) => m.directives?.some((d) => d.name === 'access_log')) ? 'access_log off;' : ''

/** A running engine. */
export interface Engine {
  readonly engine: HttpEngine
  readonly port: number
  readonly prefix: string
  /** What was logged, `[level] text`. */
  readonly lines: string[]
  connect(): Promise<Client>
  /** Sends bytes on a new connection, returns everything until the server closes. */
  raw(bytes: string): Promise<string>
}

interface Test {
  after(fn: () => void | Promise<void>): void
  diagnostic?(text: string): void
}

/**
 * Starts an engine; `conf` is the inside of a server block listening on a free port. `http` goes before the server, `main` before http{}. With VESPID_TEST_EVENTS in the
 * environment, or where there is no epoll, Node's own event method serves.
 */
export async function engine(t: Test, conf: string, modules: Module[] = [], http = '', main = ''): Promise<Engine> {
  const prefix = mkdtempSync(join(tmpdir(), 'vespid-'))
  t.after(() => rmSync(prefix, { recursive: true, force: true }))
  const port = await freePort()
  const file = join(prefix, 'vespid.conf')
  writeFileSync(file, `error_log stderr emerg; ${main} events {} http { ${noAccessLog} client_body_temp_path tmp; ${http} server { listen 127.0.0.1:${port}; ${conf} } }`)
  const lines: string[] = []
  const log: Log = { level: Level.debug, write: (level, text, who?: LogContext) => { lines.push(`[${level}] ${text}${who?.logSuffix() ?? ''}`) } }
  const options = { prefix: prefix + '/', confFile: file, errorLog: 'stderr', globals: '', test: false }
  const { cycle, ok } = buildCycle(options, [...hostModules, ...modules], noPlugins, log)
  assert.ok(ok, cycle.problems.map((p) => p.error.line).join('\n'))
  cycle.log = log
  const poller = process.env.VESPID_TEST_EVENTS === undefined ? await Poller.open() : null
  if (typeof poller === 'string') t.diagnostic?.(`the event method "epoll" ${poller}`)
  const made = new HttpEngine(cycle, null, typeof poller === 'string' ? null : poller)
  await made.open(cycle)
  made.commit(cycle)
  t.after(async () => {
    await made.close(false, 0)
    made.poller?.end()
  })
  const connect = () => Client.open({ host: '127.0.0.1', port })
  return {
    engine: made, port, prefix, lines, connect,
    raw: async (bytes) => {
      const client = await connect()
      client.write(bytes)
      return client.rest()
    },
  }
}

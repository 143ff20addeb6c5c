/** What the tests of the http configuration share. */
import type { TestContext } from 'node:test'
import type { Module } from '../../host/module.ts'
import type { CoreLocConf, CoreMainConf, CoreSrvConf } from '../../host/http/core/conf.ts'
import { httpModule } from '../../host/http/block.ts'
import { coreIndex } from '../../host/http/core/confs.ts'
import { httpCoreModule } from '../../host/http/core/module.ts'
import { build } from './conf-support.ts'
import type { Result, Setup } from './conf-support.ts'

/** A built http{} with the core module's confs. */
export interface HttpResult extends Result {
  readonly main: CoreMainConf
  readonly servers: CoreSrvConf[]
  /** The location that a URI finds in the first server, or the server's own. */
  readonly at: (uri: string) => CoreLocConf
}

/** Builds `events {}` and `http { TEXT }` with the core http module and `modules`. The text begins on line 3. */
export function buildHttp(t: TestContext, text: string, setup: Setup = {}): HttpResult {
  const modules: Module[] = [httpModule, httpCoreModule, ...setup.modules ?? []]
  const result = build(t, `events {}\nhttp {\n${text}\n}\n`, { ...setup, modules })
  const main = result.cycle.http!.main[coreIndex(result.cycle)] as CoreMainConf
  const at = (uri: string): CoreLocConf => {
    const { location } = main.servers[0]!
    return location.locations?.find(uri, { captures: null } as never) ?? location
  }
  return { ...result, main, servers: main.servers, at }
}

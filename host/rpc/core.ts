/** The commands about the server itself. They run in the master; `local` ones answer in whichever thread is asked. */
import { arch, platform } from 'node:process'
import { levelNames } from '../core/log.ts'
import { suggest } from '../core/suggest.ts'
import { version } from '../core/version.ts'
import type { Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import { optionalFlag, optionalText, param, textParam } from './params.ts'
import type { PluginFacts } from '../wasm/plugins.ts'
import type { ServerControl } from './server.ts'

/** What `core.version` answers: Kamailio's form, `NAME VERSION (ARCH/SYSTEM)`. */
export const versionText = `vespid ${version} (${arch}/${platform})`

const names: readonly string[] = levelNames.slice(1)

/** The commands of group `core` but `core.version`. */
export function coreCommands(server: ServerControl): Command[] {
  return [{
    name: 'worker.list',
    usage: 'worker.list: the threads of the server with their role, configuration, requests and connections',
    effect: 'read',
    run: () => server.threads(),
  }, {
    name: 'core.reload',
    usage: 'core.reload: read the configuration anew and take it into use; a mistake changes nothing and is answered',
    effect: 'write',
    run: () => server.reload(),
  }, {
    name: 'core.shutdown',
    usage: 'core.shutdown [GRACEFUL]: end the server, after the requests in progress (true, the default) or at once (false)',
    effect: 'write',
    run(params) {
      const graceful = optionalFlag(params, 0, 'graceful') ?? true
      server.shutdown(graceful)
      return graceful ? 'shutting down' : 'exiting'
    },
  }, {
    name: 'core.reopen',
    usage: 'core.reopen: open the log files again, after a rotation',
    effect: 'write',
    async run() {
      await server.reopen()
      return 'reopened'
    },
  }, {
    name: 'core.log_level',
    usage: `core.log_level [LEVEL]: tell or set the level of the main error log until the next reload: ${names.join(' ')}`,
    effect: 'write',
    run(params) {
      const level = optionalText(params, 0, 'level')
      if (level !== undefined && !names.includes(level)) {
        const meant = suggest(level, names)
        throw new RpcError(RpcCode.Failed, `invalid log level "${level}"`, { note: meant === null ? `it may be ${names.join(', ')}` : `did you mean "${meant}"?` })
      }
      return server.logLevel(level)
    },
  }, {
    name: 'core.restart_worker',
    usage: 'core.restart_worker THREAD: end a worker that hangs, with its requests, and replace it; worker.list lists the threads',
    effect: 'write',
    run(params) {
      const thread = Number(textParam(params, 0, 'thread'))
      if (!server.restartWorker(thread)) throw new RpcError(RpcCode.Failed, `no worker with thread ${param(params, 0, 'thread')}`)
      return 'restarted'
    },
  }]
}

/** `core.version`, which every thread answers itself. */
export const versionCommand: Command = {
  name: 'core.version',
  usage: 'core.version: the name and version of the server',
  effect: 'read',
  run: () => versionText,
}

/** What a plugin registers, and how it is doing in each worker; its timers, whose numbers are those of all workers, once. */
async function shown(facts: PluginFacts, server: ServerControl): Promise<unknown> {
  const timers = new Map<unknown, unknown>()
  const workers = (await server.reports(facts.name)).map(({ timers: own, ...rest }) => {
    for (const timer of (own ?? []) as { name: string }[]) timers.set(timer.name, timer)
    return rest
  })
  return { ...facts, ...(timers.size === 0 ? {} : { timers: [...timers.values()] }), workers }
}

/** The commands of group `plugin`. */
export function pluginCommands(server: ServerControl): Command[] {
  const find = (params: unknown) => {
    const name = textParam(params, 0, 'name')
    const plugins = server.plugins()
    const found = plugins.find((plugin) => plugin.name === name)
    if (found !== undefined) return found
    const meant = suggest(name, plugins.map((plugin) => plugin.name))
    throw new RpcError(RpcCode.Failed, `no plugin "${name}" is loaded`, meant === null ? undefined : { suggestion: meant })
  }
  return [{
    name: 'plugin.list',
    usage: 'plugin.list: the loaded plugins with their file and size, and their faults when there were any',
    effect: 'read',
    run: () => server.plugins().map(({ name, file, size, abi, faults }) => ({ name, file, size, abi, ...faults })),
  }, {
    name: 'plugin.show',
    usage: 'plugin.show NAME: what a plugin registers',
    effect: 'read',
    run: (params) => shown(find(params), server),
  }, {
    name: 'plugin.load',
    usage: 'plugin.load FILE: load a plugin file (absolute, or relative to the prefix) besides those of the configuration, until the next core.reload',
    effect: 'write',
    run: (params) => server.loadPlugin(textParam(params, 0, 'file')),
  }, {
    name: 'plugin.reload',
    usage: 'plugin.reload NAME: read the file of one plugin anew and replace it; a mistake changes nothing and is answered',
    effect: 'write',
    run: (params) => server.reloadPlugin(find(params).name),
  }, {
    name: 'plugin.unload',
    usage: 'plugin.unload NAME: go on without a plugin, until it is loaded again or the next core.reload; refused while the configuration uses it',
    effect: 'write',
    run: (params) => server.unloadPlugin(find(params).name),
  }]
}

/** The commands of group `http`. */
export function httpCommands(server: ServerControl): Command[] {
  return [{
    name: 'http.explain',
    usage: 'http.explain [METHOD] TARGET [HOST] [LISTEN]: which server, location and steps a request would take',
    effect: 'read',
    run(params) {
      const given = Array.isArray(params) ? [...params] : null
      if (given !== null && typeof given[0] === 'string' && given[0].startsWith('/')) given.unshift('GET')
      const words = given ?? params
      const method = optionalText(words, 0, 'method') ?? 'GET'
      const target = textParam(words, 1, 'target')
      if (!target.startsWith('/')) throw new RpcError(RpcCode.InvalidParams, `parameter "target" must begin with "/", not "${target}"`)
      return server.explain(method, target, { host: optionalText(words, 2, 'host') ?? '', listen: optionalText(words, 3, 'listen') ?? '' })
    },
  }]
}

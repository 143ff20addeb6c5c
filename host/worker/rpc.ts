import { Level } from '../core/log.ts'
import type { Cycle } from '../cycle.ts'
import type { CallContext, Command } from '../rpc/command.ts'
import { coreCommands, httpCommands, pluginCommands, versionCommand } from '../rpc/core.ts'
import { readDialect } from '../rpc/dialect.ts'
import { serveDocument } from '../rpc/documents.ts'
import { dispatch } from '../rpc/jsonrpc.ts'
import { localCommands } from '../rpc/local.ts'
import { metricCommands } from '../rpc/metrics.ts'
import { processCommands } from '../rpc/process.ts'
import { statisticsCommands } from '../rpc/statistics.ts'
import { zoneCommands } from '../rpc/zones.ts'
import { scriptCommands } from '../modules/script/rpc.ts'
import { Registry, unknownCommand } from '../rpc/registry.ts'
import type { ServerControl } from '../rpc/server.ts'
import type { Services } from '../wasm/services.ts'

/** Runs a command about the whole server, wherever the server's control is. */
export type ServerCall = (method: string, params: unknown, context: CallContext) => unknown

/** The commands about the whole server, as `server` carries them out. */
export function serverCommands(server: ServerControl): Command[] {
  return [...coreCommands(server), ...processCommands(server), ...pluginCommands(server), ...httpCommands(server), ...zoneCommands(server)]
}

/** The commands that a serving thread answers itself: from memory that all threads share, or from its configuration. */
export function threadCommands(cycle: Cycle): Command[] {
  return [versionCommand, ...localCommands(() => cycle), ...statisticsCommands(() => cycle), ...metricCommands(() => cycle), ...scriptCommands(cycle)]
}

/** The commands that can be called in one serving thread: its modules' own, and those about the server, which `server` is asked to run. */
export class ThreadRpc {
  readonly #server: ServerCall
  #cycle: Cycle | null = null
  readonly #onFault = (name: string, error: unknown): void => this.#fault(name, error)
  #registry = new Registry()

  constructor(server: ServerCall) {
    this.#server = server
  }

  /** What plugins of this thread may ask of the commands. */
  readonly services: Services = {
    call: (method, params, context) => this.run(method, params, context),
    dispatch: (document, context, start, end) => dispatch(this.#registry, document, context, this.#onFault, start, end),
    serve: (document, context, dialect, start, end) => serveDocument(this.#registry, document, context, readDialect(dialect), this.#onFault, start, end),
    log: (level, message) => this.#cycle?.log.write(level as Level, message),
  }

  /** Takes a committed cycle: from now on its modules' commands are called. */
  use(cycle: Cycle): void {
    const registry = moduleRegistry(cycle)
    registry.add(threadCommands(cycle), 'core')
    // Only names, usage and effect are read of these; what they do happens where the server's control is.
    const forward = serverCommands({} as ServerControl).map((command) => ({
      ...command, run: (params: unknown, context: CallContext) => this.#server(command.name, params, context),
    }))
    registry.add(forward, 'core')
    this.#registry = registry
    this.#cycle = cycle
  }

  /** Runs one command; throws or rejects with RpcError. */
  run(method: string, params: unknown, context: CallContext): unknown {
    const command = this.#registry.find(method)
    if (command === undefined) throw unknownCommand(this.#registry, method)
    return command.run(params, context)
  }

  #fault(name: string, error: unknown): void {
    this.#cycle?.log.write(Level.error, `command "${name}" failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A registry with the commands that a cycle's modules bring; throws RpcError when two bring the same. */
export function moduleRegistry(cycle: Cycle): Registry {
  const registry = new Registry()
  for (const module of cycle.modules) if (module.commands !== undefined) registry.add(module.commands, module.name)
  return registry
}

import type { Cycle } from '../cycle.ts'
import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import type { CallContext, Command } from '../rpc/command.ts'
import { versionCommand } from '../rpc/core.ts'
import { Registry } from '../rpc/registry.ts'
import type { ServerControl } from '../rpc/server.ts'
import { moduleRegistry, serverCommands, threadCommands } from '../worker/rpc.ts'

/**
 * What can be called through the master: the commands about the server, and those of the cycle's modules, which run where requests are
 * served (`crew`), because that is where their state is. Throws RpcError when two modules bring the same command.
 */
export function masterRegistry(cycle: Cycle, server: ServerControl, log: () => Log,
                               crew: (method: string, params: unknown, context: CallContext) => unknown): Registry {
  const registry = new Registry()
  registry.add([versionCommand, ...serverCommands(server).map((command) => logged(command, log))], 'core')
  const modules = moduleRegistry(cycle)
  modules.add(threadCommands(cycle).filter(({ name }) => registry.find(name) === undefined), 'core')
  for (const name of modules.names()) {
    const command = modules.find(name)!
    if (registry.find(name) !== undefined && modules.ownerOf(name) === 'system') continue
    registry.add([{ ...command, run: (params, context) => crew(name, params, context) }], modules.ownerOf(name)!)
  }
  return registry
}

/** Who changes the server stands in the log. */
function logged(command: Command, log: () => Log): Command {
  if (command.effect === 'read') return command
  return {
    ...command,
    run(params, context) {
      log().write(Level.notice, `command "${command.name}" called by ${context.caller}`)
      return command.run(params, context)
    },
  }
}

import { suggest } from '../core/suggest.ts'
import type { Command } from './command.ts'
import { RpcCode, RpcError } from './command.ts'
import { param } from './params.ts'

/**
 * The commands that may be called, by name. Every transport of a thread calls through one registry; a reload builds the next one and
 * swaps, as with everything else of a cycle.
 */
export class Registry {
  readonly #commands = new Map<string, { command: Command, owner: string }>()

  constructor() {
    this.add(systemCommands(this), 'system')
  }

  /** Adds the commands of a module; throws RpcError when a name is taken or is none (`group.verb`, letters, digits, `_`). */
  add(commands: readonly Command[], owner: string): void {
    for (const command of commands) {
      const taken = this.#commands.get(command.name)
      if (taken !== undefined) {
        throw new RpcError(RpcCode.Failed, `command "${command.name}" of "${owner}" is already registered by "${taken.owner}"`)
      }
      if (!/^[\w-]+(\.[\w-]+)+$/.test(command.name)) {
        throw new RpcError(RpcCode.Failed, `invalid command name "${command.name}" of "${owner}", it must be like "group.verb"`)
      }
      this.#commands.set(command.name, { command, owner })
    }
  }

  find(name: string): Command | undefined {
    return this.#commands.get(name)?.command
  }

  /** The module that brought a command. */
  ownerOf(name: string): string | undefined {
    return this.#commands.get(name)?.owner
  }

  /** All names, sorted bytewise (Kamailio's system.listMethods). */
  names(): string[] {
    return [...this.#commands.keys()].sort()
  }

  /** Every command with its usage and effect, sorted by name: what `vespid rpc` and a console list. */
  list(): (Pick<Command, 'name' | 'usage' | 'effect' | 'array' | 'parameters'> & { owner: string })[] {
    return this.names().map((name) => {
      const { command: { usage, effect, array, parameters }, owner } = this.#commands.get(name)!
      return { name, usage, effect, owner, ...(array === true ? { array } : {}), ...(parameters === undefined ? {} : { parameters }) }
    })
  }
}

/** The error for a name that no command has: −32601, with the name that was probably meant in `data.suggestion`. */
export function unknownCommand(registry: Registry, name: string): RpcError {
  const meant = suggest(name, registry.names())
  return new RpcError(RpcCode.MethodNotFound, 'Method not found', meant === null ? undefined : { suggestion: meant })
}

function systemCommands(registry: Registry): Command[] {
  return [{
    name: 'system.listMethods',
    usage: 'system.listMethods: the names of all commands',
    effect: 'read',
    array: true,
    run: () => registry.names(),
  }, {
    name: 'system.methodHelp',
    usage: 'system.methodHelp COMMAND: the usage of a command',
    effect: 'read',
    parameters: [{ name: 'command', type: 'string' }],
    run(params) {
      const name = param(params, 0, 'command')
      if (typeof name !== 'string') throw new RpcError(400, 'Method Name Expected')
      const command = registry.find(name)
      if (command === undefined) {
        const meant = suggest(name, registry.names())
        throw new RpcError(400, 'command not found', meant === null ? undefined : { suggestion: meant })
      }
      return command.usage
    },
  }, {
    name: 'system.methodSignature',
    usage: 'system.methodSignature COMMAND: not known, as with Kamailio',
    effect: 'read',
    run() {
      throw new RpcError(500, 'Not Implemented Yet')
    },
  }, {
    name: 'system.describe',
    usage: 'system.describe: every command with its usage, its effect (read or write) and the module that brings it',
    effect: 'read',
    run: () => registry.list(),
  }]
}

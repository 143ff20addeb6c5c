/** What only a Kamailio file needs of the server; two modules that are made for one configuration. In the host because they are its reader. */
import { PluginError } from '../../core/errors.ts'
import type { Module } from '../../module.ts'
import { Args, Phase, Where } from '../../module.ts'
import type { ScriptFile } from '../../script/ast.ts'
import { missingModule, scriptModules } from '../../script/modules.ts'
import { enterScript } from '../script/enter.ts'

/** Names of directives that no text can spell as a word: they stand in made statements only. */
export const internal = { loadModule: 'loadmodule ', routes: 'routes ', server: 'server ' } as const

/** Closes a connection without an answer (nginx.md, status 444). */
const CLOSE = 444

interface ServerFlag { on: boolean }

/** The modules for one file. */
export function kamailioModules(file: ScriptFile): readonly Module[] {
  return [
    {
      name: 'kamailio_modules',
      type: 'core',
      directives: [{
        name: internal.loadModule, where: Where.Main, args: Args.Take1, conf: 'core',
        set(cf) {
          const name = cf.args[1]!
          const { kind, modules } = shipped(name, cf.cycle.plugins)
          if (modules !== null) return cf.addModules(modules)
          if (kind === 'builtin' || kind === 'ignored') return
          const { message, note } = missingModule(name)
          return cf.fail(message, 0, note ?? undefined)
        },
      }],
    },
    {
      name: 'kamailio_file',
      // Of the content handlers it comes after those of plugins and scripts, and before those that would serve files.
      order: 95,
      directives: [
        { name: internal.routes, where: Where.Http, args: Args.None, conf: 'main', set: (cf) => enterScript(cf, file) },
        { name: internal.server, where: Where.Server, args: Args.None, conf: 'loc', set(_cf, _directive, conf: ServerFlag) { conf.on = true } },
      ],
      createLocConf: (): ServerFlag => ({ on: false }),
      // A request that no event route takes is dropped; Kamailio leaves its connection open for its lifetime.
      phases: [{ phase: Phase.Content, active: (conf: ServerFlag) => conf.on, handler: () => CLOSE }],
    },
  ]
}

interface Plugins {
  loadFor(what: string): Module[] | null
}

/** The modules of the plugin that bears the name, when one is shipped and not loaded yet. */
function shipped(name: string, plugins: Plugins): { kind: string | undefined, modules: Module[] | null } {
  const kind = scriptModules.get(name)
  try {
    return { kind, modules: plugins.loadFor(`modparam ${name}`) }
  } catch (error) {
    if (error instanceof PluginError && (kind === 'builtin' || kind === 'ignored')) return { kind, modules: null }
    throw error
  }
}

/**
 * Routing scripts in the configuration: `route[NAME] { … }`, `event_route[MODULE:EVENT] { … }`, `route NAME [PHASE];`,
 * `modparam`. In the host because the language is the configuration's own: its blocks are read while the
 * configuration is, and it calls functions of every plugin.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import type { ScriptState } from './state.ts'
import type { Module, PhaseHandler } from '../../module.ts'
import { Args, Phase, Where } from '../../module.ts'
import { bindAll, mergePlaces } from './bind.ts'
import { routeDirectives } from './blocks.ts'
import { ScriptLocConf, ScriptMainConf } from './conf.ts'
import { modparamDirective } from './modparam.ts'
import { addOwnServers } from './own.ts'
import { runEvents } from './run.ts'
import { resolveSelects } from './selects.ts'

function handlerOf(phase: Phase): PhaseHandler<ScriptLocConf> {
  return {
    phase, active: (conf) => conf.bound[phase] !== undefined,
    handler: (r, conf) => {
      const route = conf.bound[phase]!
      return conf.needsBody && phase !== Phase.Log ? route.withBody(r) : route.run(r)
    },
  }
}

/** The module `script`. */
export const scriptModule: Module = {
  name: 'script',
  createMainConf: () => new ScriptMainConf(),
  createLocConf(cf) {
    const main = scriptMain(cf)
    const conf = new ScriptLocConf(main)
    main.places.push(conf)
    return conf
  },
  mergeLocConf(_cf, parent: ScriptLocConf, child: ScriptLocConf) { mergePlaces(parent, child) },
  resolveNames(cf) { resolveSelects(cf, scriptMain(cf)) },
  addServers(cf) { addOwnServers(cf, scriptMain(cf), cf.cycle.indexOf(scriptModule)) },
  postconfiguration(cf) { bindAll(cf, scriptMain(cf)) },
  initProcess(cycle) { scriptState(cycle)?.begin() },
  directives: [
    ...routeDirectives,
    { name: 'modparam', where: Where.Http, args: Args.Take3, conf: 'main', set: modparamDirective0 },
  ],
  absent: (name) => (name.startsWith('modparam(') ? 'in this syntax it is written: modparam MODULE NAME VALUE;' : null),
  phases: [
    ...[Phase.PostRead, Phase.ServerRewrite, Phase.Rewrite, Phase.Preaccess, Phase.Access, Phase.Precontent, Phase.Log].map(handlerOf),
    { phase: Phase.Content, active: (conf) => conf.events.length > 0, handler: (r, conf: ScriptLocConf) => runEvents(r, conf.events, conf.strict) },
  ],
}

function modparamDirective0(cf: Cf, _directive: unknown, main: ScriptMainConf): void { modparamDirective(cf, main) }

/** The state of a cycle's scripts; null without scripts. */
export function scriptState(cycle: Cycle): ScriptState | null {
  const main = cycle.http?.main[cycle.indexOf(scriptModule)] as ScriptMainConf | undefined
  return main?.state ?? null
}

/** The main conf of a cycle that is being read. */
export function scriptMain(cf: Cf): ScriptMainConf {
  return cf.http!.main[cf.cycle.indexOf(scriptModule)] as ScriptMainConf
}

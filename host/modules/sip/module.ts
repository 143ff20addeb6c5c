/**
 * SIP: `sip { listen udp:…; request_route { … } }` in http{}, and what the routing language does with SIP messages. In the host because it owns sockets; who
 * is registered where is a plugin's (usrloc, registrar).
 */
import type { Cf } from '../../conf/cf.ts'
import type { Directive, Module } from '../../module.ts'
import type { ScriptLocConf } from '../script/conf.ts'
import type { RouteBlock } from '../../script/ast.ts'
import { setMsec, setSize } from '../../conf/setters.ts'
import { ConfigError } from '../../core/errors.ts'
import { Args, Where } from '../../module.ts'
import { mergePlaces } from '../script/bind.ts'
import { scriptMain, scriptModule } from '../script/module.ts'
import { SipConf } from './conf.ts'
import { sipFunctions, transactionFunctions } from './functions.ts'
import { setListen } from './listen.ts'
import { SipServing, secretZone } from './main.ts'
import { sipPseudoVariables } from './variables.ts'

/** Plugins that keep their state in one zone of their own, which they are given: `zone usrloc SIZE …;` makes it larger or durable. */
const locationPlugins = ['usrloc', 'registrar']
const locationZone = 'usrloc'
const locationSize = 32 << 20

function setSip(cf: Cf, _directive: Directive, conf: SipConf): string | void {
  if (conf.place !== null) return 'is duplicate'
  conf.place = cf.place
  const http = cf.httpConfs('loc', cf.http!)
  conf.routes = http.loc[cf.cycle.indexOf(scriptModule)] as ScriptLocConf
  if (!cf.block(Where.Sip, http)) return
  // Whoever registers users wants to see them: the commands and statistics are usrloc's.
  if (cf.cycle.modules.some(({ name }) => name === 'registrar')) cf.addModules(cf.cycle.plugins.loadFor('modparam usrloc') ?? [])
  if (conf.listens.length === 0) cf.report(new ConfigError('no "listen" in the sip block', conf.place, 'add "listen udp:127.0.0.1:5060;"'))
}

function setAlias(cf: Cf, _directive: Directive, conf: SipConf): void {
  for (const name of cf.args.slice(1)) conf.aliases.add(name.toLowerCase())
}

const inSip = { where: Where.Sip, conf: 'main' } as const

/** The module `sip`. */
export const sipModule: Module = {
  name: 'sip',
  directives: [
    { name: 'sip', where: Where.Http, args: Args.Block | Args.None, conf: 'main', set: setSip },
    { ...inSip, name: 'listen', args: Args.Take123, set: (cf, _, conf: SipConf) => setListen(cf, conf) },
    { ...inSip, name: 'alias', args: Args.OneOrMore, set: setAlias },
    { ...inSip, name: 'max_message_size', args: Args.Take1, set: setSize, field: 'maxMessage' },
    { ...inSip, name: 'idle_timeout', args: Args.Take1, set: setMsec, field: 'idleTimeout' },
    { ...inSip, name: 'message_timeout', args: Args.Take1, set: setMsec, field: 'messageTimeout' },
  ],
  functions: sipFunctions,
  pseudoVariables: sipPseudoVariables,
  createMainConf: () => new SipConf(),
  initMainConf(cf, conf: SipConf) {
    if (conf.routes !== null) mergePlaces(cf.http!.loc[cf.cycle.indexOf(scriptModule)] as ScriptLocConf, conf.routes)
  },
  // Behind the script module's, which has compiled the routes by then.
  postconfiguration(cf) {
    grantLocations(cf)
    complete(cf, cf.http!.main[cf.cycle.indexOf(sipModule)] as SipConf)
  },
}

function complete(cf: Cf, conf: SipConf): void {
  const { routes } = conf
  if (routes === null || cf.cycle.problems.some(({ level }) => level === 'emerg')) return
  const program = routes.table?.program ?? null
  const request = program?.others.get('request_route ') ?? null
  if (program === null || request === null) {
    cf.report(new ConfigError('no "request_route" for the sip block', conf.place, 'add request_route { … } to it'))
    return
  }
  warnOfTransactions(cf, routes.table!.blocks.values())
  const reply = program.others.get('onreply_route ') ?? program.others.get('reply_route ') ?? null
  cf.cycle.sip = new SipServing(conf, { program, request, reply }, secretZone(cf), scriptMain(cf).serverLine)
}

/** The zone of the location plugins, when they are loaded. */
function grantLocations({ cycle }: Cf): void {
  const loaded = locationPlugins.filter((name) => cycle.modules.some((module) => module.name === name))
  if (loaded.length === 0) return
  const zone = cycle.zones.get(locationZone) ?? cycle.zones.add(locationZone, locationSize, 'zone')
  zone.settings ??= { evict: false, file: null, sync: 1000 }
  for (const name of loaded) cycle.grants.add(name, 'zone', locationZone)
}

function warnOfTransactions(cf: Cf, blocks: Iterable<RouteBlock>): void {
  const told = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (value === null || typeof value !== 'object') return
    const node = value as Record<string, unknown>
    if (node.kind === 'call' && transactionFunctions.has(node.name as string) && !told.has(node.name as string)) {
      told.add(node.name as string)
      const note = (node.name as string).startsWith('t_relay') ? 'the request is sent on without keeping it: no retransmissions, no forking' : 'it has nothing to do'
      cf.cycle.problems.push({ level: 'warn', error: new ConfigError(`"${node.name as string}": there are no SIP transactions`, node.place as RouteBlock['place'], note) })
    }
    for (const key in node) if (key !== 'place') visit(node[key])
  }
  for (const block of blocks) visit(block.body)
}

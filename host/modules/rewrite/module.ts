/**
 * set, if, return, rewrite, break (nginx.md §4). A host module because it decides which configuration a request runs in, before
 * any plugin of that configuration is known.
 */
import type { Answer, Module } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import { Args, DECLINED, Phase, Where } from '../../module.ts'
import { setFlag } from '../../conf/setters.ts'
import { mergeValues } from '../../conf/merge.ts'
import { moduleOrder } from '../order.ts'
import { RewriteConf, setBreak, setIf, setReturn, setRewrite, setSet } from './directives.ts'
import { ReturnStatement, runProgram } from './program.ts'

const inside = Where.Server | Where.ServerIf | Where.Location | Where.LocationIf
const anywhere = inside | Where.Http

function hasProgram(conf: RewriteConf): boolean {
  return conf.statements !== null
}

function runServer(r: Request, conf: RewriteConf): Answer {
  return conf.only !== null ? conf.only.run(r) : runProgram(conf.statements!, r, conf.log!)
}

function runLocation(r: Request, conf: RewriteConf): Answer {
  // The server's own conf ran in the phase before; here it stands for "no location matched".
  if (r.location === r.server.location) return DECLINED
  return conf.only !== null ? conf.only.run(r) : runProgram(conf.statements!, r, conf.log!)
}

/** The rewrite module. */
export const rewriteModule: Module = {
  name: 'rewrite',
  order: moduleOrder.rewrite,
  createLocConf: () => new RewriteConf(),
  mergeLocConf(_cf: Cf, parent: RewriteConf, child: RewriteConf) {
    mergeValues(parent, child, { log: false, warn: true })
    const first = child.statements?.[0]
    if (first instanceof ReturnStatement) child.only = first
  },
  directives: [
    { name: 'rewrite', where: inside, args: Args.Take23, conf: 'loc', set: setRewrite },
    { name: 'return', where: inside, args: Args.Take12, conf: 'loc', set: setReturn },
    { name: 'break', where: inside, args: Args.None, conf: 'loc', set: setBreak },
    {
      name: 'if', where: Where.Server | Where.Location, args: Args.Block | Args.OneOrMore, conf: 'loc',
      set: (cf, directive, conf) => setIf(cf, directive, conf, () => cf.cycle.indexOf(rewriteModule)),
    },
    {
      name: 'set', where: inside, args: Args.Take2, conf: 'loc',
      set: (cf, directive, conf) => setSet(cf, directive, conf, () => cf.cycle.indexOf(rewriteModule)),
    },
    { name: 'rewrite_log', where: anywhere, args: Args.Flag, conf: 'loc', field: 'log', set: setFlag },
    { name: 'uninitialized_variable_warn', where: anywhere, args: Args.Flag, conf: 'loc', field: 'warn', set: setFlag },
  ],
  phases: [
    { phase: Phase.ServerRewrite, handler: runServer, active: hasProgram },
    { phase: Phase.Rewrite, handler: runLocation, active: hasProgram },
  ],
}

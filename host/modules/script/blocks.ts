/** The directives that hold routes, and those that use them. */
import type { Cf } from '../../conf/cf.ts'
import type { RouteBlock, RouteKind } from '../../script/ast.ts'
import type { Directive } from '../../module.ts'
import type { BoundRoute } from './run.ts'
import type { ScriptLocConf } from './conf.ts'
import type { Request } from '../../http/request.ts'
import type { Answer } from '../../module.ts'
import { ConfigError } from '../../core/errors.ts'
import { suggest } from '../../core/suggest.ts'
import { coreLoc } from '../../http/core/confs.ts'
import { Args, Phase, Where } from '../../module.ts'
import { opener, readerOf } from '../../script/include.ts'
import { parseRouteText } from '../../script/parse.ts'
import { keyOf } from './conf.ts'
import { loadNeeded } from './needs.ts'

const everywhere = Where.Http | Where.Server | Where.Location
/** Where blocks may stand. */
const blocks = everywhere | Where.Sip
const kinds: readonly RouteKind[] = [
  'route', 'request_route', 'event_route', 'reply_route', 'onreply_route', 'failure_route', 'branch_route', 'onsend_route',
]

/** What `route NAME PHASE;` may say. */
const phaseNames: Readonly<Record<string, Phase>> = {
  post_read: Phase.PostRead, server_rewrite: Phase.ServerRewrite, rewrite: Phase.Rewrite, preaccess: Phase.Preaccess, access: Phase.Access,
  precontent: Phase.Precontent, content: Phase.Content, log: Phase.Log,
}

/** A block as messages name it: `event_route[xhttp:request]`. */
export function nameOf({ kind, name }: Pick<RouteBlock, 'kind' | 'name'>): string {
  return name === '' ? kind : `${kind}[${name}]`
}

/** Takes a route block into a place; a second one of its name is a mistake. */
export function addRoute(cf: Cf, conf: ScriptLocConf, block: RouteBlock): void {
  const key = keyOf(block.kind, block.name)
  if (conf.own.has(key)) {
    cf.report(new ConfigError(`duplicate ${nameOf(block)}`, block.place))
    return
  }
  conf.own.set(key, block)
  loadNeeded(cf, [block])
}

/** `KIND[NAME] { … }` */
function setBlock(cf: Cf, _directive: Directive, conf: ScriptLocConf): void {
  const [, word, name] = /^(\w+)(?:\[(.*)\])?$/s.exec(cf.args[0]!)!
  const kind = word as RouteKind
  if (kind === 'event_route' && (name === undefined || !name.includes(':'))) {
    cf.fail('event_route has no name', 0, 'write event_route[MODULE:EVENT], as in event_route[xhttp:request]')
  }
  const place = cf.place!
  const { text, place: begin } = cf.rawBlock()
  const { options, files } = cf.cycle
  const { body, problems } = parseRouteText(text, begin, { open: opener(cf.fullName('', 'conf'), readerOf(options.snapshot), files), env: process.env })
  for (const problem of problems) {
    if (problem.level === 'emerg') cf.report(problem.error)
    else cf.cycle.problems.push(problem)
  }
  addRoute(cf, conf, { kind, name: name ?? '', place, body })
}

/** `route NAME [PHASE];` */
function setRoute(cf: Cf, _directive: Directive, conf: ScriptLocConf): string | void {
  const [, name, word = 'content'] = cf.args as [string, string, string | undefined]
  const phase = phaseNames[word]
  if (phase === undefined) {
    const near = suggest(word, Object.keys(phaseNames))
    return cf.fail(`unknown phase "${word}"`, 2, near === null ? `it may be ${Object.keys(phaseNames).join(', ')}` : `did you mean "${near}"?`)
  }
  const use = { name, place: cf.places[1] ?? cf.place }
  if (phase !== Phase.Content) {
    if (conf.phases.has(phase)) return 'is duplicate'
    conf.phases.set(phase, use)
    return
  }
  if (cf.where !== Where.Location) {
    const note = `as content handler it stands in a location; of a phase: "route ${name} access;"`
    return cf.fail('"route" directive is not allowed here', 0, note)
  }
  if (conf.content !== null) return 'is duplicate'
  conf.content = use
  const location = coreLoc(cf)
  location.handler = runContent
  location.handlerConf = conf
}

function runContent(r: Request, conf: ScriptLocConf): Answer {
  return (conf.bound[Phase.Content] as BoundRoute).withBody(r)
}

/** Of one name the directive without a block comes first: `route NAME;` and `route[NAME] { … }`. */
export const routeDirectives: readonly Directive[] = [
  { name: 'route', where: everywhere, args: Args.Take12, conf: 'loc', set: setRoute },
  ...kinds.map((name): Directive => ({ name, where: blocks, args: Args.Block | Args.None, conf: 'loc', set: setBlock, raw: true })),
]

import type { Answer, HeaderFilter, Module, PhaseHandler, Verdict } from '../module.ts'
import type { Cycle } from '../cycle.ts'
import type { Request } from './request.ts'
import type { CoreLocConf } from './core/conf.ts'
import { DECLINED, DONE, OK, AGAIN, Phase } from '../module.ts'
import { Level } from '../core/log.ts'
import { findConfig } from './findconfig.ts'
import type { HookLists } from './hooks/lists.ts'
import type { HookPlan } from './hooks/plan.ts'
import { addHooksBefore, addHooksBehind, hookLists, logHooks } from './hooks/steps.ts'
import { collectDemand, compileFilters } from './filters.ts'

/**
 * One entry of a location's flattened phase engine (nginx.md §3.1). `check` is the phase's rule: it runs the handler, decides where
 * to go on, and returns whether to go on at once.
 */
export interface Step {
  readonly check: (r: Request, step: Step) => boolean
  readonly handler: PhaseHandler['handler'] | null
  readonly conf: unknown
  readonly phase: Phase
  /** Index of the first step of the following phase. */
  next: number
  /** The phase handler this step was made from, to find the same place in another location's list; null for the engine's own. */
  readonly source: PhaseHandler | null
  /** The handler's place among all handlers of its phase, whether or not a location uses them. */
  readonly rank: number
  /** Name of the module, for `http.explain`. */
  readonly module: string
  /** The hook whose handler it runs; '' for the phase's own. */
  readonly hook: string
}

/** A location's steps with the entry points that redirects use. */
export class StepList {
  readonly steps: Step[] = []
  /** First step of SERVER_REWRITE: where an internal redirect starts. */
  serverRewrite = 0
  findConfig = 0
  /** First step of REWRITE: where a named location starts. */
  rewrite = 0
  /** LOG handlers in registration order with their confs. */
  readonly log: { handler: PhaseHandler['handler'], conf: unknown }[] = []
  /** The step behind the access handlers: where consent goes on. */
  postAccess = 0
  /** Hooks that run at moments of their own; null without any. */
  hooks: HookLists | null = null
}

/**
 * Runs a request's steps until one has to wait or the request is over (ngx_http_core_run_phases). Synchronous: a handler that waits
 * returned a promise, and whoever settles it calls this again.
 */
export function runPhases(r: Request): void {
  let more = true
  while (more) {
    const step = r.steps.steps[r.step]!
    more = step.check(r, step)
  }
}

/** Calls a step's handler; a promise puts the request to sleep and comes back through `decide` with the verdict. */
export function callStep(r: Request, step: Step, decide: (r: Request, step: Step, rc: Verdict) => boolean): boolean {
  let rc: Answer
  try {
    rc = step.handler!(r, step.conf)
  } catch (error) {
    return r.finalize(r.handlerFailed(error))
  }
  if (typeof rc === 'number') return decide(r, step, rc)
  r.wait(rc, (verdict) => decide(r, step, verdict))
  return false
}

/** POST_READ, PREACCESS, PRECONTENT. */
function generic(r: Request, step: Step): boolean {
  return callStep(r, step, genericVerdict)
}

function genericVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) {
    r.step++
    return true
  }
  if (rc === OK) {
    r.step = step.next
    return true
  }
  if (rc === AGAIN || rc === DONE) return r.takeRedirect()
  return r.finalize(rc)
}

/** SERVER_REWRITE and REWRITE: only DECLINED goes on. A handler may have switched the location (`if`). */
function rewrite(r: Request, step: Step): boolean {
  return callStep(r, step, rewriteVerdict)
}

function rewriteVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) {
    r.step = r.steps.steps[r.step] === step ? r.step + 1 : stepAfter(r.steps, step)
    return true
  }
  if (rc === DONE) return r.takeRedirect()
  return r.finalize(rc)
}

/**
 * Where to go on in `list` behind the step that `step` is in another list: behind the same handler, or where its list has none, before the
 * first handler of the phase that comes later in the order of registration.
 */
function stepAfter(list: StepList, step: Step): number {
  const { steps } = list
  for (let i = 0; i < steps.length; i++) {
    const other = steps[i]!
    if (other.source === step.source) return i + 1
    if (other.phase > step.phase || (other.phase === step.phase && other.rank > step.rank)) return i
  }
  return steps.length - 1
}

/** FIND_CONFIG: choose the location and take its configuration. */
function findConfigStep(r: Request, step: Step): boolean {
  const rc = findConfig(r)
  if (rc !== OK) return r.finalize(rc)
  r.step = r.steps.rewrite
  return true
}

/** POST_REWRITE: a changed URI searches its location again, ten times at most. */
function postRewrite(r: Request, step: Step): boolean {
  if (!r.uriChanged) {
    r.step++
    return true
  }
  r.uriChanges--
  if (r.uriChanges === 0) {
    r.log(Level.error, `rewrite or internal redirection cycle while processing "${r.uri}"`)
    return r.finalize(500)
  }
  r.useServerLocation()
  r.step = r.steps.findConfig
  return true
}

/** ACCESS: `satisfy all` needs every handler's consent, `satisfy any` one's; skipped for subrequests. */
function access(r: Request, step: Step): boolean {
  if (r.parent !== null) {
    r.step++
    return true
  }
  return callStep(r, step, accessVerdict)
}

function accessVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) {
    r.step++
    return true
  }
  if (rc === AGAIN || rc === DONE) return r.takeRedirect()
  if (r.location.satisfy !== 'any') {
    if (rc === OK) {
      r.step++
      return true
    }
    return r.finalize(rc)
  }
  if (rc === OK) {
    r.accessCode = 0
    r.headersOut.remove('www-authenticate')
    r.step = step.next
    return true
  }
  if (rc === 403 || rc === 401 || rc === 407) {
    if (r.accessCode !== 401 && r.accessCode !== 407) r.accessCode = rc
    r.step++
    return true
  }
  return r.finalize(rc)
}

/** POST_ACCESS: what `satisfy any` decided. */
function postAccess(r: Request, step: Step): boolean {
  const code = r.accessCode
  if (code === 0) {
    r.step++
    return true
  }
  r.accessCode = 0
  if (code === 403) r.log(Level.error, 'access forbidden by rule')
  return r.finalize(code)
}

/** CONTENT: the location's own handler alone, or the phase's handlers until one does not decline. */
function content(r: Request, step: Step): boolean {
  const handler = r.contentHandler
  if (handler !== null) return callStep(r, handler.step, contentHandlerVerdict)
  if (step.handler !== null) return callStep(r, step, contentVerdict)
  if (r.uri.endsWith('/')) {
    r.log(Level.error, `directory index of "${r.mapToPath()}" is forbidden`)
    return r.finalize(403)
  }
  r.log(Level.error, 'no handler found')
  return r.finalize(404)
}

function contentHandlerVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) {
    r.contentHandler = null
    return true
  }
  return r.finalize(rc)
}

function contentVerdict(r: Request, step: Step, rc: Verdict): boolean {
  if (rc === DECLINED) {
    r.step++
    return true
  }
  return r.finalize(rc)
}

const checks: Partial<Record<Phase, Step['check']>> = {
  [Phase.PostRead]: generic, [Phase.ServerRewrite]: rewrite, [Phase.Rewrite]: rewrite, [Phase.Preaccess]: generic,
  [Phase.Access]: access, [Phase.Precontent]: generic, [Phase.Content]: content,
}

interface Registered { readonly entry: PhaseHandler, readonly index: number, readonly module: string }

/**
 * Flattens the phase handlers and filters of every location (nginx.md §3.1, §6.1): called once when all confs are merged. A handler
 * whose `active` says no is not part of the location, so a module that a location does not use costs it nothing.
 */
export function compilePhases(cycle: Cycle, locations: Iterable<CoreLocConf>): void {
  const order = registrationOrder(cycle.modules)
  const handlers = collectHandlers(order)
  const demand = collectDemand(order)
  for (const location of locations) {
    location.steps = flatten(handlers, cycle.hooks, location)
    location.boundHandler = location.handler === null ? null : { step: contentStep(location.handler, location.handlerConf) }
    location.headerFilters = []
    location.demandFilters = demand
    compileFilters(order, location)
    // The last one installed runs first (nginx.md §6.1).
    for (let i = order.length - 1; i >= 0; i--) addHeaderFilters(order[i]!.module, order[i]!.index, location)
  }
}

interface Ordered { readonly module: Module, readonly index: number }

/** The modules in the order in which they register handlers and filters, with their conf index. */
function registrationOrder(modules: readonly Module[]): Ordered[] {
  return modules.map((module, index) => ({ module, index }))
    .sort((a, b) => (a.module.order ?? 500) - (b.module.order ?? 500) || a.index - b.index)
}

/** Handlers of each phase in run order: reverse of registration, but for LOG. */
function collectHandlers(order: readonly Ordered[]): Registered[][] {
  const byPhase: Registered[][] = Array.from({ length: Phase.Log + 1 }, () => [])
  for (const { module, index } of order) {
    for (const entry of module.phases ?? []) byPhase[entry.phase]!.push({ entry, index, module: module.name })
  }
  for (let phase = 0; phase < Phase.Log; phase++) byPhase[phase]!.reverse()
  return byPhase
}

function flatten(handlers: Registered[][], plan: HookPlan, location: CoreLocConf): StepList {
  const list = new StepList()
  for (let phase = 0 as Phase; phase < Phase.Log; phase++) {
    if (phase === Phase.ServerRewrite) list.serverRewrite = list.steps.length
    if (phase === Phase.Rewrite) list.rewrite = list.steps.length
    addHooksBefore(list, phase, plan, location)
    addPhase(list, phase as Phase, handlers[phase]!, plan, location)
  }
  for (const { entry, index } of handlers[Phase.Log]!) {
    const conf = location.confs[index]
    if (entry.active === undefined || entry.active(conf, undefined)) list.log.push({ handler: entry.handler, conf })
  }
  for (const { entry, index } of logHooks(plan, location)) list.log.push({ handler: entry.handler, conf: location.confs[index] })
  list.hooks = hookLists(plan, location)
  return list
}

function addPhase(list: StepList, phase: Phase, handlers: Registered[], plan: HookPlan, location: CoreLocConf): void {
  const { steps } = list
  const first = steps.length
  if (phase === Phase.FindConfig) {
    list.findConfig = first
    steps.push(ownStep(phase, findConfigStep))
  } else if (phase === Phase.PostRewrite) steps.push(ownStep(phase, postRewrite))
  else if (phase === Phase.PostAccess) {
    list.postAccess = first
    if (steps.some((s) => s.phase === Phase.Access)) steps.push(ownStep(phase, postAccess))
  } else {
    handlers.forEach(({ entry, index, module }, rank) => {
      const conf = location.confs[index]
      if (entry.active !== undefined && !entry.active(conf, undefined)) return
      steps.push({ check: checks[phase]!, handler: entry.handler, conf, phase, next: 0, source: entry, rank, module, hook: '' })
    })
    if (phase === Phase.Content) steps.push(ownStep(phase, content))
  }
  const end = steps.length
  addHooksBehind(list, phase, plan, location)
  // Who consents under `satisfy any` consents for the hooks behind as well; of other phases only the handlers are left.
  for (let i = first; i < end; i++) steps[i]!.next = phase === Phase.Access ? steps.length : end
}

function ownStep(phase: Phase, check: Step['check']): Step {
  return { check, handler: null, conf: null, phase, next: 0, source: null, rank: Infinity, module: 'core', hook: '' }
}

function addHeaderFilters(module: Module, index: number, location: CoreLocConf): void {
  const conf = location.confs[index]
  for (const f of (module.headerFilters ?? []) as readonly HeaderFilter[]) {
    if (f.active === undefined || f.active(conf)) location.headerFilters.push({ filter: f.filter, conf })
  }
}

/** A location's own content handler in the form the engine runs it; made once per location. */
function contentStep(handler: (r: Request, conf: any) => Answer, conf: unknown): Step {
  return { check: content, handler, conf, phase: Phase.Content, next: 0, source: null, rank: 0, module: 'content handler', hook: '' }
}

/** Runs the LOG phase: every handler, whatever it answers (nginx runs them when the request is freed). */
export function runLogPhase(r: Request): void {
  r.action = 'logging request'
  for (const { handler, conf } of r.steps.log) {
    try {
      handler(r, conf)
    } catch (error) {
      r.handlerFailed(error)
    }
  }
}


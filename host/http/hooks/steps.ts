import type { CoreLocConf } from '../core/conf.ts'
import type { Step, StepList } from '../phases.ts'
import type { BoundHook, HookLists } from './lists.ts'
import type { HookPlan, PlannedHook } from './plan.ts'
import { Phase } from '../../module.ts'
import {
  beginAccess, checkAccess, checkAccessEx, checkAuth, checkUserId, consented, forceAuthn, identified, notePassed, passedFree,
} from './access.ts'
import { hookPoint } from './points.ts'
import { all, allOfInner, allOfMain, answering, every, first, untranslated } from './verdicts.ts'

/** The handlers of a hook that are active in a location, in their order. */
function active(plan: HookPlan, name: string, location: CoreLocConf): readonly PlannedHook[] {
  return plan.of(name).filter(({ entry, index }) => entry.active === undefined || entry.active(location.confs[index]))
}

/** Adds the steps of a hook's handlers that are active in a location; returns whether there are any. */
function add(list: StepList, plan: HookPlan, location: CoreLocConf, name: string, phase: Phase, check: Step['check'], behind = false): boolean {
  const { steps } = list
  const hooks = active(plan, name, location)
  const next = steps.length + hooks.length
  for (const { entry, index, module } of hooks) {
    steps.push({
      check, handler: entry.handler, conf: location.confs[index], phase, next, source: null, rank: behind ? Infinity : -1, module, hook: name,
    })
  }
  return hooks.length > 0
}

function addOwn(list: StepList, phase: Phase, check: Step['check']): void {
  const { steps } = list
  steps.push({ check, handler: null, conf: null, phase, next: steps.length + 1, source: null, rank: -1, module: 'core', hook: '' })
}

/** Adds the hooks that run before a phase's own handlers; see `hookPoints` for their places. */
export function addHooksBefore(list: StepList, phase: Phase, plan: HookPlan, location: CoreLocConf): void {
  if (plan.points.size === 0) return
  const put = (name: string, check: Step['check']): boolean => add(list, plan, location, name, phase, check)
  switch (phase) {
    case Phase.PostRead:
      put('create_request', all)
      break
    case Phase.ServerRewrite:
      put('create_request', allOfInner)
      put('post_read_request', allOfMain)
      put('quick_handler', answering)
      put('pre_translate_name', untranslated)
      break
    case Phase.Rewrite:
      put('map_to_storage', first)
      put('post_perdir_config', all)
      put('header_parser', allOfMain)
      break
    case Phase.Access:
      if (!accessHooks.some((name) => active(plan, name, location).length > 0)) break
      addOwn(list, phase, beginAccess)
      if (put('access_checker', checkAccess) && location.satisfy === 'any') addOwn(list, phase, consented)
      break
    case Phase.Precontent:
      put('type_checker', first)
      put('fixups', all)
      break
    case Phase.Content:
      put('insert_filter', every)
      put('handler', answering)
      break
  }
}

const accessHooks = ['access_checker', 'access_checker_ex', 'force_authn', 'check_user_id', 'auth_checker']

/** Adds the hooks that run behind a phase's own handlers. */
export function addHooksBehind(list: StepList, phase: Phase, plan: HookPlan, location: CoreLocConf): void {
  if (plan.points.size === 0) return
  const put = (name: string, check: Step['check']): boolean => add(list, plan, location, name, phase, check, true)
  if (phase === Phase.ServerRewrite) put('translate_name', first)
  if (phase === Phase.Access) {
    const free = put('access_checker_ex', checkAccessEx)
    if (put('force_authn', forceAuthn) || free) addOwn(list, phase, passedFree)
    const known = put('check_user_id', checkUserId)
    if ((put('auth_checker', checkAuth) || known) && location.satisfy === 'any') addOwn(list, phase, identified)
  }
  if (phase === Phase.PostAccess && list.steps.some((step) => step.check === beginAccess)) addOwn(list, phase, notePassed)
}

/** The hooks of a location that are no steps; null when none is active there. */
export function hookLists(plan: HookPlan, location: CoreLocConf): HookLists | null {
  if (plan.points.size === 0) return null
  const bound = (name: string): BoundHook[] => active(plan, name, location).map(({ entry, index, module }) =>
    ({ handler: entry.handler, conf: location.confs[index], module }))
  const list = (name: string): BoundHook[] | null => {
    const hooks = bound(name)
    return hooks.length === 0 ? null : hooks
  }
  const own = [...plan.points.values()].filter(({ name }) => hookPoint(name) === null)
  const lists: HookLists = {
    errorFilter: list('insert_error_filter'), authFailure: list('note_auth_failure'), createConnection: list('create_connection'),
    preConnection: list('pre_connection'), processConnection: list('process_connection'), closeConnection: list('pre_close_connection'),
    own: own.length === 0 ? null : new Map(own.map(({ name }) => [name, bound(name)])),
  }
  return Object.values(lists).some((one) => one !== null) ? lists : null
}

/** The handlers of log_transaction that are active in a location. */
export function logHooks(plan: HookPlan, location: CoreLocConf): readonly PlannedHook[] {
  return active(plan, 'log_transaction', location)
}

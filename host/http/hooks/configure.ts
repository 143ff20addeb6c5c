import type { Cf } from '../../conf/cf.ts'
import type { Cycle } from '../../cycle.ts'
import type { HookHandler } from '../../module.ts'
import { DECLINED, DONE, OK } from '../../module.ts'
import { ConfigError } from '../../core/errors.ts'
import { Level } from '../../core/log.ts'
import { ends } from './kinds.ts'
import { HookPlan, planHooks } from './plan.ts'

/** Handlers of pre_config that have run for a cycle: modules that http{} itself brings run theirs later. */
const begun = new WeakMap<Cycle, Set<HookHandler>>()

/** Runs pre_config of the modules that are there before http{} is read. Mistakes in the plan are reported when it is complete. */
export function beginHooks(cf: Cf): void {
  const plan = planHooks(cf.cycle.modules, () => {})
  begun.set(cf.cycle, new Set(plan.of('pre_config').map(({ entry }) => entry)))
  runConfigHook(cf, plan, 'pre_config')
}

/**
 * All modules are known and their confs merged: makes the cycle's plan, and runs check_config, pre_config of late modules before it, test_config of -t
 * behind it.
 */
export function checkHooks(cf: Cf): void {
  const { cycle } = cf
  cycle.hooks = planHooks(cycle.modules, (error) => cf.report(error))
  const done = begun.get(cycle)
  if (!runConfigHook(cf, cycle.hooks, 'pre_config', (entry) => !done?.has(entry))) return
  if (runConfigHook(cf, cycle.hooks, 'check_config') && cycle.options.test) runConfigHook(cf, cycle.hooks, 'test_config')
}

/** The configuration is complete: open_logs, post_config, optional_fn_retrieve. */
export function completeHooks(cf: Cf): void {
  for (const name of ['open_logs', 'post_config', 'optional_fn_retrieve']) if (!runConfigHook(cf, cf.cycle.hooks, name)) return
}

/**
 * Runs a hook of the configuration: RUN_ALL, but for VOID ones, whose answers are ignored. DONE ends it, any other answer than OK and DECLINED is a mistake that
 * is reported: false.
 */
function runConfigHook(cf: Cf, plan: HookPlan, name: string, wanted: (entry: HookHandler) => boolean = () => true): boolean {
  const point = plan.points.get(name)
  if (point === undefined) return true
  for (const { entry, module } of point.hooks) {
    if (!wanted(entry)) continue
    const rc = entry.handler(cf, null)
    if (typeof rc !== 'number') throw new Error(`module "${module}" waits in hook "${name}"`)
    if (point.kind === 'void' || rc === OK || rc === DECLINED || rc === DONE) {
      if (ends(point.kind, rc)) return true
      continue
    }
    cf.report(new ConfigError(`module "${module}" refused the configuration in hook "${name}" with ${rc}`))
    return false
  }
  return true
}

/** Runs child_init or child_stopping of a cycle in this worker; what a handler throws is thrown by the first, and logged by the second. */
export function runProcessHook(cycle: Cycle, name: 'child_init' | 'child_stopping'): void {
  for (const { entry, module } of cycle.hooks.of(name)) {
    try {
      entry.handler(cycle, null)
    } catch (error) {
      const text = `hook ${name} of module "${module}" failed: ${(error as Error).message}`
      if (name === 'child_init') throw new ConfigError(text)
      cycle.log.write(Level.alert, text)
    }
  }
}

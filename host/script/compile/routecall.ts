import type { CallNode } from '../ast.ts'
import type { ScriptRoute } from '../program.ts'
import type { ScriptRun } from '../run.ts'
import type { Action } from './expression.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import { unknown } from '../library.ts'
import { LogLevel } from '../run.ts'
import { callRoute, callWaitingRoute } from '../program.ts'
import { compileFormat } from './format.ts'

/** Compiles `route(NAME)`: a name is checked at start-up, one with variables in it is looked up at each call. */
export function compileRouteCall(node: CallNode, context: CompileContext): Action {
  const nothing: Action = { run: () => -1, wait: null }
  return context.attempt(node.place, nothing, () => {
    const [arg] = node.args
    if (node.args.length !== 1 || arg === undefined) throw new ConfigError(`"route" takes one name, not ${node.args.length}`)
    const text = arg.kind === 'string' ? arg.value : arg.kind === 'int' ? String(arg.value) : arg.kind === 'pv' ? arg.source : null
    if (text === null) throw new ConfigError('"route" takes a name or a variable')
    const name = arg.kind === 'int' ? null : compileFormat(text, context)
    if (name === null || name.constant !== null) return toRoute(name?.constant ?? text, node, context)
    return toAny(name.evaluate, node, context)
  })
}

function toRoute(name: string, node: CallNode, context: CompileContext): Action {
  const route = context.routes.get(name)
  if (route === undefined) throw unknown('route', name, '', context.routes.keys())
  const { place } = node
  if (route.waits) return { run: () => -1, wait: (run) => callWaitingRoute(run, route, place) }
  return { run: (run) => callRoute(run, route, place), wait: null }
}

function toAny(name: (run: ScriptRun) => string, node: CallNode, context: CompileContext): Action {
  const { place } = node
  const find = (run: ScriptRun): ScriptRoute | null => {
    run.place = place
    const wanted = name(run)
    const route = context.routes.get(wanted)
    if (route === undefined) run.log(LogLevel.Error, `unknown route "${wanted}"`)
    return route ?? null
  }
  if ([...context.routes.values()].some(({ waits }) => waits)) {
    return {
      run: () => -1,
      wait: async (run) => {
        if (run.flow !== 0) return 0
        const route = find(run)
        return route === null ? -1 : route.waits ? callWaitingRoute(run, route, place) : callRoute(run, route, place)
      },
    }
  }
  return {
    run(run) {
      if (run.flow !== 0) return 0
      const route = find(run)
      return route === null ? -1 : callRoute(run, route, place)
    },
    wait: null,
  }
}
